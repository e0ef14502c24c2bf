import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Which enclaves a request names when several have to come to its result.
package enum EnclaveChoice {
    /// As many of `candidates` as `requirements` demand, as different as they demand; `nil` when there are not so many.
    ///
    /// The candidates are few, so trying is cheap: the first that fit, in their order.
    /// - Returns: sorted by id, as a request names them.
    package static func pick(_ candidates: [WireEnclave], _ requirements: EnclaveRequirements) -> [WireEnclave]? {
        let fitting = candidates.filter { (try? requirements.check($0)) != nil }
        var chosen: [WireEnclave] = []
        guard extend(&chosen, with: fitting[...], requirements) else { return nil }
        return chosen.sorted { $0.id.lexicographicallyPrecedes($1.id) }
    }

    private static func extend(
        _ chosen: inout [WireEnclave], with rest: ArraySlice<WireEnclave>, _ requirements: EnclaveRequirements
    ) -> Bool {
        guard chosen.count < requirements.confirmations else { return true }
        for (position, candidate) in zip(rest.indices, rest) {
            guard chosen.allSatisfy({ requirements.differ($0, candidate) }) else { continue }
            chosen.append(candidate)
            if extend(&chosen, with: rest[(position + 1)...], requirements) { return true }
            chosen.removeLast()
        }
        return false
    }
}

extension NodeClient {
    /// The active enclaves of the chain whose vaults hold the subject's key for `dataset`, in the order of their ids.
    package func enclaves(holding subject: Address, dataset: String) async throws -> [WireEnclave] {
        guard let value = try await state(StateKey.holdings(subject)).value,
            let holdings = try? WireHoldings(strictly: [UInt8](value), limit: Limits.stateValue)
        else { return [] }
        let keys = holdings.datasets.first { $0.dataset == dataset }?.keys ?? []
        let vaults = Set(keys.filter { !$0.destroyed }.map(\.vault))
        var found: [WireEnclave] = []
        for item in try await list("enclaves", limit: 1_024) where item["status"]?.text == "active" {
            guard let id = item["id"]?.text.flatMap({ Hash32(hex: $0) }), let enclave = try await enclave(id) else { continue }
            if vaults.contains(enclave.vault.isEmpty ? enclave.id : enclave.vault) { found.append(enclave) }
        }
        return found
    }
}
