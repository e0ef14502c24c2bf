import Crypto
import Cryptography
import FoundationEssentials
import Primitives

/// What the keys of a vault's sealed results derive from: the same in all of its enclaves (docs/spec/vault.md §7).
///
/// With each entry of the puncture log it takes a one-way step, and the one before goes with the log that is written anew. So from what
/// an enclave holds after an erasure no key of a result from before can be had, but for those that are kept by name (`VaultRun.result_key`).
struct ResultSecret {
    private let key: SymmetricKey

    /// A new one.
    init() { key = AuthenticatedEncryption.randomKey() }

    /// `nil` unless `bytes` are 32.
    init?(_ bytes: Data) {
        guard let key = try? AuthenticatedEncryption.key(bytes) else { return nil }
        self.key = key
    }

    private init(key: SymmetricKey) { self.key = key }

    var bytes: Data { .init(key.withUnsafeBytes { [UInt8]($0) }) }

    /// The secret after so many further entries of the puncture log.
    func stepped(_ entries: UInt64) -> ResultSecret {
        var next = key
        for _ in 0..<entries { next = KeyDerivation.derive(next, context: .resultSecret, identifier: []) }
        return ResultSecret(key: next)
    }

    /// The key of one sealed result: of the job, of whom it is for, and of the result's own salt. So two runs of one subscription share
    /// no key, and a key box for anybody but the recipient that the run was checked with would hold a key that opens nothing.
    func resultKey(job: Hash32, recipient: Hash32, salt: [UInt8]) -> SymmetricKey {
        KeyDerivation.derive(key, context: .resultKey, identifier: job.bytes + recipient.bytes + salt)
    }
}
