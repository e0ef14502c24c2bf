import ChainTypes
import Crypto
import Cryptography
import FoundationEssentials
import PlatformProtocol
import Primitives
import WireTypes

/// What an enclave must not forget, until the chain tells it to: its identity, the subjects' keys, every use and run, and the chain's
/// last known header.
///
/// Everything is in memory; the log makes it durable. A change is visible only after it is durable.
struct Vault: ~Copyable {
    /// Whose key for what.
    struct KeyName: Hashable {
        let subject: Address
        let dataset: String
        /// Which of the subject's keys for the dataset, from 0.
        let epoch: UInt32

        init(subject: Address, dataset: String, epoch: UInt32 = 0) { (self.subject, self.dataset, self.epoch) = (subject, dataset, epoch) }
    }

    /// The key of one record.
    struct RecordKeyName: Hashable {
        let key: KeyName
        let leaf: UInt32
    }

    struct SubjectKey {
        /// What is left of the record keys; `nil` once they are destroyed.
        let tree: RecordKeyTree?
        /// What the chain knows of it; stays when the key is gone.
        let commitment: Hash32
        /// The vault's version when it was enrolled.
        let version: UInt64
    }

    /// A build of the enclave on a platform.
    struct Build: Hashable {
        let platform: String
        let measurement: Hash32
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
        /// The vault's version when it was entered.
        let version: UInt64
        /// `nil` once the job is opened, when too many newer ones are kept, and for another enclave's.
        var sealedResult: [UInt8]?
        /// The record keys it needed, as long as it may be opened.
        var sources: [RecordKeyName] = []
        /// Of a result from before an erasure that did not concern it.
        var resultKey: SymmetricKey?
        /// Made here: another enclave's is known by its salt.
        var isOwn = false
        var isOpened = false
        /// A record that it was made from was erased: it is never opened.
        var isErased = false
    }

    /// How often one subscription may be run again.
    static let maximumRuns = 64

    private var log: VaultLog
    private var content: VaultContent

    /// Opens the vault in `storage`, whose storage key is sealed with the platform's `sealingKey`.
    init(storage: any VaultStorage, sealingKey: SymmetricKey, platform: String) throws(VaultError) {
        var content = VaultContent()
        log = try VaultLog(storage: storage, sealingKey: sealingKey, platform: platform) { (entry) throws(VaultError) in
            try content.apply(entry)
        }
        self.content = content
    }

    var version: UInt64 { log.version }
    var root: Hash32 { log.root }
    /// Bytes on disk.
    var length: Int { log.length }
    var identity: WireVaultIdentity? { content.identity }
    /// The newest header that is safe.
    var head: WireVaultHead? { content.head }
    /// How many subject keys are not destroyed.
    var enrolled: Int { content.keys.values.count { $0.tree != nil } }
    /// How much of the chain's puncture log is applied.
    var punctures: PunctureChain { content.punctures }
    /// Packages of recovery epochs below this one may hold what is erased since.
    var recoveryEpoch: UInt64 { content.recoveryEpoch }
    /// What keys that come are punctured by.
    var tombstones: Tombstones { content.tombstones }
    /// What the keys of results that are sealed now derive from.
    var resultSecret: ResultSecret { content.resultSecret }
    /// Whose keys these are, if they were taken over from another enclave.
    var replica: WireVaultReplica? { content.replica }
    /// The newest recovery plan that it has followed to; `nil` as long as that is the genesis's.
    var recoveryPlan: WireRecoveryPlan? { content.recoveryPlan }
    /// The builds that only the quorum vouches for, with the height at which each was first shown.
    var builds: [Build: UInt64] { content.builds }
    /// Whether it never held anything of a subject.
    var isFresh: Bool { content.keys.isEmpty && content.runs.isEmpty }

    func key(_ name: KeyName) -> SubjectKey? { content.keys[name] }
    /// The requests that have used `grant`.
    func uses(of grant: Hash32) -> Uses { content.uses[grant] ?? Uses() }
    /// The runs of `request`, oldest first; more than one only for subscriptions.
    func runs(of request: Hash32) -> [Run] { content.runs[request] ?? [] }

