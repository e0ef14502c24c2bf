import ChainTypes
import EnclaveProtocol
import FoundationEssentials
import Primitives
import WireTypes

/// Packages for the day on which every enclave of the vault is lost (docs/spec/vault.md §8).
extension EnclaveHost {
    /// A new package. The caller keeps it; those before are of no use after the next erasure.
    package func exportRecovery() async throws -> WireRecoveryPackage {
        try await withTask { host, builder in
            let plan = try await host.onThread { try builder.proven(StateKey.recoveryPlan) }
            return try await host.perform { connection in
                var command = WireExportRecoveryCommand()
                command.plan = plan
                return try connection.exportRecovery(command).package
            }
        }
    }

    /// Gives a package to the enclave, which must not hold any keys yet; answers how many it holds then.
    package func recover(_ package: WireRecoveryPackage) async throws -> UInt32 {
        let answer = try await withTask { host, builder in
            guard let maker = Hash32(package.enclave) else { throw EnclaveError.badPackage }
            let source = try await host.onThread { try builder.proven(StateKey.enclave(maker)) }
            // It follows the chain's erasures from where the package left them, and only then serves again.
            return try await host.perform { connection in
                var command = WireImportRecoveryCommand()
                (command.package, command.source) = (package, source)
                return try connection.importRecovery(command)
            }
        }
        return answer.enrolled
    }
}
