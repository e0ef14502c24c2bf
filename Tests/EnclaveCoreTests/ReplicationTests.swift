import AdversarySupport
import Attestation
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import HolderSupport
import Primitives
import Testing
import WireTypes

@Suite struct `A vault's second enclave` {
    let pair: PairScene

    init() throws { pair = try PairScene() }

    /// The chain's entry of the second enclave, changed and shown to both.
    private func change(_ adjust: (inout WireEnclave) -> Void) throws {
        let key = StateKey.enclave(pair.second.enclaveID)
        var value: WireEnclave = try #require(try pair.node.value(key))
        adjust(&value)
        pair.node.write(value, at: key)
        try pair.block()
    }

    private func refusal(_ adjust: (inout WireEnclave) -> Void) throws -> String {
        let challenge = try pair.challenge()
        let offer = try pair.offer(challenge)
        try change(adjust)
        return try pair.refusal { _ = try pair.export(pair.exportCommand(offer)) }
    }

    @Test func `takes over the keys, and opens what the first has committed to`() throws {
        let grant = try pair.small.grant()
        let request = try pair.small.request(grant)
        let run = try pair.first.run([pair.first.evidence(request, grant)])[0]
        #expect(!run.hasFailure)
        let answer = try pair.replicate()
        #expect(answer.announcement.source == Data(pair.first.enclaveID.bytes))
        let status = try pair.status(pair.second)
        #expect(status.vault == Data(pair.first.enclaveID.bytes) && status.enrolled == 1)
        #expect(status.announcement.enclave == Data(pair.second.enclaveID.bytes))
        // From here on the first enclave is gone.
        pair.first.write(request) { value in
            (value.status, value.enclave, value.commitment) = (.committed, .init(pair.first.enclaveID.bytes), run.commitment)
        }
        try pair.node.block()
        try pair.second.catchUp()
        var command = WireOpenAssessmentsCommand()
        command.height = pair.node.height
        command.assessments = [try pair.node.prove(StateKey.assessment(request.id))]
        command.punctures = try pair.node.prove(StateKey.punctureLog)
        func open() throws -> WireOpenOutcome {
            guard case .openAssessments(let answer) = try pair.second.driver.perform(.openAssessments(command)) else {
                throw EnclaveError.unexpectedAnswer
            }
            return answer.outcomes[0]
        }
        #expect(try open().failure.name == "enclave.notCommitted", "without the sidecar there is no salt")
        command.sidecars = [Data([UInt8](run.sealedResult).reversed())]
        #expect(try open().failure.name == "enclave.notCommitted")
        command.sidecars = [run.sealedResult]
        let opening = try open()
        #expect(!opening.hasFailure)
        let result = try pair.first.read(run.sealedResult, opening.keyBox, job: request.id)
        #expect(Hash32(result.enclave) == pair.first.enclaveID)
    }

    @Test func `runs on the keys that it took over`() throws {
        try pair.replicate()
        var load = WireLoadProgramCommand()
        load.code = .init(SpyProgram.code)
        _ = try pair.second.driver.perform(.loadProgram(load))
        let grant = try pair.small.grant()
        let request = try pair.small.request(grant)
        try pair.second.catchUp()
        pair.first.driver = pair.second.driver
        let run = try pair.first.run([pair.first.evidence(request, grant)])[0]
        #expect(!run.hasFailure, "\(run.failure.name)")
    }

    @Test func `is given nothing unless the chain admits it now`() throws {
        #expect(try refusal { $0.status = .suspended } == "enclave.peerNotAdmitted")
        #expect(try refusal { $0.status = .active } == "")
    }

    /// The chain admits simulated enclaves beside hardware; what hardware keeps does not leave it for one.
    @Test(arguments: [AssuranceClass.measured, .confidential])
    func `is given nothing on a weaker platform, and takes nothing from one`(_ own: AssuranceClass) throws {
        let down = try PairScene(first: own)
        let offer = try down.offer(down.challenge())
        for _ in 0..<2 {
            #expect(try down.refusal { _ = try down.export(down.exportCommand(offer)) } == "enclave.peerAssurance")
        }
        let up = try PairScene(second: own)
        #expect(try up.refusal { try up.replicate() } == "enclave.peerAssurance")
        #expect(try up.status(up.second).enrolled == 0)
    }

