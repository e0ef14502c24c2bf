import ChainTypes
import Crypto
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import Primitives
import WireTypes

/// What the enclaves of one vault tell each other of their logs: keys, what was counted against grants, and runs that may still be opened.
extension Vault {
    /// `entry` as the others need it; `nil` when they do not.
    func shared(_ entry: WireVaultEntry) -> WireVaultEntry? {
        switch entry.change {
        case .enrolled, .used: return entry
        case .run(let run):
            guard !run.opened else { return entry }
            guard let job = Hash32(run.request), !run.erased, !run.sources.isEmpty, !runs(of: job).contains(where: \.isOpened) else {
                return nil
            }
            var (shared, left) = (entry, run)
            // The result itself is with the nodes: whoever opens it is shown it.
            left.sealedResult = run.sealedResult.prefix(Sidecar.saltBytes)
            shared.change = .run(left)
            return shared
        default: return nil
        }
    }

    /// What of another enclave's `entries` is not here yet. What is here stays: a key is never replaced. What was erased does not come in.
    /// - Throws: `badPart` for an entry that is not well formed.
    func missing(_ entries: [WireVaultEntry]) throws(EnclaveError) -> [WireVaultEntry.OneOf_Change] {
        var changes: [WireVaultEntry.OneOf_Change] = []
        var new: Set<KeyName> = []
        for entry in entries {
            switch entry.change {
            case .enrolled(let key):
                guard let name = KeyName(key), (1...Limits.identifier).contains(key.dataset.utf8.count), SubjectKey(key, version: 0) != nil
                else { throw .badPart }
                if self.key(name) == nil, new.insert(name).inserted { changes.append(.enrolled(tombstones.remainder(of: key))) }
            case .used(let use):
                guard let grant = Hash32(use.grant), let request = Hash32(use.request) else { throw .badPart }
                if !uses(of: grant).requests.contains(request) { changes.append(.used(use)) }
            case .run(let run): if let run = try missing(run) { changes.append(.run(run)) }
            default: throw .badPart
            }
        }
        return changes
    }

    private func missing(_ run: WireVaultRun) throws(EnclaveError) -> WireVaultRun? {
        guard let job = Hash32(run.request), let commitment = Hash32(run.commitment) else { throw .badPart }
        let known = runs(of: job).first { $0.commitment == commitment }
        guard !run.opened else {
            guard let known, !known.isOpened else { return nil }
            return WireVaultRun.opened(job, commitment)
        }
        guard Hash32(run.recipient) != nil, run.sealedResult.count == Sidecar.saltBytes, !run.erased,
            [0, 32].contains(run.resultKey.count),
            (1...EnclaveLimits.contributions).contains(run.sources.count), let sources = run.sources.vaultSources(dataset: run.dataset)
        else { throw .badPart }
        guard known == nil else { return nil }
        return sources.contains(where: tombstones.isDestroyed) ? run.erasedRemainder : run
    }
}
