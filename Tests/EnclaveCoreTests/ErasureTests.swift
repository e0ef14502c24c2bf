import AdversarySupport
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import PlatformProtocol
import Primitives
import Testing
import WireTypes

@Suite struct `Erasure in the vault` {
    /// The enclave of `small` in a new process: nothing of it is left but its storage.
    func restart(_ small: SmallScene) throws -> MemoryVaultStorage {
        let storage = MemoryVaultStorage(try small.storage.contents())
        small.scene.driver = .inProcess(try Enclave(platform: MemoryPlatform(), storage: storage, genesis: small.node.genesis))
        return storage
    }

    @Test func `destroys one record's key, keeps the others', and says so`() throws {
        let small = try SmallScene()
        let other = try small.scene.makeSubject()
        _ = try small.scene.enrol([other])
        try small.scene.put(
            DataRecord(["age": .integer(7), "amount": .number(1), "secret": .text("x")], schema: small.scene.schema), of: other)
        let (grant, otherGrant) = (try small.grant(), try small.scene.grant(other, fields: ["age", "amount"]))
        let request = try small.request(grant)
        small.scene.puncture(.record, small.subject.address, dataset: EnclaveScene.dataset, keyIndex: 3)
        try small.scene.block()
        // It is told of an erasure that it has not applied: nothing runs before.
        #expect(try small.refusal(request, grant) == "enclave.puncturesPending")
        let acknowledgement = try small.scene.provePunctures().acknowledgement
        #expect(acknowledgement.sequence == 1 && acknowledgement.recoveryEpoch == 1)
        let key = VerificationKey.ed25519(try #require(Hash32(small.scene.enclave.identity.signingKey)))
        let statement = EnclaveStatement.erasureAcknowledgement(
            chainID: small.node.chainID, acknowledgement, punctures: small.scene.punctures.hash)
        #expect(throws: Never.self) { try key.verify([UInt8](acknowledgement.signature), of: statement, context: .erasureAcknowledgement) }
        #expect(try small.refusal(request, grant) == "enclave.recordErased")
        // The same again says the same.
        #expect(try small.scene.provePunctures().acknowledgement.sequence == 1)
        let otherRequest = try small.request(otherGrant)
        #expect(try small.scene.run([small.scene.evidence(otherRequest, otherGrant)])[0].hasFailure == false)
        #expect(acknowledgement.vaultVersion > small.scene.enclave.anchor.vaultVersion)
    }

    @Test func `drops the sealed results of what is erased, and opens none of them`() throws {
        let small = try SmallScene()
        let grant = try small.grant()
        let (first, second) = (try small.request(grant), try small.request(grant, use: 2))
        let runs = try [first, second].map { try small.scene.run([small.scene.evidence($0, grant)])[0] }
        #expect(try !small.scene.open(first, runs[0]).hasFailure)
        small.scene.puncture(.dataset, small.subject.address, dataset: EnclaveScene.dataset)
        try small.scene.block()
        #expect(throws: Refusal(846, "", "")) { try small.scene.open(second, runs[1]) }
        try small.scene.provePunctures()
        #expect(try small.scene.open(second, runs[1]).failure.code == 848)
        // Also after a restart, which reads the new log.
        _ = try restart(small)
        try small.scene.start()
        #expect(try small.scene.open(second, runs[1]).failure.code == 848)
        let enrolment = try small.scene.enrol([small.subject])[0]
        #expect(enrolment.failure.code == 847)
    }

    @Test func `serves nothing after a start before it has followed the log`() throws {
        let small = try SmallScene()
        small.scene.puncture(.subject, small.subject.address)
        try small.scene.block()
        _ = try restart(small)
        #expect(throws: Refusal(805, "", "")) { try small.scene.provePunctures() }
        try small.scene.announce()
        try small.scene.catchUp()
        _ = try small.scene.driver.perform(.proveAnchor(small.scene.anchorProof()))
        #expect(throws: Refusal(805, "", "")) { try small.scene.run([], shared: small.scene.sharedEvidence()) }
        #expect(throws: Refusal(805, "", "")) { try small.scene.enrol([small.scene.makeSubject()]) }
        try small.scene.provePunctures()
        #expect(try !small.scene.enrol([small.scene.makeSubject()])[0].hasFailure)
        guard case .status(let status) = try small.scene.driver.perform(.status(WireStatusCommand())) else { return }
        #expect(status.serving && status.punctures == 1 && status.enrolled == 1)
    }

    @Test func `believes only the log that the chain proves`() throws {
        let small = try SmallScene()
        for leaf: UInt32 in 1...3 {
            small.scene.puncture(.record, small.subject.address, dataset: EnclaveScene.dataset, keyIndex: leaf)
        }
        try small.scene.block()
        let good = try small.scene.puncturesCommand()
        func refused(_ change: (inout WireProvePuncturesCommand) -> Void) {
            var bad = good
            change(&bad)
            #expect(throws: Refusal(802, "", "")) { try small.scene.driver.perform(.provePunctures(bad)) }
        }
        refused { $0.entries.swapAt(0, 1) }
        refused { $0.entries[1] = $0.entries[0] }
        refused { $0.entries[1][$0.entries[1].count - 1] ^= 1 }
        refused { $0.log.value = .init() }
        refused { $0.log.value[2] ^= 1 }
        refused { $0.log = WireProvenValue() }
        // In parts; nothing counts before the end is reached, and a start over forgets nothing that was applied.
        var part = good
        part.entries = Array(good.entries.prefix(2))
        guard case .provePunctures(let answer) = try small.scene.driver.perform(.provePunctures(part)) else { return }
        #expect(!answer.hasAcknowledgement)
        part.entries = Array(good.entries.suffix(1))
        guard case .provePunctures(let last) = try small.scene.driver.perform(.provePunctures(part)) else { return }
        #expect(last.acknowledgement.sequence == 3)
    }

    @Test func `reads every entry of the log, also in a vault that never held a key`() throws {
        let node = try BypassedNode()
        let enclave = try Enclave(platform: MemoryPlatform(), storage: MemoryVaultStorage(), genesis: node.genesis)
        let schema = try Schema(version: 1, fields: [Field("age", .integer)])
        let scene = try EnclaveScene(node: node, driver: .inProcess(enclave), schema: schema)
        for _ in 0..<5 { scene.puncture(.subject, try scene.makeSubject().address) }
        try scene.announce()
        try scene.catchUp()
        _ = try scene.driver.perform(.proveAnchor(scene.anchorProof()))
        var command = try scene.puncturesCommand()
        command.entries = []
        guard case .provePunctures(let none) = try scene.driver.perform(.provePunctures(command)) else { return }
        #expect(!none.hasAcknowledgement && !enclave.status.serving)
        let answer = try scene.provePunctures()
        // Nothing of it was concerned: packages from before hold nothing that is erased.
        #expect(answer.acknowledgement.sequence == 5 && answer.acknowledgement.recoveryEpoch == 0)
        #expect(enclave.status.serving)
    }

    @Test func `keeps root and version going over a log that is written anew`() throws {
        let small = try SmallScene()
        let before = try small.storage.contents()
        small.scene.puncture(.record, small.subject.address, dataset: EnclaveScene.dataset, keyIndex: 3)
        try small.scene.block()
        let acknowledgement = try small.scene.provePunctures().acknowledgement
        let after = try small.storage.contents()
        #expect(Array(before[96..<160]) != Array(after[96..<160]), "another storage key")
        let reopened = try Enclave(platform: MemoryPlatform(), storage: MemoryVaultStorage(after), genesis: small.node.genesis).status
        #expect(reopened.anchor.vaultVersion == acknowledgement.vaultVersion)
        #expect(reopened.anchor.vaultRoot == acknowledgement.vaultRoot)
        #expect(reopened.punctures == 1 && reopened.recoveryEpoch == 1 && reopened.enrolled == 1)
        // Cut back to what stood before the new end: damage, not an older vault.
        #expect(throws: VaultError.damaged) {
            try Enclave(
                platform: MemoryPlatform(), storage: MemoryVaultStorage(Array(after.prefix(200))), genesis: small.node.genesis)
        }
        let old = try Enclave(platform: MemoryPlatform(), storage: MemoryVaultStorage(before), genesis: small.node.genesis).status
        #expect(old.anchor.vaultVersion < acknowledgement.vaultVersion, "the chain's anchor refuses it")
    }

    @Test func `stays as it was when the new log cannot be written`() throws {
        let small = try SmallScene()
        small.scene.puncture(.subject, small.subject.address)
        try small.scene.block()
        small.storage.failWrites()
        #expect(throws: Refusal(1705, "", "")) { try small.scene.provePunctures() }
        #expect(throws: Refusal(846, "", "")) { try small.scene.run([], shared: small.scene.sharedEvidence()) }
        _ = try restart(small)
        try small.scene.start()
        guard case .status(let status) = try small.scene.driver.perform(.status(WireStatusCommand())) else { return }
        #expect(status.punctures == 1 && status.enrolled == 0)
    }
}