    @Test func `is given nothing with expired evidence, under another identity, or of another vault`() throws {
        #expect(try refusal { $0.expires = pair.node.time } == "enclave.peerNotAdmitted")
        #expect(try refusal { ($0.expires, $0.identity.measurement) = (0, Data(repeating: 1, count: 32)) } == "enclave.peerNotAdmitted")
        let identity = pair.second.enclave.identity
        #expect(try refusal { ($0.identity, $0.vault) = (identity, Data(repeating: 9, count: 32)) } == "enclave.otherVault")
        #expect(try refusal { $0.vault = Data(pair.first.enclaveID.bytes) } == "")
    }

    @Test func `is given nothing when the chain does not know it`() throws {
        let challenge = try pair.challenge()
        let offer = try pair.offer(challenge)
        pair.node.remove(StateKey.enclave(pair.second.enclaveID))
        try pair.block()
        #expect(try pair.refusal { _ = try pair.export(pair.exportCommand(offer)) } == "enclave.peerNotAdmitted")
    }

    /// A measurement that governance has just added, or taken back, or none where there must be one.
    @Test func `is given nothing with a measurement that is unknown, revoked or too new`() throws {
        let identity = pair.second.enclave.identity
        let measurement = try #require(Hash32(identity.measurement))
        func export(_ adjust: (inout WireReferenceValue) -> Void) throws -> String {
            var value = WireReferenceValue()
            (value.platform, value.measurement) = (identity.platform, identity.measurement)
            adjust(&value)
            pair.node.write(value, at: StateKey.referenceValue(identity.platform, measurement: measurement))
            let challenge = try pair.challenge()
            let offer = try pair.offer(challenge)
            return try pair.refusal { _ = try pair.export(pair.exportCommand(offer)) }
        }
        #expect(try export { $0.activeHeight = pair.node.height + 100 } == "enclave.peerMeasurement")
        #expect(try export { $0.revoked = true } == "enclave.peerMeasurement")
        pair.node.remove(StateKey.referenceValue(identity.platform, measurement: measurement))
        var rules = WireAttestationRules()
        rules.referenceValuesRequired = true
        pair.node.write(rules, at: StateKey.attestationRules)
        let challenge = try pair.challenge()
        let offer = try pair.offer(challenge)
        #expect(try pair.refusal { _ = try pair.export(pair.exportCommand(offer)) } == "enclave.peerMeasurement")
    }

    @Test func `is given nothing on a platform that the chain's rules exclude`() throws {
        var rules = WireAttestationRules()
        rules.excludedPlatforms = [pair.second.enclave.identity.platform]
        pair.node.write(rules, at: StateKey.attestationRules)
        let challenge = try pair.challenge()
        let offer = try pair.offer(challenge)
        #expect(try pair.refusal { _ = try pair.export(pair.exportCommand(offer)) } == "enclave.peerNotAdmitted")
    }

    @Test func `is appraised by the vault itself`() throws {
        let challenge = try pair.challenge()
        let offer = try pair.offer(challenge)
        /// The offer with other evidence; only the enclave itself could sign that, so it does here.
        func export(_ adjust: (inout WireEvidence) -> Void) throws -> String {
            var evidence = try WireEvidence(strictly: [UInt8](offer.offer.evidence), limit: 1 << 16)
            adjust(&evidence)
            var forged = offer
            forged.offer.evidence = .init(evidence.encoded())
            return try pair.refusal { _ = try pair.export(pair.exportCommand(forged)) }
        }
        // Changed evidence is no longer what the enclave signed.
        #expect(try export { $0.report[0] ^= 1 } == "enclave.badPeerSignature")
        // A block that is not this chain's, in truth signed evidence: the host asked the enclave about a block of its own making.
        let lie = try pair.offer((challenge.height, Hash32(1, 2, 3, 4)))
        #expect(try pair.refusal { _ = try pair.export(pair.exportCommand(lie)) } == "attestation.wrongChallenge")
        // A block too old for the state to know.
        let old = try pair.offer((1, pair.node.genesis.hash))
        #expect(try pair.refusal { _ = try pair.export(pair.exportCommand(old)) } != "")
        #expect(try pair.refusal { _ = try pair.export(pair.exportCommand(offer)) } == "")
    }

