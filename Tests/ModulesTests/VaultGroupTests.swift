import ChainTypes
import Cryptography
import FoundationEssentials
import LedgerSupport
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `Vaults of several enclaves` {
    private var scene: CreditScene
    private let second: TestEnclave

    init() throws {
        scene = try CreditScene()
        second = try TestEnclave(chainID: scene.chain.genesis.chainID, seed: 77)
        #expect(try register(second) == 0)
    }

    private mutating func register(_ enclave: TestEnclave) throws -> UInt32 {
        let challenge = (height: scene.chain.height, block: scene.chain.lastHash)
        try scene.chain.block()
        return try scene.chain.submit(
            enclave.registration(height: challenge.height, block: challenge.block), by: scene.chain.operatorKey)
    }

    /// An announcement that `replica` took over the keys of `source`, signed by both.
    private func announcement(
        _ replica: TestEnclave, from source: TestEnclave, recovery: UInt64? = nil,
        _ adjust: (inout WireAnnounceReplica) -> Void = { _ in }
    ) throws -> WireMessage {
        let chainID = scene.chain.genesis.chainID
        var message = WireAnnounceReplica()
        (message.enclave, message.source, message.sourceVersion) = (.init(replica.id.bytes), .init(source.id.bytes), 9)
        (message.vaultVersion, message.vaultRoot) = (4, .init(Hash32(4, 4, 4, 4).bytes))
        var statement = EnclaveStatement.handover(chainID: chainID, source: source.id, enclave: replica.id, sourceVersion: 9)
        if let recovery {
            (message.recovered, message.recoveryEpoch) = (true, recovery)
            statement = EnclaveStatement.recoveryHandover(chainID: chainID, source: source.id, epoch: recovery)
        }
        message.sourceSignature = .init(try source.key.sign(statement, context: .replicaHandover))
        adjust(&message)
        let own = EnclaveStatement.announcement(chainID: chainID, message)
        message.signature = .init(try replica.key.sign(own, context: .replicaAnnouncement))
        return WireMessage(.announceReplica(message))
    }

    private mutating func submit(_ message: WireMessage) throws -> UInt32 {
        try scene.chain.submit(message, by: scene.chain.operatorKey)
    }

    private func enclave(_ enclave: TestEnclave) throws -> WireEnclave {
        try #require(try scene.chain.message(StateKey.enclave(enclave.id)))
    }

    @Test mutating func `are announced with the signatures of both`() throws {
        #expect(try submit(announcement(second, from: scene.enclave) { $0.sourceSignature[0] ^= 1 }) == Refusal.keysBadSignature.code)
        #expect(try submit(announcement(second, from: scene.enclave) { $0.sourceVersion = 10 }) == Refusal.keysBadSignature.code)
        #expect(KeysModule.vault(of: try enclave(second)) == second.id)
        #expect(try submit(announcement(second, from: scene.enclave)) == 0)
        #expect(KeysModule.vault(of: try enclave(second)) == scene.enclave.id)
        #expect(try enclave(second).vaultVersion == 4)
        // Again, as after a catch-up.
        #expect(try submit(announcement(second, from: scene.enclave)) == 0)
    }

    @Test mutating func `are not mixed, and nobody is its own source`() throws {
        let third = try TestEnclave(chainID: scene.chain.genesis.chainID, seed: 78)
        #expect(try submit(announcement(third, from: scene.enclave)) == Refusal.keysUnknownEnclave.code)
        #expect(try register(third) == 0)
        #expect(try submit(announcement(third, from: third)) == Refusal.keysUnknownEnclave.code)
        #expect(try submit(announcement(second, from: scene.enclave)) == 0)
        #expect(try submit(announcement(second, from: third)) == Refusal.keysOtherVault.code)
        // A replica of a replica is of the first one's vault.
        #expect(try submit(announcement(third, from: second)) == 0)
        #expect(KeysModule.vault(of: try enclave(third)) == scene.enclave.id)
    }

    @Test mutating func `never go back behind a vault version`() throws {
        #expect(try submit(second.anchor(nonce: Hash32(1, 1, 1, 1), version: 5, root: Hash32(5, 5, 5, 5))) == 0)
        #expect(try submit(announcement(second, from: scene.enclave)) == Refusal.keysVaultRolledBack.code)
    }

    @Test mutating func `come back from a package, of the present epoch only`() throws {
        #expect(
            try submit(announcement(second, from: scene.enclave, recovery: 3) { $0.recoveryEpoch = 4 }) == Refusal.keysBadSignature.code)
        #expect(try submit(announcement(second, from: scene.enclave, recovery: 0)) == 0)
        #expect(KeysModule.vault(of: try enclave(second)) == scene.enclave.id)
    }

    @Test mutating func `let any of their enclaves open what another committed to`() throws {
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        let (_, job) = try scene.request(scene.requestMessage())
        #expect(try submit(scene.enclave.commitment(job, commitment: Hash32(1, 1, 1, 1))) == 0)
        #expect(try submit(second.opening(job)) == Refusal.assessmentsOtherEnclave.code)
        // The sibling's late commitment ends cleanly.
        #expect(try submit(second.commitment(job, commitment: Hash32(2, 2, 2, 2))) != 0)
        #expect(try submit(announcement(second, from: scene.enclave)) == 0)
        #expect(try submit(second.opening(job)) == 0)
        #expect(try scene.assessment(job)?.status == .opened)
        #expect(try submit(scene.enclave.opening(job)) == Refusal.assessmentsNotCommitted.code)
    }
}