    /// The key of a sealed result; `nil` when it went with the keys that were destroyed since.
    func resultKey(of run: Run, job: Hash32) -> SymmetricKey? {
        if let key = run.resultKey { return key }
        // What is not entered since the secret's last step derives from one that is gone.
        guard run.version > content.rewrittenAt else { return nil }
        return content.resultSecret.resultKey(job: job, recipient: run.recipient, salt: run.salt)
    }

    /// Makes `changes` durable as one batch, then visible; returns their versions, in order.
    @discardableResult
    mutating func append(_ changes: [WireVaultEntry.OneOf_Change]) throws(VaultError) -> [UInt64] {
        let entries = try log.append(changes)
        for entry in entries { try content.apply(entry) }
        return entries.map(\.version)
    }

    /// Destroys what `punctures`, the next entries of the chain's log, ask for, up to `end`, and remembers them for keys that come later.
    ///
    /// The log is written anew under another storage key, without what is erased and with the result secret of the step after: when this
    /// returns, nothing in the vault's files opens either. A new recovery epoch begins if anything here is concerned.
    /// - Parameter height: of the header that proves the log.
    mutating func apply(_ punctures: [WirePuncture], upTo end: PunctureChain, at height: UInt64) throws(VaultError) {
        var applied = WireVaultPuncture()
        (applied.sequence, applied.hash, applied.height) = (end.count, .init(end.hash.bytes), height)
        let plan = ErasurePlan(punctures, content, upTo: end)
        var changes = plan.tombstones.map { WireVaultEntry.OneOf_Change.tombstone($0) }
        changes.append(.punctured(applied))
        if !plan.isEmpty {
            var recovery = WireVaultRecovery()
            // The number is the log's, so that all enclaves of a vault count alike.
            recovery.epoch = end.count
            changes.append(.recovery(recovery))
        }
        let entries = try log.rewrite(keep: { plan.remainder(of: $0) }, changes: changes)
        var content = VaultContent()
        for entry in entries { try content.apply(entry) }
        self.content = content
    }

    /// The entries after `version`, oldest first: what a replica that has read up to it lacks. Nothing erased is in them.
    func entries(after version: UInt64) throws(VaultError) -> [WireVaultEntry] { try log.entries(after: version) }

    /// The log as it is on disk.
    func contents() throws(VaultError) -> [UInt8] { try log.contents() }
}

extension Vault.SubjectKey {
    /// The key of its entry: whole, punctured, or destroyed with only its commitment left.
    init?(_ wire: WireVaultKey, version: UInt64) {
        guard wire.nodes.isEmpty else {
            guard wire.subjectKey.isEmpty, let commitment = Hash32(wire.commitment), let tree = RecordKeyTree(wire.nodes) else {
                return nil
            }
            self.init(tree: tree, commitment: commitment, version: version)
            return
        }
        guard !wire.subjectKey.isEmpty else {
            guard let commitment = Hash32(wire.commitment) else { return nil }
            self.init(tree: nil, commitment: commitment, version: version)
            return
        }
        guard let key = try? AuthenticatedEncryption.key(wire.subjectKey) else { return nil }
        let commitment = EnclaveStatement.subjectKeyCommitment(key: [UInt8](wire.subjectKey), salt: [UInt8](wire.salt))
        self.init(tree: RecordKeyTree(subjectKey: key), commitment: commitment, version: version)
    }
}

extension RecordKeyTree {
    /// The tree that `nodes` are left of; `nil` when they are not those of a tree.
    init?(_ nodes: [WireKeyTreeNode]) {
        let decoded = nodes.compactMap { node in
            (try? AuthenticatedEncryption.key(node.key)).map { Node(level: Int(clamping: node.level), index: node.index, key: $0) }
        }
        guard decoded.count == nodes.count, let tree = try? RecordKeyTree(nodes: decoded) else { return nil }
        self = tree
    }

    /// What is left of the tree, as entries hold it.
    var wire: [WireKeyTreeNode] {
        nodes.map { node in
            var wire = WireKeyTreeNode()
            wire.level = UInt32(node.level)
            wire.index = node.index
            wire.key = .init(node.key.withUnsafeBytes { [UInt8]($0) })
            return wire
        }
    }
}