    @Test func `must be of this chain, and proven under the newest header`() throws {
        let challenge = try pair.challenge()
        let offer = try pair.offer(challenge)
        let command = try pair.exportCommand(offer)
        var other = command
        other.offer.chainID = "jupiter-id"
        #expect(try pair.refusal { _ = try pair.export(other) } == "enclave.wrongChain")
        pair.node.write(WireAccount(), at: StateKey.account(pair.small.subject.address))
        try pair.block()
        #expect(try pair.refusal { _ = try pair.export(command) } == "enclave.badProof", "those are proofs of an older state")
        #expect(try pair.refusal { _ = try pair.export(pair.exportCommand(offer)) } == "")
    }

    @Test func `takes nothing that answers another start, is altered, or comes from another`() throws {
        let challenge = try pair.challenge()
        let offer = try pair.offer(challenge)
        let part = try pair.export(pair.exportCommand(offer))
        let command = try pair.importCommand(part, challenge)
        var altered = command
        altered.part.part.ciphertext[40] ^= 1
        #expect(try pair.refusal { _ = try pair.take(altered) } == "enclave.otherSession")
        altered = command
        altered.part.version += 1
        #expect(try pair.refusal { _ = try pair.take(altered) } == "enclave.badPeerSignature")
        altered = command
        altered.part.signature[0] ^= 1
        #expect(try pair.refusal { _ = try pair.take(altered) } == "enclave.badPeerSignature")
        altered = command
        altered.source = try pair.node.prove(StateKey.enclave(pair.second.enclaveID))
        #expect(try pair.refusal { _ = try pair.take(altered) } == "enclave.badPart")
        try pair.restartSecond()
        let again = try pair.importCommand(part, challenge)
        #expect(try pair.refusal { _ = try pair.take(again) } == "enclave.replayedPart")
        _ = try pair.offer(try pair.challenge())
        let late = try pair.importCommand(part, challenge)
        #expect(try pair.refusal { _ = try pair.take(late) } == "enclave.otherSession")
        #expect(try pair.status(pair.second).enrolled == 0)
    }

    @Test func `takes nothing from a source that is suspended`() throws {
        let challenge = try pair.challenge()
        let offer = try pair.offer(challenge)
        let part = try pair.export(pair.exportCommand(offer))
        let key = StateKey.enclave(pair.first.enclaveID)
        var value: WireEnclave = try #require(try pair.node.value(key))
        value.status = .suspended
        pair.node.write(value, at: key)
        try pair.block()
        #expect(try pair.refusal { _ = try pair.take(pair.importCommand(part, challenge)) } == "enclave.peerNotAdmitted")
    }

    @Test func `catches up with what it lacks, and nothing else is sent`() throws {
        let first = try pair.replicate()
        let other = try pair.first.makeSubject()
        try pair.first.enrol([other])
        #expect(try pair.refusal { _ = try pair.replicate(after: first.version + 7) } == "enclave.replicaGap")
        let challenge = try pair.challenge()
        let part = try pair.export(pair.exportCommand(try pair.offer(challenge), after: first.version))
        let whole = try pair.export(pair.exportCommand(try pair.offer(challenge)))
        #expect(part.part.ciphertext.count < whole.part.ciphertext.count)
        #expect(try pair.take(pair.importCommand(part, challenge)).version == part.version)
        #expect(try pair.status(pair.second).enrolled == 2)
        let before = try pair.status(pair.second).vaultVersion
        // The same again changes nothing, also not on disk.
        _ = try pair.take(pair.importCommand(whole, challenge))
        #expect(try pair.status(pair.second).vaultVersion == before)
        // And it is all there after a restart.
        try pair.restartSecond()
        #expect(try pair.status(pair.second).enrolled == 2)
        #expect(try pair.status(pair.second).vault == Data(pair.first.enclaveID.bytes))
    }

