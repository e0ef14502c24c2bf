import Attestation
import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import LightClient
import PlatformProtocol
import Primitives
import WireTypes

/// What a host shows about another enclave, all under the newest header.
struct PeerEvidence {
    /// The chain's `Enclave`.
    let enclave: WireProvenValue
    /// The `ReferenceValue` of its measurement.
    let reference: WireProvenValue
    /// An `EndorsementEntry` each, as many as its evidence needs.
    let endorsements: [WireProvenValue]
    /// The `AttestationRules`.
    let rules: WireProvenValue
    /// The recent block that the evidence answers.
    let challenge: WireProvenValue
    /// An encoded `Evidence`.
    let evidence: [UInt8]
}

/// Judges another enclave before keys go to it or come from it (docs/spec/vault.md §7).
///
/// The chain has admitted it, but the quorum is often the host: so its evidence is appraised here once more, against the anchors that are
/// built into this program. A quorum that lies about rules can make them no weaker than the genesis's, and one that lies about reference
/// values gets no keys for a build that the genesis does not name, unless recovery holders approve of it or, where there are none, the
/// vault has known it for the chain's delay.
struct PeerChecks {
    /// Endorsements that are looked at.
    private static let maximumEndorsements = 16

    let genesis: Genesis
    let trusted: TrustedState
    /// Of this enclave's own platform.
    let assurance: AssuranceClass
    /// Whom this vault believes; `nil` where the genesis names nobody.
    let recoveryPlan: WireRecoveryPlan?
    /// When this vault was first shown builds that only the quorum vouches for: heights.
    let builds: [Vault.Build: UInt64]
    private var state: ProvenState { ProvenState(root: trusted.stateRoot) }

    /// The enclave as the chain knows it, if it may be given keys now.
    ///
    /// - Throws: `peerNotAdmitted`, `peerMeasurement`, `measurementUnapproved`, `measurementDelayed`, `peerAssurance`, `badProof`, or why its
    ///   evidence is refused (`attestation.*`).
    func admit(_ identity: WireEnclaveIdentity, _ shown: PeerEvidence) throws -> WireEnclave {
        let enclave = try active(identity, shown.enclave)
        let rules = try rules(shown)
        guard !(rules.excludedPlatforms + genesis.attestationRules.excludedPlatforms).contains(identity.platform) else {
            throw EnclaveError.peerNotAdmitted
        }
        let reference = try reference(of: identity, shown.reference, rules)
        try appraise(identity, shown, reference, rules)
        return enclave
    }

    private func rules(_ shown: PeerEvidence) throws(EnclaveError) -> WireAttestationRules {
        try state.value(shown.rules, at: StateKey.attestationRules, as: WireAttestationRules.self) ?? genesis.attestationRules
    }

    /// The enclave with `identity`, if the chain lets it act at the newest header.
    func active(_ identity: WireEnclaveIdentity, _ proven: WireProvenValue) throws -> WireEnclave {
        let id = EnclaveStatement.identifier(identity)
        guard let enclave: WireEnclave = try state.value(proven, at: StateKey.enclave(id)), enclave.identity == identity,
            enclave.status == .active, enclave.expires == 0 || trusted.time < enclave.expires
        else { throw EnclaveError.peerNotAdmitted }
        return enclave
    }

    /// Whether a vault in a package is of this enclave's class: stronger platforms' keys do not come to a weaker one, nor weaker ones' to
    /// a stronger.
    ///
    /// The maker is gone and shows no evidence, so its signed platform decides; only whether a TPM is software is the chain's word.
    func admitsPackage(of maker: WireEnclave) -> Bool {
        let known: AssuranceClass =
            switch EvidencePlatform(rawValue: maker.identity.platform) {
            case .simulated, nil: .none
            case .tpm: AssuranceClass(rawValue: maker.assurance) == .measured ? .measured : .none
            default: .confidential
            }
        return known == assurance
    }

    /// The measurement's reference value. A new one is given keys only once the chain's delay is over.
    private func reference(
        of identity: WireEnclaveIdentity, _ proven: WireProvenValue, _ rules: WireAttestationRules
    ) throws -> WireReferenceValue? {
        guard let measurement = Hash32(identity.measurement), identity.platform.utf8.count <= Limits.identifier else {
            throw EnclaveError.peerMeasurement
        }
        let key = StateKey.referenceValue(identity.platform, measurement: measurement)
        guard let value: WireReferenceValue = try state.value(proven, at: key) else {
            // Only platforms that measure nothing worth the name go without, and only where the genesis lets them.
            guard !rules.referenceValuesRequired, genesis.wire.allowSimulatedEnclaves else { throw EnclaveError.peerMeasurement }
            return nil
        }
        guard value.platform == identity.platform, Hash32(value.measurement) == measurement, !value.revoked,
            value.activeHeight <= trusted.height
        else { throw EnclaveError.peerMeasurement }
        let build = Vault.Build(platform: identity.platform, measurement: measurement)
        if !isOfGenesis(build) { try requireTrust(in: build, value, rules) }
        return value
    }

