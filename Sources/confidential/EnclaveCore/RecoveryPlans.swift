import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Whom the vault believes beside its subjects: the recovery holders of the genesis, and whoever these have put in their place
/// (docs/spec/vault.md §8). State is no source for it.
extension EnclaveMachine {
    /// Plans in one command.
    private static let plansPerCommand = 64
    /// The most builds that a vault takes note of.
    private static let mostBuilds = 256

    /// The newest plan that the vault has followed to; `nil` on a chain whose genesis has none.
    var recoveryPlan: WireRecoveryPlan? {
        guard let first = genesis.recoveryPlan else { return nil }
        return vault.recoveryPlan ?? first
    }

    /// Follows the chain's recovery plans, each approved by a threshold of the holders of the one before.
    mutating func followRecoveryPlan(_ command: WireFollowRecoveryPlanCommand) throws -> WireFollowRecoveryPlanAnswer {
        guard isServing else { throw EnclaveError.notServing }
        guard command.plans.count <= Self.plansPerCommand else { throw EnclaveError.tooMany }
        guard let known = recoveryPlan else { throw EnclaveError.noRecoveryPlan }
        var newest = known
        for bytes in command.plans {
            guard let plan = try? WireRecoveryPlan(strictly: [UInt8](bytes), limit: Limits.stateValue) else {
                throw EnclaveError.badRecoveryPlan
            }
            // A command that comes again shows what is known already.
            guard plan.version > newest.version else { continue }
            guard plan.follows(newest, chainID: chainID) else { throw EnclaveError.badRecoveryPlan }
            newest = plan
        }
        if newest.version > known.version { try record([.recoveryPlan(newest)]) }
        var answer = WireFollowRecoveryPlanAnswer()
        answer.version = newest.version
        return answer
    }

    /// The plan to make packages for: the vault's own, which must be the one that the chain has now.
    ///
    /// - Throws: `noRecoveryPlan`, or `recoveryPlanPending` until the vault has followed to the chain's.
    func presentPlan(_ proven: WireProvenValue) throws(EnclaveError) -> WireRecoveryPlan {
        guard let own = recoveryPlan else { throw .noRecoveryPlan }
        guard let shown: WireRecoveryPlan = try state.value(proven, at: StateKey.recoveryPlan),
            shown.version == own.version, shown.identifier == own.identifier
        else { throw .recoveryPlanPending }
        return own
    }

    /// The enclave as the chain knows it, if it may be given keys now; takes note of a build that only the quorum vouches for, when it is
    /// shown for the first time.
    ///
    /// - Throws: as `PeerChecks.admit`; `tooMany`.
    mutating func admit(_ identity: WireEnclaveIdentity, _ shown: PeerEvidence) throws -> WireEnclave {
        let checks = peerChecks
        if let build = try checks.unknownBuild(identity, shown) {
            guard vault.builds.count < Self.mostBuilds else { throw EnclaveError.tooMany }
            var note = WireVaultMeasurement()
            (note.platform, note.measurement) = (build.platform, .init(build.measurement.bytes))
            note.height = client.trusted.height
            try record([.measurement(note)])
        }
        return try peerChecks.admit(identity, shown)
    }

    /// Signs an announcement with the key of the package that this enclave has opened.
    func possess(_ message: inout WireAnnounceReplica, _ secret: Data) throws(EnclaveError) {
        guard let key = try? SigningKey.ed25519(seed: [UInt8](secret)) else { throw .internalFailure }
        message.possessionKey = .init(key.verificationKey.bytes)
        guard
            let signature = try? key.sign(EnclaveStatement.possession(chainID: chainID, message), context: .recoveryPossession)
        else { throw .internalFailure }
        message.possessionSignature = .init(signature)
    }
}
