import ChainTypes
import Cryptography
import FoundationEssentials
import HolderSupport
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
    ///
    /// - Parameters:
    ///   - package: of the package that they came from: the key that the source put into it.
    ///   - opened: what the replica found in it.
    private func announcement(
        _ replica: TestEnclave, from source: TestEnclave, recovery: UInt64? = nil, package: SigningKey = .ed25519(),
        opened: SigningKey? = nil, _ adjust: (inout WireAnnounceReplica) -> Void = { _ in }
    ) throws -> WireMessage {
        let chainID = scene.chain.genesis.chainID
        var message = WireAnnounceReplica()
        (message.enclave, message.source, message.sourceVersion) = (.init(replica.id.bytes), .init(source.id.bytes), 9)
        (message.vaultVersion, message.vaultRoot) = (4, .init(Hash32(4, 4, 4, 4).bytes))
        var statement = EnclaveStatement.handover(chainID: chainID, source: source.id, enclave: replica.id, sourceVersion: 9)
        if let recovery {
            (message.recovered, message.recoveryEpoch) = (true, recovery)
            message.possessionKey = .init(package.verificationKey.bytes)
            statement = EnclaveStatement.recoveryHandover(
                chainID: chainID, source: source.id, epoch: recovery, possession: Hash32(package.verificationKey.bytes) ?? .zero)
        }
        message.sourceSignature = .init(try source.key.sign(statement, context: .replicaHandover))
        adjust(&message)
        if recovery != nil, message.possessionSignature.isEmpty {
            let statement = EnclaveStatement.possession(chainID: chainID, message)
            message.possessionSignature = .init(try (opened ?? package).sign(statement, context: .recoveryPossession))
        }
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

    /// An admitted enclave, on a platform that somebody has broken, has seen a package and the signature on it, but not what is inside.
    @Test mutating func `are joined through a package by nobody who has not opened it`() throws {
        let package = SigningKey.ed25519()
        let thief = SigningKey.ed25519()
        let refused = Refusal.keysNoPossession.code
        #expect(try submit(announcement(second, from: scene.enclave, recovery: 0, package: package, opened: thief)) == refused)
        #expect(
            try submit(
                announcement(second, from: scene.enclave, recovery: 0, package: package) { $0.possessionSignature = Data(count: 64) })
                == refused)
        #expect(
            try submit(
                announcement(second, from: scene.enclave, recovery: 0, package: package, opened: thief) {
                    // Its own key: but the source has not signed for that one.
                    $0.possessionKey = .init(thief.verificationKey.bytes)
                }) == Refusal.keysBadSignature.code)
        // What the one that recovers has signed names that one.
        let third = try TestEnclave(chainID: scene.chain.genesis.chainID, seed: 78)
        #expect(try register(third) == 0)
        let good = try announcement(third, from: scene.enclave, recovery: 0, package: package)
        let signature = good.announceReplica.possessionSignature
        #expect(
            try submit(
                announcement(second, from: scene.enclave, recovery: 0, package: package) { $0.possessionSignature = signature })
                == refused)
        #expect(try submit(announcement(second, from: scene.enclave) { $0.possessionKey = Data(count: 32) }) == Refusal.keysMalformed.code)
        #expect(KeysModule.vault(of: try enclave(second)) == second.id)
        #expect(try submit(good) == 0)
        #expect(KeysModule.vault(of: try enclave(third)) == scene.enclave.id)
    }

    /// The maker of the package is lost; what another enclave of the vault has begun since counts for it too.
    @Test mutating func `do not come back from a package that is older than any of their epochs`() throws {
        var epoch = WireVaultEpoch()
        (epoch.vault, epoch.epoch) = (.init(scene.enclave.id.bytes), 4)
        scene.chain.write(epoch, at: StateKey.vaultEpoch(scene.enclave.id))
        #expect(try submit(announcement(second, from: scene.enclave, recovery: 3)) == Refusal.keysOldRecovery.code)
        #expect(try submit(announcement(second, from: scene.enclave, recovery: 4)) == 0)
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
