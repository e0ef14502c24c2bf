import ChainTypes
import EnclaveProtocol
import FoundationEssentials
import Logging
import Primitives
import Synchronization
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
            guard let maker = Hash32(package.enclave), let vault = Hash32(package.vault) else { throw EnclaveError.badPackage }
            let (source, epoch) = try await host.onThread {
                (try builder.proven(StateKey.enclave(maker)), try builder.proven(StateKey.vaultEpoch(vault)))
            }
            // It follows the chain's erasures from where the package left them, and only then serves again.
            return try await host.perform { connection in
                var command = WireImportRecoveryCommand()
                (command.package, command.source, command.epoch) = (package, source, epoch)
                return try connection.importRecovery(command)
            }
        }
        return answer.enrolled
    }

    /// Shows the enclave the plans since the one that it knows, when the chain has a newer one.
    func followRecoveryPlan(_ builder: EvidenceBuilder) async throws {
        let known = max(status.recoveryPlan, state.withLock { $0.shownPlan })
        let plans: [Data] = try await onThread {
            guard let bytes = try builder.value(StateKey.recoveryPlan) else { return [] }
            let present = try WireRecoveryPlan(strictly: bytes, limit: Limits.stateValue)
            guard present.version > known else { return [] }
            return try (known + 1...present.version).compactMap { version in
                try builder.value(StateKey.recoveryPlan(version: version)).map { Data($0) }
            }
        }
        guard !plans.isEmpty else { return }
        state.withLock { $0.shownPlan = known + UInt32(plans.count) }
        do {
            let version = try await perform { connection in
                var command = WireFollowRecoveryPlanCommand()
                command.plans = plans
                return try connection.followRecoveryPlan(command).version
            }
            state.withLock { $0.status.recoveryPlan = version }
            log.notice("The enclave has followed the chain's recovery holders.", metadata: ["plan": "\(version)"])
        } catch let refusal as Refusal {
            // It goes on to serve: it makes no packages, and gives keys to no build that new holders approve of.
            log.warning("The enclave does not follow the chain's recovery holders.", metadata: ["error": "\(refusal.text)"])
        }
    }
}
