import ChainTypes
import FoundationEssentials
import Primitives
import WireTypes

/// Which enclaves hold a vault's keys: the first, whose name the vault has, and its replicas in the order of their announcement.
package enum VaultMembers {
    package static func of(_ vault: Data, _ state: inout ModuleState) throws -> [Hash32] {
        guard let first = Hash32(vault) else { return [] }
        let replicas = try state.value(StateKey.vaultMembers(first)) ?? []
        return [first] + stride(from: 0, to: replicas.count, by: 32).compactMap { Hash32(replicas[$0..<$0 + 32]) }
    }

    /// Adds a replica, once.
    static func add(_ enclave: Hash32, to vault: Hash32, _ state: inout ModuleState) throws {
        guard try !of(.init(vault.bytes), &state).contains(enclave) else { return }
        let replicas = try state.value(StateKey.vaultMembers(vault)) ?? []
        state.set(StateKey.vaultMembers(vault), bytes: replicas + enclave.bytes)
    }
}
