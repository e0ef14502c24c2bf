import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What a stretch of the puncture log means for one vault: which keys are left of which, and which results go.
struct ErasurePlan {
    /// What remains of the keys that are concerned; `nil` for nothing.
    private let remainders: [Vault.KeyName: RecordKeyTree?]
    /// Commitments of the runs whose results go.
    private let erasedRuns: Set<Hash32>
    /// Commitments of the runs that are opened: of their results only the salt is needed.
    private let openedRuns: Set<Hash32>

    /// Whether the vault holds nothing that is concerned.
    var isEmpty: Bool { remainders.isEmpty && erasedRuns.isEmpty }

    init(_ punctures: [WirePuncture], keys: [Vault.KeyName: Vault.SubjectKey], runs: [Hash32: [Vault.Run]]) {
        var (subjects, datasets, leaves): (Set<Address>, Set<Vault.KeyName>, [Vault.KeyName: Set<UInt32>]) = ([], [], [:])
        for puncture in punctures {
            guard let subject = Address(puncture.subject) else { continue }
            switch puncture.kind {
            case .subject: subjects.insert(subject)
            case .dataset: datasets.insert(Vault.KeyName(subject: subject, dataset: puncture.dataset))
            case .record:
                let name = Vault.KeyName(subject: subject, dataset: puncture.dataset, epoch: puncture.keyEpoch)
                leaves[name, default: []].insert(puncture.keyIndex)
            case .unspecified, .UNRECOGNIZED: continue
            }
        }
        func isDestroyed(_ name: Vault.KeyName) -> Bool {
            subjects.contains(name.subject) || datasets.contains(Vault.KeyName(subject: name.subject, dataset: name.dataset))
        }
        var remainders: [Vault.KeyName: RecordKeyTree?] = [:]
        for (name, key) in keys {
            guard var tree = key.tree else { continue }
            if isDestroyed(name) {
                remainders[name] = .some(nil)
            } else if let punctured = leaves[name] {
                for leaf in punctured.sorted() { try? tree.puncture(leaf) }
                remainders[name] = tree
            }
        }
        var (erased, opened): (Set<Hash32>, Set<Hash32>) = ([], [])
        for run in runs.values.joined() {
            if run.sources.contains(where: { isDestroyed($0.key) || leaves[$0.key]?.contains($0.leaf) == true }) {
                erased.insert(run.commitment)
            }
            if run.isOpened { opened.insert(run.commitment) }
        }
        (self.remainders, erasedRuns, openedRuns) = (remainders, erased, opened)
    }

    /// What is left of an entry; `nil` for nothing.
    /// - Parameter newestHead: version of the entry with the newest header; older ones go.
    func remainder(of entry: WireVaultEntry, newestHead: UInt64?) -> WireVaultEntry? {
        var entry = entry
        switch entry.change {
        case .enrolled(let key): entry.change = .enrolled(remainder(of: key, version: entry.version))
        case .run(let run): entry.change = .run(remainder(of: run))
        case .head where entry.version != newestHead: return nil
        case .punctured: return nil
        case .head, .used, .identity, .recovery, .replica, .tombstone, .recoveryPlan, .measurement, nil: break
        }
        return entry
    }

    private func remainder(of key: WireVaultKey, version: UInt64) -> WireVaultKey {
        guard let subject = Address(key.subject), let stored = Vault.SubjectKey(key, version: version),
            let remainder = remainders[Vault.KeyName(subject: subject, dataset: key.dataset, epoch: key.keyEpoch)]
        else { return key }
        var left = key
        left.subjectKey = .init()
        left.salt = .init()
        left.nodes = remainder?.wire ?? []
        left.commitment = .init(stored.commitment.bytes)
        return left
    }

    private func remainder(of run: WireVaultRun) -> WireVaultRun {
        guard !run.opened, let commitment = Hash32(run.commitment) else { return run }
        var left = run
        if erasedRuns.contains(commitment) {
            left.erased = true
            (left.sealedResult, left.sources) = (.init(), [])
        } else if openedRuns.contains(commitment) {
            (left.sealedResult, left.sources) = (run.sealedResult.prefix(Sidecar.saltBytes), [])
        }
        return left
    }
}
