import ChainTypes
import Crypto
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What a stretch of the puncture log means for one vault: what is left of each entry of its log (docs/spec/erasure.md §3).
struct ErasurePlan {
    /// What all of the log says.
    private let all: Tombstones
    /// How many entries it has: so many steps the result secret takes.
    private let steps: UInt64
    /// From before.
    private let secret: ResultSecret
    /// What remains of the keys that are concerned; `nil` for nothing.
    private let remainders: [Vault.KeyName: RecordKeyTree?]
    private let concernsRuns: Bool
    /// Jobs of which a run was opened: of all their results only the salts are needed.
    private let openedJobs: Set<Hash32>
    /// Versions of the newest entries of their kinds; older ones go.
    private let newestHead: UInt64
    private let newestReplica: UInt64
    private let here: Set<Vault.KeyName>

    /// Whether the vault holds nothing that is concerned.
    var isEmpty: Bool { remainders.isEmpty && !concernsRuns }
    /// What keys that come later are punctured by.
    let tombstones: [WirePuncture]

    init(_ punctures: [WirePuncture], _ content: VaultContent, upTo end: PunctureChain) {
        let new = Tombstones(punctures)
        var all = content.tombstones
        for puncture in punctures { all.add(puncture) }
        self.all = all
        steps = end.count - content.punctures.count
        (secret, newestHead, newestReplica) = (content.resultSecret, content.headVersion, content.replicaVersion)
        var remainders: [Vault.KeyName: RecordKeyTree?] = [:]
        for (name, key) in content.keys {
            guard let tree = key.tree, new.concern(name) else { continue }
            remainders[name] = .some(new.remainder(of: tree, name))
        }
        self.remainders = remainders
        let here = Set(content.keys.keys)
        self.here = here
        var opened: Set<Hash32> = []
        var concernsRuns = false
        for (job, runs) in content.runs {
            if runs.contains(where: \.isOpened) { opened.insert(job) }
            if runs.contains(where: { $0.sources.contains(where: new.isDestroyed) }) { concernsRuns = true }
        }
        (openedJobs, self.concernsRuns) = (opened, concernsRuns)
        tombstones = punctures.filter { !all.supersede($0, here: here.contains) }.map { puncture in
            var tombstone = puncture
            tombstone.erasure = .init()
            return tombstone
        }
    }

    /// What is left of an entry; `nil` for nothing.
    func remainder(of entry: WireVaultEntry) -> WireVaultEntry? {
        var entry = entry
        switch entry.change {
        case .enrolled(let key): entry.change = .enrolled(remainder(of: key, version: entry.version))
        case .run(let run): entry.change = .run(remainder(of: run))
        case .identity(var identity):
            identity.resultSecret = stepped(identity.resultSecret)
            entry.change = .identity(identity)
        case .replica(var replica):
            guard entry.version == newestReplica else { return nil }
            replica.vaultSecret = stepped(replica.vaultSecret)
            entry.change = .replica(replica)
        case .head where entry.version != newestHead: return nil
        case .tombstone(let tombstone) where all.supersede(tombstone, here: here.contains): return nil
        case .punctured: return nil
        case .head, .used, .recovery, .tombstone, .recoveryPlan, .measurement, nil: break
        }
        return entry
    }

    private func stepped(_ secret: Data) -> Data { ResultSecret(secret)?.stepped(steps).bytes ?? .init() }

    private func remainder(of key: WireVaultKey, version: UInt64) -> WireVaultKey {
        guard let name = Vault.KeyName(key), let remainder = remainders[name],
            let stored = Vault.SubjectKey(key, version: version)
        else { return key }
        return key.reduced(to: remainder, commitment: stored.commitment)
    }

    private func remainder(of run: WireVaultRun) -> WireVaultRun {
        guard !run.opened, !run.erased, let job = Hash32(run.request) else { return run }
        // What the entry says counts, not what is kept of it in memory.
        let sources = run.sources.vaultSources(dataset: run.dataset) ?? []
        if sources.contains(where: all.isDestroyed) { return run.erasedRemainder }
        var left = run
        if openedJobs.contains(job) {
            left.sealedResult = run.sealedResult.prefix(Sidecar.saltBytes)
            (left.sources, left.dataset, left.resultKey) = ([], "", .init())
        } else if run.resultKey.isEmpty, let recipient = Hash32(run.recipient) {
            let key = secret.resultKey(job: job, recipient: recipient, salt: [UInt8](run.sealedResult.prefix(Sidecar.saltBytes)))
            left.resultKey = .init(key.withUnsafeBytes { [UInt8]($0) })
        }
        return left
    }
}

extension WireVaultRun {
    /// What is left of a run whose record is erased.
    var erasedRemainder: WireVaultRun {
        var left = self
        left.erased = true
        (left.sealedResult, left.sources, left.dataset, left.resultKey) = (.init(), [], "", .init())
        return left
    }
}