    /// Whether the genesis names the build: then it is no less a part of the chain than this one.
    private func isOfGenesis(_ build: Vault.Build) -> Bool {
        genesis.wire.referenceValues.contains { named in
            named.platform == build.platform && (try? ReferenceValue(named))?.hash == build.measurement
        }
    }

    /// Returns if more than the quorum vouches for the build: recovery holders, or, where there are none, the time that this vault has known
    /// it for.
    private func requireTrust(in build: Vault.Build, _ value: WireReferenceValue, _ rules: WireAttestationRules) throws(EnclaveError) {
        var named = WireReferenceMeasurement()
        (named.platform, named.registers) = (value.platform, value.registers)
        guard let reference = try? ReferenceValue(named), reference.hash == build.measurement else { throw .peerMeasurement }
        if let recoveryPlan {
            let statement = HolderStatement.reference(named, hash: reference.hash, chainID: genesis.chainID)
            guard recoveryPlan.isApproved(by: value.approvals, statement, .referenceApproval) else { throw .measurementUnapproved }
            return
        }
        let delay = max(rules.measurementDelay, genesis.attestationRules.measurementDelay)
        guard let since = builds[build], trusted.height >= since, trusted.height - since >= delay else { throw .measurementDelayed }
    }

    /// The build of an enclave that the chain lets act, if this vault has to take note of it: nobody but the quorum vouches for it, and it
    /// was not shown before.
    func unknownBuild(_ identity: WireEnclaveIdentity, _ shown: PeerEvidence) throws -> Vault.Build? {
        guard recoveryPlan == nil, let measurement = Hash32(identity.measurement), identity.platform.utf8.count <= Limits.identifier else {
            return nil
        }
        let build = Vault.Build(platform: identity.platform, measurement: measurement)
        guard builds[build] == nil, !isOfGenesis(build) else { return nil }
        _ = try active(identity, shown.enclave)
        let key = StateKey.referenceValue(identity.platform, measurement: measurement)
        guard let value: WireReferenceValue = try state.value(shown.reference, at: key), !value.revoked else { return nil }
        return build
    }

    private func appraise(
        _ identity: WireEnclaveIdentity, _ shown: PeerEvidence, _ reference: WireReferenceValue?, _ rules: WireAttestationRules
    ) throws {
        guard let wire = try? WireEvidence(strictly: shown.evidence, limit: EvidenceAppraiser.maximumEvidence) else {
            throw AttestationError.malformed
        }
        let subject = AttestationSubject(
            chainID: genesis.chainID, identity: identity, challengeBlock: try block(at: wire.challengeHeight, shown.challenge))
        let endorsements = try endorsements(shown.endorsements)
        // What the genesis demands of evidence holds for keys whatever was decided since; what was decided since holds too.
        // So a quorum makes no TPM real by naming a maker of its own, or a key that nobody has activated.
        for policy in rules == genesis.attestationRules ? [rules] : [rules, genesis.attestationRules] {
            var policy = policy
            policy.referenceValuesRequired = rules.referenceValuesRequired
            let result = try EvidenceAppraiser.appraise(
                shown.evidence, about: subject, endorsements: endorsements, anchors: TrustAnchors.pinned.adding(policy),
                references: ReferenceValues(claimed: reference, rules: policy),
                policy: AppraisalPolicy(policy, allowSimulated: genesis.wire.allowSimulatedEnclaves), at: trusted.time)
            // The chain may admit weaker platforms beside this one. What hardware keeps does not end there.
            guard result.assurance >= assurance else { throw EnclaveError.peerAssurance }
        }
    }

    /// The hash of the chain's block at `height`, which has to be one of the last.
    private func block(at height: UInt64, _ proven: WireProvenValue) throws -> Hash32 {
        let bytes = try state.bytes(proven, at: StateKey.recentBlock(height % UInt64(RecentBlockEntry.slots)))
        guard let entry = RecentBlockEntry(bytes), entry.height == height else { throw EnclaveError.peerStaleEvidence }
        return entry.hash
    }

    /// Vendors sign what they endorse, so the chain's word is only that these are the newest.
    private func endorsements(_ proven: [WireProvenValue]) throws -> Endorsements {
        guard proven.count <= Self.maximumEndorsements else { throw EnclaveError.tooMany }
        var endorsements = Endorsements.none
        for item in proven {
            let entry: WireEndorsementEntry = try state.value(item) { entry in
                (1...255).contains(entry.slot.utf8.count) ? StateKey.endorsement(entry.slot) : nil
            }
            guard let endorsement = try? WireEndorsement(strictly: [UInt8](entry.endorsement), limit: Limits.stateValue) else {
                throw EnclaveError.badProof
            }
            endorsements.slots[entry.slot] = endorsement
        }
        return endorsements
    }
}
