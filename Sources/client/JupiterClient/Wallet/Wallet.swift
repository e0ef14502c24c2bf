import ChainTypes
import Crypto
import Cryptography
import Primitives

/// What a person owns: one pseudonymous account with every key that belongs to it.
///
/// All keys follow from one 32-byte seed, so a recovery code on paper brings back the account, what is sealed to it, and the subject
/// keys of its records; the rest (records, grants, requests) is read from the chain again (docs/wallet.md).
package struct Wallet: Sendable {
    /// Which signature the account uses.
    package enum KeyType: String, Sendable, CaseIterable, Codable {
        case ed25519
        case p256
    }

    /// Which suite results are sealed to.
    package enum Sealing: String, Sendable, CaseIterable, Codable {
        case xwing
        case x25519

        var suite: SealingSuiteID { self == .xwing ? .xwing : .x25519 }
    }

    /// A subject key that an enclave holds, and how many leaves of it are used.
    package struct DatasetKey: Sendable, Codable, Equatable {
        package var chainID: String
        package var dataset: String
        /// The enclaves it is enrolled with, as hexadecimal identifiers.
        package var enclaves: [String] = []
        /// The first leaf of the record-key tree never used. A leaf is used once.
        package var nextKeyIndex: UInt32 = 0
        /// Which of the dataset's keys new records use; `nil` for the first.
        package var keyEpoch: UInt32?
    }

    /// Something this wallet made on a chain: a record, a grant, a request.
    package struct Entry: Sendable, Codable, Equatable {
        package enum Kind: String, Sendable, Codable { case record, grant, assessment, subscription }

        package var kind: Kind
        package var chainID: String
        package var dataset: String
        /// Hexadecimal.
        package var id: String

        package init(kind: Kind, chainID: String, dataset: String, id: Hash32) {
            (self.kind, self.chainID, self.dataset, self.id) = (kind, chainID, dataset, id.description)
        }
    }

    package static let maximumEntries = 100_000

    package var name: String
    package let keyType: KeyType
    package let sealing: Sealing
    package private(set) var datasets: [DatasetKey] = []
    package private(set) var entries: [Entry] = []
    /// What everything is derived from. Only for the encrypted file and the recovery code.
    let seed: [UInt8]
    package let signingKey: SigningKey
    package let sealingKey: SealingPrivateKey

    /// A new wallet from the system's randomness.
    package init(name: String, keyType: KeyType = .ed25519, sealing: Sealing = .xwing) throws(CryptographyError) {
        try self.init(name: name, keyType: keyType, sealing: sealing, seed: SecureRandom.bytes(32))
    }

    init(
        name: String, keyType: KeyType, sealing: Sealing, seed: [UInt8], datasets: [DatasetKey] = [], entries: [Entry] = []
    ) throws(CryptographyError) {
        guard seed.count == 32 else { throw .malformedKey }
        (self.name, self.keyType, self.sealing, self.seed) = (name, keyType, sealing, seed)
        (self.datasets, self.entries) = (datasets, entries)
        signingKey = try Self.signingKey(seed, keyType)
        sealingKey = try SealingPrivateKey(suite: sealing.suite, secretBytes: Self.derive(seed, "sealing/\(sealing.rawValue)"))
    }

    package var address: Address { signingKey.address }

    // MARK: Derivation

    private static func derive(_ seed: [UInt8], _ path: String) -> [UInt8] {
        let key = KeyDerivation.derive(SymmetricKey(data: seed), context: .wallet, identifier: Array(path.utf8))
        return key.withUnsafeBytes { [UInt8]($0) }
    }

    private static func signingKey(_ seed: [UInt8], _ type: KeyType) throws(CryptographyError) -> SigningKey {
        switch type {
        case .ed25519: return try .ed25519(seed: derive(seed, "signing/ed25519"))
        case .p256:
            // A scalar must lie below the curve's order; one in 2³² does not, and the next counter is taken.
            for counter in 0..<8 {
                if let key = try? SigningKey.p256(scalar: derive(seed, "signing/p256/\(counter)")) { return key }
            }
            throw .malformedKey
        }
    }

    /// The subject key of `dataset` on `chainID`, and the salt of its commitment.
    /// - Parameter epoch: which of the dataset's keys: rotation begins another, and old records stay under theirs.
    package func subjectKey(chainID: String, dataset: String, epoch: UInt32 = 0) -> SubjectKey {
        // The first key was derived before there were others.
        let path = epoch == 0 ? "\(chainID)/\(dataset)" : "epoch/\(epoch)/\(chainID)/\(dataset)"
        return SubjectKey(
            key: Self.derive(seed, "subject-key/\(path)"), salt: Self.derive(seed, "subject-key-salt/\(path)"))
    }

    /// Which key new records of `dataset` use.
    package func keyEpoch(chainID: String, dataset: String) -> UInt32 {
        datasets.first { $0.chainID == chainID && $0.dataset == dataset }?.keyEpoch ?? 0
    }

    /// From now on new records of `dataset` use the key of `epoch`, from its first leaf on; an epoch that has begun stays as it is.
    package mutating func beginKeyEpoch(_ epoch: UInt32, chainID: String, dataset: String) {
        guard epoch > keyEpoch(chainID: chainID, dataset: dataset) else { return }
        change(chainID, dataset) { key in (key.keyEpoch, key.nextKeyIndex, key.enclaves) = (epoch, 0, []) }
    }

    // MARK: What the wallet remembers

    /// Remembers that `enclave` holds the subject key.
    package mutating func noteEnrolment(chainID: String, dataset: String, enclave: Hash32) {
        change(chainID, dataset) { key in
            if !key.enclaves.contains(enclave.description) { key.enclaves.append(enclave.description) }
        }
    }

    /// Takes the next unused leaf.
    /// - Parameter used: the highest leaf that the chain knows, if any: a restored wallet must not use one twice.
    package mutating func takeKeyIndex(chainID: String, dataset: String, used: UInt32? = nil) -> UInt32 {
        var index: UInt32 = 0
        change(chainID, dataset) { key in
            index = max(key.nextKeyIndex, used.map { $0 + 1 } ?? 0)
            key.nextKeyIndex = index + 1
        }
        return index
    }

    package mutating func remember(_ entry: Entry) {
        if !entries.contains(entry), entries.count < Self.maximumEntries { entries.append(entry) }
    }

    private mutating func change(_ chainID: String, _ dataset: String, _ edit: (inout DatasetKey) -> Void) {
        if let position = datasets.firstIndex(where: { $0.chainID == chainID && $0.dataset == dataset }) {
            edit(&datasets[position])
        } else {
            var key = DatasetKey(chainID: chainID, dataset: dataset)
            edit(&key)
            datasets.append(key)
        }
    }
}

/// A subject's key of one dataset (KEK) with the salt of its public commitment.
package struct SubjectKey: Sendable {
    package let key: [UInt8]
    let salt: [UInt8]

    /// What the chain holds.
    package var commitment: Hash32 { EnclaveStatement.subjectKeyCommitment(key: key, salt: salt) }

    /// The key of record number `index`.
    func recordKey(_ index: UInt32) throws(CryptographyError) -> SymmetricKey {
        try RecordKeyTree(subjectKey: AuthenticatedEncryption.key(key)).recordKey(index)
    }
}
