import ChainTypes
import Crypto
import Cryptography
import FoundationEssentials
import PlatformProtocol
import Primitives
import WireTypes

/// What an enclave must not forget: its identity, the subjects' keys, every use and run, and the chain's last known header.
///
/// Everything is in memory; the log makes it durable. A change is visible only after it is durable.
struct Vault: ~Copyable {
    /// Whose key for what.
    struct KeyName: Hashable {
        let subject: Address
        let dataset: String
    }

    struct SubjectKey {
        let key: SymmetricKey
        /// What the chain knows of it.
        let commitment: Hash32
        /// The vault's version when it was enrolled.
        let version: UInt64
    }

    /// What was used of a grant.
    struct Uses {
        private(set) var requests: Set<Hash32> = []
        /// What all uses together may have told, at most.
        private(set) var outputBytes: UInt64 = 0

        mutating func add(_ request: Hash32, outputBytes: UInt64) {
            guard requests.insert(request).inserted else { return }
            self.outputBytes &+= outputBytes
        }
    }

    /// A decided job.
    struct Run {
        let commitment: Hash32
        /// The first part of the sealed result; the result key derives from it.
        let salt: [UInt8]
        /// Hash of the key that the requester signed: the only one that the result is opened to.
        let recipient: Hash32
        /// `nil` once the job is opened, or when too many newer ones are kept.
        var sealedResult: [UInt8]?
        var isOpened = false
    }

    /// How many sealed results are kept in memory.
    private static let keptResults = 20_000
    /// How often one subscription may be run again.
    static let maximumRuns = 64

    private var log: VaultLog
    private let platform: String
    private var content: Content

    private struct Content {
        var identity: WireVaultIdentity?
        var head: WireVaultHead?
        var keys: [KeyName: SubjectKey] = [:]
        var uses: [Hash32: Uses] = [:]
        var runs: [Hash32: [Run]] = [:]
        var kept: [Hash32] = []
        var keptStart = 0

        mutating func apply(_ entry: WireVaultEntry) throws(VaultError) {
            switch entry.change {
            case .enrolled(let key): try apply(key, version: entry.version)
            case .used(let use):
                guard let grant = Hash32(use.grant), let request = Hash32(use.request) else { throw .damaged }
                uses[grant, default: Uses()].add(request, outputBytes: use.outputBytes)
            case .head(let newHead): head = newHead
            case .identity(let newIdentity):
                guard identity == nil else { throw .damaged }
                identity = newIdentity
            case .run(let run): try apply(run)
            case .punctured, .recovery, .replica, nil: throw .damaged
            }
        }

        private mutating func apply(_ wire: WireVaultKey, version: UInt64) throws(VaultError) {
            guard let subject = Address(wire.subject), let key = try? AuthenticatedEncryption.key(wire.subjectKey) else { throw .damaged }
            let commitment = EnclaveStatement.subjectKeyCommitment(key: [UInt8](wire.subjectKey), salt: [UInt8](wire.salt))
            keys[KeyName(subject: subject, dataset: wire.dataset)] = SubjectKey(key: key, commitment: commitment, version: version)
        }

        private mutating func apply(_ wire: WireVaultRun) throws(VaultError) {
            guard let request = Hash32(wire.request), let commitment = Hash32(wire.commitment) else { throw .damaged }
            if wire.opened {
                guard let index = runs[request]?.firstIndex(where: { $0.commitment == commitment }) else { throw .damaged }
                runs[request]?[index].isOpened = true
                runs[request]?[index].sealedResult = nil
                return
            }
            // A run from before recipients were kept is never opened: its requester is refunded.
            guard wire.sealedResult.count >= 32, let recipient = wire.recipient.isEmpty ? .zero : Hash32(wire.recipient) else {
                throw .damaged
            }
            let sealed = [UInt8](wire.sealedResult)
            runs[request, default: []].append(
                Run(commitment: commitment, salt: Array(sealed[..<32]), recipient: recipient, sealedResult: sealed))
            keep(request)
        }

        /// Drops the oldest sealed result when there are too many: its job's deadline is long past.
        private mutating func keep(_ request: Hash32) {
            kept.append(request)
            guard kept.count - keptStart > Vault.keptResults else { return }
            let oldest = kept[keptStart]
            keptStart += 1
            if let index = runs[oldest]?.firstIndex(where: { $0.sealedResult != nil }) { runs[oldest]?[index].sealedResult = nil }
            if keptStart > Vault.keptResults {
                kept.removeFirst(keptStart)
                keptStart = 0
            }
        }
    }

    /// Opens the vault in `storage`, sealed with `key`.
    init(storage: any VaultStorage, key: SymmetricKey, platform: String) throws(VaultError) {
        var content = Content()
        log = try VaultLog(storage: storage, key: key, platform: platform) { (entry) throws(VaultError) in try content.apply(entry) }
        self.content = content
        self.platform = platform
    }

    var version: UInt64 { log.version }
    var root: Hash32 { log.root }
    /// Bytes on disk.
    var length: Int { log.length }
    var identity: WireVaultIdentity? { content.identity }
    /// The newest header that is safe.
    var head: WireVaultHead? { content.head }
    var enrolled: Int { content.keys.count }

    func key(_ name: KeyName) -> SubjectKey? { content.keys[name] }
    /// The requests that have used `grant`.
    func uses(of grant: Hash32) -> Uses { content.uses[grant] ?? Uses() }
    /// The runs of `request`, oldest first; more than one only for subscriptions.
    func runs(of request: Hash32) -> [Run] { content.runs[request] ?? [] }

    /// Makes `changes` durable as one batch, then visible; returns their versions, in order.
    @discardableResult
    mutating func append(_ changes: [WireVaultEntry.OneOf_Change]) throws(VaultError) -> [UInt64] {
        let entries = try log.append(changes, platform: platform)
        for entry in entries { try content.apply(entry) }
        return entries.map(\.version)
    }

    /// The log as it is on disk.
    func contents() throws(VaultError) -> [UInt8] { try log.contents() }
}
