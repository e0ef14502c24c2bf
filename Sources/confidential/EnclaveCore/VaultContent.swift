import ChainTypes
import Crypto
import Cryptography
import FoundationEssentials
import PlatformProtocol
import Primitives
import WireTypes

/// What the entries of a vault's log add up to.
struct VaultContent {
    /// How many sealed results are kept in memory.
    private static let keptResults = 20_000

    private(set) var identity: WireVaultIdentity?
    private(set) var head: WireVaultHead?
    private(set) var keys: [Vault.KeyName: Vault.SubjectKey] = [:]
    private(set) var uses: [Hash32: Vault.Uses] = [:]
    private(set) var runs: [Hash32: [Vault.Run]] = [:]
    /// How much of the chain's puncture log is applied.
    private(set) var punctures = PunctureChain()
    /// Of the log: what keys that come later are punctured by.
    private(set) var tombstones = Tombstones()
    private(set) var recoveryEpoch: UInt64 = 0
    private(set) var replica: WireVaultReplica?
    private(set) var recoveryPlan: WireRecoveryPlan?
    private(set) var builds: [Vault.Build: UInt64] = [:]
    /// What result keys derive from; before there is an identity, of something that nobody has.
    private(set) var resultSecret = ResultSecret()
    /// Versions of the newest entries with a header, and with whose keys these are.
    private(set) var headVersion: UInt64 = 0
    private(set) var replicaVersion: UInt64 = 0
    /// Version of the entry with which the log was last written anew: results from before it have no key but their own.
    private(set) var rewrittenAt: UInt64 = 0
    private var kept: [(request: Hash32, commitment: Hash32)] = []
    private var keptStart = 0

    mutating func apply(_ entry: WireVaultEntry) throws(VaultError) {
        switch entry.change {
        case .enrolled(let key): try apply(key, version: entry.version)
        case .used(let use):
            guard let grant = Hash32(use.grant), let request = Hash32(use.request) else { throw .damaged }
            uses[grant, default: Vault.Uses()].add(request, outputBytes: use.outputBytes)
        case .head(let newHead): (head, headVersion) = (newHead, entry.version)
        case .identity(let newIdentity):
            guard identity == nil, let secret = ResultSecret(newIdentity.resultSecret) else { throw .damaged }
            (identity, resultSecret) = (newIdentity, secret)
        case .run(let run): try apply(run, version: entry.version)
        case .punctured(let wire):
            guard let hash = Hash32(wire.hash), wire.sequence >= punctures.count else { throw .damaged }
            (punctures, rewrittenAt) = (PunctureChain(count: wire.sequence, hash: hash), entry.version)
        case .tombstone(let puncture): tombstones.add(puncture)
        case .recovery(let recovery):
            guard recovery.epoch > recoveryEpoch else { throw .damaged }
            recoveryEpoch = recovery.epoch
        case .replica(let wire): try apply(wire, version: entry.version)
        case .recoveryPlan(let plan):
            guard plan.version > recoveryPlan?.version ?? 0, plan.isWellFormed else { throw .damaged }
            recoveryPlan = plan
        case .measurement(let wire):
            guard let measurement = Hash32(wire.measurement) else { throw .damaged }
            let build = Vault.Build(platform: wire.platform, measurement: measurement)
            guard builds[build] == nil else { throw .damaged }
            builds[build] = wire.height
        case nil: throw .damaged
        }
    }

    private mutating func apply(_ wire: WireVaultReplica, version: UInt64) throws(VaultError) {
        guard Hash32(wire.vault) != nil, Hash32(wire.source) != nil, let secret = ResultSecret(wire.vaultSecret) else { throw .damaged }
        if wire.recovered, replica?.recovered != true {
            // The keys of a package have seen no more of the log than the package.
            guard let hash = Hash32(wire.punctureHash) else { throw .damaged }
            punctures = PunctureChain(count: wire.punctures, hash: hash)
        }
        recoveryEpoch = max(recoveryEpoch, wire.recoveryEpoch)
        (replica, replicaVersion, resultSecret) = (wire, version, secret)
    }

    private mutating func apply(_ wire: WireVaultKey, version: UInt64) throws(VaultError) {
        guard let name = Vault.KeyName(wire), let key = Vault.SubjectKey(wire, version: version) else { throw .damaged }
        keys[name] = key
        tombstones.keyArrived(name)
    }

    private mutating func apply(_ wire: WireVaultRun, version: UInt64) throws(VaultError) {
        guard let request = Hash32(wire.request), let commitment = Hash32(wire.commitment) else { throw .damaged }
        if wire.opened {
            guard let index = runs[request]?.firstIndex(where: { $0.commitment == commitment }) else { throw .damaged }
            runs[request]?[index].isOpened = true
            runs[request]?[index].forget()
            return
        }
        guard let recipient = Hash32(wire.recipient) else { throw .damaged }
        guard !wire.erased else {
            let run = Vault.Run(commitment: commitment, salt: [], recipient: recipient, version: version, isErased: true)
            runs[request, default: []].append(run)
            return
        }
        guard wire.sealedResult.count >= Sidecar.saltBytes, let sources = wire.sources.vaultSources(dataset: wire.dataset) else {
            throw .damaged
        }
        let sealed = [UInt8](wire.sealedResult)
        var run = Vault.Run(
            commitment: commitment, salt: Array(sealed[..<Sidecar.saltBytes]), recipient: recipient, version: version, sources: sources)
        if !wire.resultKey.isEmpty {
            guard let key = try? AuthenticatedEncryption.key(wire.resultKey) else { throw .damaged }
            run.resultKey = key
        }
        run.isOwn = sealed.count > Sidecar.saltBytes
        if run.isOwn { run.sealedResult = sealed }
        if run.isOwn || !sources.isEmpty { keep(request, commitment) }
        runs[request, default: []].append(run)
    }

    /// Drops the oldest sealed result when there are too many: its job's deadline is long past.
    private mutating func keep(_ request: Hash32, _ commitment: Hash32) {
        kept.append((request, commitment))
        guard kept.count - keptStart > Self.keptResults else { return }
        let oldest = kept[keptStart]
        keptStart += 1
        if let index = runs[oldest.request]?.firstIndex(where: { $0.commitment == oldest.commitment }) {
            runs[oldest.request]?[index].forget()
        }
        if keptStart > Self.keptResults {
            kept.removeFirst(keptStart)
            keptStart = 0
        }
    }
}

extension Vault.Run {
    /// Drops what only an unopened result needs. Its key goes from the log when that is written anew.
    fileprivate mutating func forget() { (sealedResult, sources) = (nil, []) }
}

extension [WireVaultRunSource] {
    /// The record keys they name; `nil` when one is not well formed.
    func vaultSources(dataset: String) -> [Vault.RecordKeyName]? {
        let sources = compactMap { source in
            Address(source.subject).map {
                Vault.RecordKeyName(key: Vault.KeyName(subject: $0, dataset: dataset, epoch: source.keyEpoch), leaf: source.keyIndex)
            }
        }
        return sources.count == count ? sources : nil
    }
}