@Suite struct `Recovery plans` {
    private func change(_ accounts: [SigningKey], threshold: UInt32, sorted: Bool = true) throws -> WireSetRecoveryHolders {
        var change = WireSetRecoveryHolders()
        change.threshold = threshold
        let addresses = accounts.map(\.address).sorted()
        for address in sorted ? addresses : addresses.reversed() {
            var holder = WireRecoveryHolder()
            holder.account = .init(address.bytes)
            holder.key = try SealingPrivateKey(suite: .x25519).publicKey.wire
            change.holders.append(holder)
        }
        return change
    }

    @Test func `are decided by governance`() throws {
        var trust = try TrustChain(weights: [1], spare: 0)
        let keys = (0..<3).map { _ in SigningKey.ed25519() }
        for bad in [
            try change(keys, threshold: 0), try change(keys, threshold: 4), try change([], threshold: 1),
            try change(keys, threshold: 2, sorted: false), try change([keys[0], keys[0]], threshold: 1),
        ] {
            #expect(try trust.submit(trust.proposal { $0.setRecoveryHolders = bad }, by: 0) == Refusal.recoveryMalformed.code)
        }
        let good = try change(keys, threshold: 2)
        _ = try trust.decide { $0.setRecoveryHolders = good }
        let plan: WireRecoveryPlan = try #require(try trust.chain.message(StateKey.recoveryPlan))
        #expect(plan.threshold == 2 && plan.holders == good.holders && plan.height > 0)
    }
}

@Suite struct `Key grants` {
    private var scene: CreditScene
    private let record = Hash32(3, 1, 4, 1)
    private let recipient = SigningKey.ed25519().address

    init() throws {
        scene = try CreditScene()
        let enrolment = try scene.enclave.enrolment(of: scene.subject.address, dataset: CreditScene.dataset)
        #expect(try scene.chain.submit(enrolment, by: scene.subject) == 0)
        var put = WirePutRecord()
        (put.record, put.dataset, put.schemaVersion) = (.init(record.bytes), CreditScene.dataset, 1)
        (put.commitment, put.size) = (.init(Hash32(8, 8, 8, 8).bytes), 100)
        #expect(try scene.chain.submit(WireMessage(.putRecord(put)), by: scene.subject) == 0)
    }

    private func request(_ adjust: (inout WireRequestKeyGrant) -> Void = { _ in }) throws -> WireMessage {
        var message = WireRequestKeyGrant()
        (message.dataset, message.record) = (CreditScene.dataset, .init(record.bytes))
        message.recipient = .init(recipient.bytes)
        message.recipientKey = try SealingPrivateKey(suite: .x25519).publicKey.wire
        adjust(&message)
        return WireMessage(.requestKeyGrant(message))
    }

    private func completion(_ id: Hash32, signedFor other: Hash32? = nil, by enclave: TestEnclave? = nil) throws -> WireMessage {
        let enclave = enclave ?? scene.enclave
        var message = WireCompleteKeyGrant()
        (message.id, message.enclave) = (.init(id.bytes), .init(enclave.id.bytes))
        message.keyBox.suite = .x25519
        (message.keyBox.encapsulatedKey, message.keyBox.ciphertext) = (.init(repeating: 1, count: 32), .init(repeating: 2, count: 48))
        let statement = EnclaveStatement.keyGrant(
            chainID: scene.chain.genesis.chainID, id: other ?? id, keyBox: message.keyBox)
        message.signature = .init(try enclave.key.sign(statement, context: .keyGrant))
        return WireMessage(.completeKeyGrant(message))
    }