    @Test func `with keys of its own is never mixed with another vault`() throws {
        let other = try pair.second.makeSubject()
        #expect(try !pair.second.enrol([other])[0].hasFailure)
        #expect(try pair.refusal { try pair.replicate() } == "enclave.otherVault")
        #expect(try pair.status(pair.second).enrolled == 1)
    }

    @Test func `takes nothing from a source that has destroyed less than itself`() throws {
        pair.first.puncture(.dataset, pair.small.subject.address, dataset: EnclaveScene.dataset)
        try pair.block()
        // The first has not followed it yet.
        try pair.first.provePunctures(to: pair.second.driver)
        #expect(try pair.refusal { try pair.replicate() } == "enclave.replicaBehind")
        try pair.first.provePunctures()
        try pair.replicate()
        #expect(try pair.status(pair.second).enrolled == 0, "what is destroyed does not come along")
    }

    @Test func `serves nobody's key before the chain has this start's anchor`() throws {
        let enclave = try Enclave(
            platform: MemoryPlatform(seed: 100), storage: MemoryVaultStorage(try pair.secondStorage.contents()),
            genesis: pair.node.genesis)
        let challenge = try pair.challenge()
        let offer = try pair.offer(challenge)
        pair.second.driver = .inProcess(enclave)
        #expect(try pair.refusal { _ = try pair.offer(challenge) } == "enclave.notServing")
        let command = try pair.importCommand(pair.export(pair.exportCommand(offer)), challenge)
        #expect(try pair.refusal { _ = try pair.take(command) } == "enclave.notServing")
    }

    @Test func `fuzz: whatever is carried between enclaves is answered, and nothing is taken over`() throws {
        let challenge = try pair.challenge()
        let offer = try pair.offer(challenge)
        let export = try pair.exportCommand(offer)
        let part = try pair.export(export)
        let take = try pair.importCommand(part, challenge)
        var recover = WireImportRecoveryCommand()
        recover.package.chainID = pair.node.chainID
        recover.package.enclave = .init(pair.first.enclaveID.bytes)
        recover.package.vault = recover.package.enclave
        recover.source = take.source
        recover.package.shares = [WireRecoveryShare()]
        let holders = try TestHolders()
        var follow = WireFollowRecoveryPlanCommand()
        let next = try holders.approve(
            holders.plan(version: 1), after: holders.plan(), chainID: pair.node.chainID, by: [0, 1, 2])
        follow.plans = [Data(next.encoded())]
        let commands: [WireEnclaveRequest.OneOf_Command] = [
            .exportReplica(export), .importReplica(take), .importRecovery(recover), .offerReplica(WireOfferReplicaCommand()),
            .exportRecovery(WireExportRecoveryCommand()), .grantKeys(WireGrantKeysCommand()), .followRecoveryPlan(follow),
        ]
        let good = commands.map { command in
            var request = WireEnclaveRequest()
            (request.id, request.command) = (1, command)
            return request.encoded()
        }
        guard case .inProcess(let first) = pair.first.driver, case .inProcess(let second) = pair.second.driver else { return }
        let seed: UInt64 = 0xF05
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<1_200 {
            var bytes = good[round % good.count]
            if round % 5 == 0 { bytes.removeLast(Int(generator.next() % UInt64(bytes.count))) }
            for _ in 0...(generator.next() % 3) where !bytes.isEmpty {
                bytes[Int(generator.next() % UInt64(bytes.count))] ^= UInt8(truncatingIfNeeded: generator.next() | 1)
            }
            for enclave in [first, second] {
                #expect((try? WireEnclaveResponse(strictly: enclave.handle(bytes), limit: EnclaveFraming.maximumBytes)) != nil)
            }
        }
    }
}
