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
struct ReplicaPeer: Sendable, Equatable {
    let id: Hash32
    let vault: Hash32
    let version: UInt64
    /// How many subject keys it holds.
    let enrolled: UInt32
    /// Whether an enclave without keys takes over its vault even when there are none in it.
    let leads: Bool
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