    @Test mutating func `are asked for by the subject and completed by an enclave, once`() throws {
        #expect(try scene.chain.submit(request(), by: scene.lender) == Refusal.recordsUnknown.code)
        #expect(try scene.chain.submit(request { $0.recipient = Data([1]) }, by: scene.subject) == Refusal.keyGrantsMalformed.code)
        #expect(try scene.chain.submit(request { $0.recipientKey.key = Data() }, by: scene.subject) == Refusal.keyGrantsMalformed.code)
        let transaction = try scene.chain.sign([request()], by: scene.subject)
        #expect(try scene.chain.block([transaction])[0].code == 0)
        let id = transaction.messageIdentifier(0)
        #expect(try scene.chain.submit(completion(record), by: scene.chain.operatorKey) == Refusal.keyGrantsUnknown.code)
        #expect(try scene.chain.submit(completion(id, signedFor: record), by: scene.chain.operatorKey) == Refusal.keysBadSignature.code)
        #expect(try scene.chain.submit(completion(id), by: scene.chain.operatorKey) == 0)
        #expect(try scene.chain.submit(completion(id), by: scene.chain.operatorKey) == Refusal.keyGrantsNotPending.code)
        let grant: WireKeyGrant = try #require(try scene.chain.message(StateKey.keyGrant(id)))
        #expect(grant.status == .complete && grant.keyBox.ciphertext.count == 48)
        var state = ModuleState(scene.chain.state)
        let exports = try KeyGrantsModule.exports(of: scene.subject.address, dataset: CreditScene.dataset, record: record, &state)
        #expect(exports.map(\.recipient) == [Data(recipient.bytes)] && exports[0].grant == Data(id.bytes))
        #expect(try KeyGrantsModule.exports(of: scene.subject.address, dataset: "other", record: nil, &state).isEmpty)
        #expect(try KeyGrantsModule.exports(of: scene.lender.address, dataset: nil, record: nil, &state).isEmpty)
    }

    /// Whoever breaks one platform could otherwise end every pending grant with a box that holds nothing.
    @Test mutating func `are not completed by an enclave without the subject's key`() throws {
        let transaction = try scene.chain.sign([request()], by: scene.subject)
        #expect(try scene.chain.block([transaction])[0].code == 0)
        let id = transaction.messageIdentifier(0)
        let stranger = try TestEnclave(chainID: scene.chain.genesis.chainID, seed: 79)
        let challenge = (height: scene.chain.height, block: scene.chain.lastHash)
        try scene.chain.block()
        let registration = stranger.registration(height: challenge.height, block: challenge.block)
        #expect(try scene.chain.submit(registration, by: scene.chain.operatorKey) == 0)
        let refused = try scene.chain.submit(completion(id, by: stranger), by: scene.chain.operatorKey)
        #expect(refused == Refusal.keyGrantsOtherVault.code)
        // Another subject's key is not this one's.
        let other = try stranger.enrolment(of: scene.lender.address, dataset: CreditScene.dataset)
        #expect(try scene.chain.submit(other, by: scene.lender) == 0)
        #expect(
            try scene.chain.submit(completion(id, by: stranger), by: scene.chain.operatorKey) == Refusal.keyGrantsOtherVault.code)
        #expect(try scene.chain.submit(completion(id), by: scene.chain.operatorKey) == 0)
    }

    @Test mutating func `end with the record`() throws {
        let transaction = try scene.chain.sign([request()], by: scene.subject)
        #expect(try scene.chain.block([transaction])[0].code == 0)
        var erase = WireEraseRecord()
        (erase.record, erase.dataset) = (.init(record.bytes), CreditScene.dataset)
        #expect(try scene.chain.submit(WireMessage(.eraseRecord(erase)), by: scene.subject) == 0)
        let id = transaction.messageIdentifier(0)
        #expect(try scene.chain.submit(completion(id), by: scene.chain.operatorKey) == Refusal.recordsErased.code)
        #expect(try scene.chain.submit(request(), by: scene.subject) == Refusal.recordsErased.code)
    }

    @Test mutating func `are as many as a certificate lists`() throws {
        for _ in 0..<KeyGrantsModule.mostOfOne / 64 {
            let messages = try (0..<64).map { _ in try request() }
            #expect(try scene.chain.block([scene.chain.sign(messages, by: scene.subject)])[0].code == 0)
        }
        #expect(try scene.chain.submit(request(), by: scene.subject) == Refusal.keyGrantsTooMany.code)
    }
}
