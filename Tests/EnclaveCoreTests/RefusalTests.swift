import AdversarySupport
import Attestation
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

/// The node's own checks are bypassed: every refusal here is the enclave's own.
@Suite struct `The enclave refuses by itself` {
    let small: SmallScene

    init() throws { small = try SmallScene() }

    /// What the enclave says to a request under a grant with `scope`.
    func refusal(
        scope: (inout WireConsentScope) -> Void = { _ in }, fields: [String] = ["age"], use: UInt32 = 1,
        request adjust: (inout WireRequestAssessment) -> Void = { _ in }
    ) throws -> String {
        let grant = try small.grant(scope)
        return try small.refusal(try small.request(grant, fields: fields, use: use, adjust), grant)
    }

    @Test func `nothing, when consent covers the request`() throws { #expect(try refusal() == "") }

    @Test func `a request that the scope does not cover`() throws {
        #expect(try refusal { $0.purpose = "DirectMarketing" } == "consent.wrongPurpose")
        #expect(try refusal(fields: ["age", "secret"]) == "consent.fieldOutsideScope")
        #expect(try refusal { $0.price = 51 } == "consent.priceTooLow")
        #expect(try refusal { $0.localities = ["jupiter-id"] } == "consent.localityNotCovered")
        #expect(try refusal { $0.programs = [Data(repeating: 1, count: 32)] } == "consent.programNotCovered")
        #expect(try refusal { $0.recipient = Data(repeating: 1, count: 32) } == "consent.wrongRecipient")
        #expect(try refusal { $0.dataset = "other" } == "consent.wrongDataset")
        #expect(try refusal { $0.validFrom = small.node.time + 60_000 } == "consent.notYetValid")
    }

    @Test func `expired consent, by the trusted header's time`() throws {
        #expect(try refusal { $0.validUntil = small.node.time + 1_000 } == "consent.expired")
        #expect(try refusal { $0.validUntil = small.node.time + 1_001 } == "")
    }

    @Test func `withdrawn and suspended consent`() throws {
        for (status, name) in [(WireConsentStatus.withdrawn, "consent.withdrawn"), (.suspended, "consent.suspended")] {
            let grant = try small.grant()
            let request = try small.request(grant)
            small.scene.write(grant) {
                $0.status = status
                $0.uses = 1
            }
            try small.scene.block()
            #expect(try small.refusal(request, grant) == name)
        }
    }

    @Test func `no consent`() throws {
        let grant = try small.grant()
        let request = try small.request(grant)
        small.node.remove(StateKey.consent(grant.subject, grant: grant.id))
        try small.scene.block()
        #expect(try small.refusal(request, grant) == "consent.none")
    }

    @Test func `more uses than granted, even when the host resets the chain's count`() throws {
        let grant = try small.grant { $0.maximumUses = 2 }
        for _ in 0..<2 { #expect(try small.refusal(try small.request(grant, use: 1), grant) == "") }
        let third = try small.request(grant, use: 1)
        #expect(try small.refusal(third, grant) == "consent.exhausted")
        #expect(try small.refusal(try small.request(grant, use: 3), grant) == "consent.exhausted")
        // Also inside one command.
        let fresh = try small.grant { $0.maximumUses = 1 }
        let requests = try (0..<2).map { _ in try small.scene.request(fresh, fields: ["age"]) }
        try small.scene.block()
        let outcomes = try small.scene.run(try requests.map { try small.scene.evidence($0, fresh) })
        #expect(outcomes.map(\.failure.name) == ["", "consent.exhausted"])
    }

    @Test func `an unpublished program`() throws {
        let grant = try small.grant()
        let request = try small.request(grant)
        small.node.remove(StateKey.program(small.scene.program))
        try small.scene.block()
        #expect(try small.refusal(request, grant) == "programs.unpublished")
    }

    @Test func `state under an older header`() throws {
        let grant = try small.grant()
        let request = try small.request(grant)
        let old = try (small.scene.evidence(request, grant), small.scene.sharedEvidence())
        small.scene.write(grant) { $0.status = .withdrawn }
        try small.scene.block()
        #expect(throws: Refusal(800, "", "")) { try small.scene.run([old.0], shared: old.1) }
        // Lying about the height does not help: the proofs are then wrong.
        var shared = old.1
        shared.height = small.node.height
        #expect(throws: Refusal(802, "", "")) { try small.scene.run([old.0], shared: shared) }
        shared.punctures = try small.scene.sharedEvidence().punctures
        #expect(try small.scene.run([old.0], shared: shared)[0].failure.name == "enclave.badProof")
        var headers = WireImportHeadersCommand()
        headers.headers = [small.node.headers[1]]
        #expect(throws: Refusal(800, "", "")) { try small.scene.driver.perform(.importHeaders(headers)) }
    }

    @Test func `ciphertext that was touched`() throws {
        let grant = try small.grant()
        let request = try small.request(grant)
        for position in [0, 31, 32, 50, 80] {
            let name = try small.refusal(request, grant) { evidence in
                let index = evidence.records[0].sidecar.startIndex + position
                evidence.records[0].sidecar[index] ^= 1
            }
            #expect(name == "enclave.tamperedCiphertext")
        }
        #expect(try small.refusal(request, grant) { $0.records[0].sidecar.removeLast() } == "enclave.tamperedCiphertext")
        #expect(try small.refusal(request, grant) { $0.records = [] } == "enclave.wrongRecords")
        #expect(try small.refusal(request, grant) { $0.records += $0.records } == "enclave.wrongRecords")
    }

    @Test func `a record under another schema of the same version`() throws {
        let grant = try small.grant()
        // The secret would come to the program under a granted name.
        let falsified = try Schema(version: 1, fields: [Field("age", .integer), Field("secret", .number), Field("amount", .text)])
        small.scene.publishDataset(falsified: falsified)
        let request = try small.request(grant)
        #expect(try small.refusal(request, grant) == "enclave.tamperedCiphertext")
        small.scene.publishDataset()
        try small.scene.block()
        #expect(try small.refusal(request, grant) == "")
    }

    @Test func `a grant that its subject did not sign`() throws {
        let scene = small.scene
        let forged = try scene.grant(small.subject, fields: ["age"], signedBy: scene.requester)
        #expect(try small.refusal(try small.request(forged), forged) == "enclave.badGrantSignature")
        // A wider scope in the state than the subject signed.
        var widened = try small.grant()
        widened.scope.fields = ["age", "amount", "secret"]
        #expect(try small.refusal(try small.request(widened, fields: ["secret"]), widened) == "enclave.badGrantSignature")
        // Another subject's true signature.
        let other = try scene.makeSubject()
        let foreign = try scene.grant(other, fields: ["age"])
        let grant = try small.grant()
        let request = try small.request(grant)
        let name = try small.refusal(request, grant) { $0.grantTransaction = .init(foreign.transaction.bytes) }
        #expect(name == "enclave.badGrantSignature")
    }

    @Test func `a request that its requester did not sign`() throws {
        let grant = try small.grant()
        let forged = try small.scene.request(grant, fields: ["age"], signedBy: small.subject.wallet)
        try small.scene.block()
        #expect(try small.refusal(forged, grant) == "enclave.badRequestSignature")
        // The host swaps the recipient key in the state for its own.
        let request = try small.request(grant)
        small.scene.write(request) { $0.request.recipientKey.key = Data(repeating: 9, count: 32) }
        try small.scene.block()
        #expect(try small.refusal(request, grant) == "enclave.badRequestSignature")
        // A broken signature under the right body.
        let third = try small.request(grant)
        let name = try small.refusal(third, grant) { $0.requestTransaction[$0.requestTransaction.endIndex - 1] ^= 1 }
        #expect(name == "enclave.badRequestSignature")
    }

    @Test func `what is not pending, or too late`() throws {
        let grant = try small.grant()
        let request = try small.request(grant)
        small.scene.write(request) { $0.status = .refunded }
        try small.scene.block()
        #expect(try small.refusal(request, grant) == "enclave.notPending")
        #expect(try refusal(request: { $0.deadline = small.node.time + 1_000 }) == "enclave.deadlinePassed")
    }

    @Test func `proofs that do not hold`() throws {
        let grant = try small.grant()
        let request = try small.request(grant)
        let paths: [WritableKeyPath<WireAssessmentEvidence, WireProvenValue>] = [\.assessment, \.consent, \.subjectKey]
        for path in paths {
            #expect(try small.refusal(request, grant) { $0[keyPath: path].proof[40] ^= 1 } == "enclave.badProof")
            #expect(try small.refusal(request, grant) { $0[keyPath: path].value = Data() } == "enclave.badProof")
        }
        var shared = try small.scene.sharedEvidence()
        shared.dataset = shared.program
        #expect(try small.refusal(request, grant, shared: shared) == "enclave.badProof")
    }

    @Test func `a subject whose key it does not hold`() throws {
        let stranger = try small.scene.makeSubject()
        try small.scene.put(
            DataRecord(["age": .integer(1), "amount": .number(1), "secret": .text("x")], schema: small.scene.schema), of: stranger)
        let grant = try small.scene.grant(stranger, fields: ["age"])
        let request = try small.request(grant)
        #expect(try small.refusal(request, grant) == "enclave.unknownSubjectKey")
    }

    @Test func `to say so without a signature when only the host is wrong`() throws {
        let grant = try small.grant()
        let request = try small.request(grant)
        var evidence = try small.scene.evidence(request, grant)
        evidence.consent.proof[40] ^= 1
        #expect(try small.scene.run([evidence])[0].signature.isEmpty)
        let other = try small.grant { $0.purpose = "DirectMarketing" }
        let refused = try small.request(other)
        let outcome = try small.scene.run([try small.scene.evidence(refused, other)])[0]
        let statement = EnclaveStatement.refusal(chainID: small.node.chainID, job: refused.id, code: 308)
        let key = VerificationKey.ed25519(try #require(Hash32(small.scene.enclave.identity.signingKey)))
        #expect(throws: Never.self) { try key.verify([UInt8](outcome.signature), of: statement, context: .jobRefusal) }
    }
}

@Suite struct `The enclave and its chain` {
    @Test func `headers need a quorum`() throws {
        // The validator has 10 of 15: exactly two thirds.
        let node = try BypassedNode(otherWeights: [5])
        let enclave = try Enclave(platform: MemoryPlatform(), storage: MemoryVaultStorage(), genesis: node.genesis)
        var command = WireImportHeadersCommand()
        command.headers = [try node.block()]
        #expect(throws: Refusal(712, "", "")) { try EnclaveDriver.inProcess(enclave).perform(.importHeaders(command)) }
        let enough = try BypassedNode(otherWeights: [4])
        let second = try Enclave(platform: MemoryPlatform(), storage: MemoryVaultStorage(), genesis: enough.genesis)
        command.headers = [try enough.block()]
        #expect(throws: Never.self) { try EnclaveDriver.inProcess(second).perform(.importHeaders(command)) }
    }

    @Test func `serves only after its anchor is proven`() throws {
        let node = try BypassedNode()
        let storage = MemoryVaultStorage()
        let schema = try Schema(version: 1, fields: [Field("age", .integer)])
        let scene = try EnclaveScene(
            node: node, driver: .inProcess(try Enclave(platform: MemoryPlatform(), storage: storage, genesis: node.genesis)),
            schema: schema)
        try scene.announce()
        try scene.catchUp()
        #expect(throws: Refusal(805, "", "")) { try scene.enrol([scene.makeSubject()]) }
        #expect(throws: Refusal(805, "", "")) { try scene.run([], shared: WireSharedEvidence()) }
        let mistakes: [(inout WireEnclave) -> Void] = [
            { $0.anchorNonce = Data(repeating: 0, count: 32) }, { $0.vaultVersion += 1 },
            { $0.vaultRoot = Data(repeating: 0, count: 32) },
        ]
        for mistake in mistakes {
            try scene.announce(mistake)
            try scene.catchUp()
            #expect(throws: Refusal(819, "", "")) { try scene.driver.perform(.proveAnchor(scene.anchorProof())) }
        }
        for (code, state): (UInt32, (inout WireEnclave) -> Void) in [(840, { $0.status = .suspended }), (841, { $0.expires = 1 })] {
            try scene.announce(state)
            try scene.catchUp()
            #expect(throws: Refusal(code, "", "")) { try scene.driver.perform(.proveAnchor(scene.anchorProof())) }
        }
        try scene.start()
        #expect(try scene.enrol([scene.makeSubject()])[0].hasFailure == false)
    }

    @Test func `an old copy of the vault does not serve under the anchor of a newer one`() throws {
        let small = try SmallScene()
        let old = try small.storage.contents()
        #expect(try small.scene.enrol([small.scene.makeSubject()])[0].hasFailure == false)
        let newer = MemoryVaultStorage(try small.storage.contents())
        // A regular restart: the chain records the newest version.
        small.scene.driver = .inProcess(try Enclave(platform: MemoryPlatform(), storage: newer, genesis: small.node.genesis))
        try small.scene.start()
        // The old copy asks for a lower version, which the chain refuses to record: the anchor stays as it is.
        let rolledBack = try Enclave(platform: MemoryPlatform(), storage: MemoryVaultStorage(old), genesis: small.node.genesis)
        #expect(rolledBack.status.anchor.vaultVersion < small.scene.enclave.anchor.vaultVersion)
        small.scene.driver = .inProcess(rolledBack)
        try small.scene.block()
        #expect(throws: Refusal(819, "", "")) { try small.scene.driver.perform(.proveAnchor(small.scene.anchorProof())) }
        #expect(throws: Refusal(805, "", "")) { try small.scene.enrol([small.scene.makeSubject()]) }
    }

    @Test func `continues from its last header, never from the genesis`() throws {
        let small = try SmallScene()
        let height = small.node.height
        _ = try small.scene.enrol([small.scene.makeSubject()])
        let again = try Enclave(
            platform: MemoryPlatform(), storage: MemoryVaultStorage(try small.storage.contents()), genesis: small.node.genesis)
        #expect(again.status.trustedHeight == height)
        let other = try BypassedNode(seed: 77)
        #expect(throws: VaultError.otherGenesis) {
            try Enclave(platform: MemoryPlatform(), storage: MemoryVaultStorage(small.storage.contents()), genesis: other.genesis)
        }
    }

    @Test func `evidence binds chain, keys and block`() throws {
        let small = try SmallScene()
        var command = WireAttestCommand()
        command.challengeHeight = 5
        command.challengeBlock = Data(repeating: 5, count: 32)
        guard case .attest(let answer) = try small.scene.driver.perform(.attest(command)) else { return }
        let block = try #require(Hash32(command.challengeBlock))
        let subject = AttestationSubject(chainID: small.node.chainID, identity: answer.identity, challengeBlock: block)
        let policy = AppraisalPolicy(allowSimulated: true)
        #expect(try EvidenceAppraiser.appraise([UInt8](answer.evidence), about: subject, policy: policy, at: 0).assurance == .none)
    }
}
