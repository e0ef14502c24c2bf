import ChainTypes
import Primitives
import WireTypes

/// Another enclave that may hold the keys this one wants, wherever it is. What it answers is sealed and signed; whoever carries it learns
/// nothing and can only withhold.
protocol ReplicaSource: Sendable {
    /// What is known of it now; `nil` when it cannot be reached.
    func peer() async -> ReplicaPeer?
    /// One part of its vault, and fresh evidence of it.
    ///
    /// - Parameter request: offer, signature and version; the source's own node adds the proofs.
    func export(_ request: WireExportReplicaCommand, from id: Hash32) async throws -> WireImportReplicaCommand
}

/// An enclave as another one's node sees it.
package struct ReplicaPeer: Sendable, Equatable {
    package let id: Hash32
    package let vault: Hash32
    package let version: UInt64
    /// How many subject keys it holds.
    package let enrolled: UInt32
    /// Whether an enclave without keys takes over its vault even when there are none in it; `nil` when either might.
    package let leads: Bool?

    package init(id: Hash32, vault: Hash32, version: UInt64, enrolled: UInt32, leads: Bool?) {
        (self.id, self.vault, self.version, self.enrolled, self.leads) = (id, vault, version, enrolled, leads)
    }

    /// Whether an enclave without keys, `own`, takes over this one's vault. Of two that take over from each other the one with the lower
    /// identifier leads: both at once would only exchange their vaults.
    package func gives(_ own: Hash32) -> Bool { enrolled > 0 || (leads ?? (id < own)) }
}

/// Another enclave of the same node.
struct NearReplica: ReplicaSource {
    let host: EnclaveHost
    /// Of the two, the first in the configuration is asked.
    let leads: Bool

    func peer() async -> ReplicaPeer? {
        let status = host.status
        guard status.isServing, let id = status.id, let vault = status.vault else { return nil }
        return ReplicaPeer(id: id, vault: vault, version: status.vaultVersion, enrolled: status.enrolled, leads: leads)
    }

    func export(_ request: WireExportReplicaCommand, from id: Hash32) async throws -> WireImportReplicaCommand {
        try await host.export(request)
    }
}
