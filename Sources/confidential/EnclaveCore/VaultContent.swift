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
    private(set) var recoveryEpoch: UInt64 = 0
    private(set) var lastErasure: UInt64 = 0
    private(set) var replica: WireVaultReplica?
    private(set) var recoveryPlan: WireRecoveryPlan?
    private(set) var builds: [Vault.Build: UInt64] = [:]
    private var kept: [Hash32] = []
    private var keptStart = 0

    mutating func apply(_ entry: WireVaultEntry) throws(VaultError) {
        switch entry.change {
        case .enrolled(let key): try apply(key, version: entry.version)
        case .used(let use):
            guard let grant = Hash32(use.grant), let request = Hash32(use.request) else { throw .damaged }
            uses[grant, default: Vault.Uses()].add(request, outputBytes: use.outputBytes)
        case .head(let newHead): head = newHead
        case .identity(let newIdentity):
            guard identity == nil else { throw .damaged }
            identity = newIdentity
        case .run(let run): try apply(run)
        case .punctured(let wire):
            guard let hash = Hash32(wire.hash), wire.sequence >= punctures.count else { throw .damaged }
            punctures = PunctureChain(count: wire.sequence, hash: hash)
            lastErasure = max(lastErasure, wire.height)
        case .recovery(let recovery):
            guard recovery.epoch > recoveryEpoch else { throw .damaged }
            recoveryEpoch = recovery.epoch
        case .replica(let wire): try apply(wire)
        case .recoveryPlan(let plan):
            guard plan.version > recoveryPlan?.version ?? 0, plan.isWellFormed else { throw .damaged }
            recoveryPlan = plan
        case .measurement(let wire):
            guard let measurement = Hash32(wire.measurement) else { throw .damaged }
            let build = Vault.Build(platform: wire.platform, measurement: measurement)
            guard builds[build] == nil else { throw .damaged }
            builds[build] = wire.height
        case .tombstone, nil: throw .damaged
        }
    }

    private mutating func apply(_ wire: WireVaultReplica) throws(VaultError) {
        guard Hash32(wire.vault) != nil, Hash32(wire.source) != nil, wire.vaultSecret.count == 32 else { throw .damaged }
        if wire.recovered, replica?.recovered != true {
            // The keys of a package have seen no more of the log than the package.
            guard let hash = Hash32(wire.punctureHash) else { throw .damaged }
            punctures = PunctureChain(count: wire.punctures, hash: hash)
        }
        recoveryEpoch = max(recoveryEpoch, wire.recoveryEpoch)
        replica = wire
    }

    private mutating func apply(_ wire: WireVaultKey, version: UInt64) throws(VaultError) {
        guard let subject = Address(wire.subject), let key = Vault.SubjectKey(wire, version: version) else { throw .damaged }
        keys[Vault.KeyName(subject: subject, dataset: wire.dataset, epoch: wire.keyEpoch)] = key
    }

    private mutating func apply(_ wire: WireVaultRun) throws(VaultError) {
        guard let request = Hash32(wire.request), let commitment = Hash32(wire.commitment) else { throw .damaged }
        if wire.opened {
            guard let index = runs[request]?.firstIndex(where: { $0.commitment == commitment }) else { throw .damaged }
            runs[request]?[index].isOpened = true
            runs[request]?[index].forget()
            return
        }
        guard let recipient = Hash32(wire.recipient) else { throw .damaged }
        guard !wire.erased else {
            runs[request, default: []].append(Vault.Run(commitment: commitment, salt: [], recipient: recipient, isErased: true))
            return
        }
        guard wire.sealedResult.count >= Sidecar.saltBytes, let sources = wire.sources.vaultSources(dataset: wire.dataset) else {
            throw .damaged
        }
        let sealed = [UInt8](wire.sealedResult)
        var run = Vault.Run(commitment: commitment, salt: Array(sealed[..<Sidecar.saltBytes]), recipient: recipient)
        if sealed.count > Sidecar.saltBytes {
            (run.sealedResult, run.sources) = (sealed, sources)
            keep(request)
        }
        runs[request, default: []].append(run)
    }

    /// Drops the oldest sealed result when there are too many: its job's deadline is long past.
    private mutating func keep(_ request: Hash32) {
        kept.append(request)
        guard kept.count - keptStart > Self.keptResults else { return }
        let oldest = kept[keptStart]
        keptStart += 1
        if let index = runs[oldest]?.firstIndex(where: { $0.sealedResult != nil }) { runs[oldest]?[index].forget() }
        if keptStart > Self.keptResults {
            kept.removeFirst(keptStart)
            keptStart = 0
        }
    }
}

extension Vault.Run {
    /// Drops what only an unopened result needs.
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
