import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Appraises an enclave's evidence again, offline.
struct EvidenceTrail {
    let genesis: Genesis
    let proof: WireJobProof
    let epochs: EpochTrust?
    let enclave: WireEnclave?

    /// Appraises as the chain did: with the bytes, rules, endorsements and time of the admission.
    ///
    /// - Returns: what the evidence shows.
    /// - Throws: `TrustFailure`, or the appraisal's own refusal.
    func appraise() throws -> String {
        guard !proof.registration.isEmpty, !proof.registrationReceipt.isEmpty else { throw Self.forgotten }
        let enclave = try enclave.resting(on: .enclave)
        let epochs = try allEpochs()
        let (header, block) = try admission(epochs)
        let piece = try answered(of: enclave, epochs)
        let result = try result(piece, enclave, under: header, [try rules(under: header)], at: block.time)
        return "\(result.label), class \(result.assurance.rawValue): appraised again as of block \(block.height); it answers block "
            + "\(piece.challenge.height) and binds the enclave's keys"
    }

    /// Appraises as a vault does before it gives keys to another (docs/spec/vault.md §7): with the rules, reference value and endorsements
    /// under `header`, at its time; and once more with the rules of the genesis, so that no quorum weakens what the chain began with.
    ///
    /// - Throws: `TrustFailure`, or the appraisal's own refusal.
    func appraise(under header: BlockHeader) throws -> AttestationResult {
        guard !proof.registration.isEmpty else { throw Self.forgotten }
        let enclave = try enclave.resting(on: .enclave)
        let rules = try rules(under: header)
        var first = genesis.attestationRules
        guard !(rules.excludedPlatforms + first.excludedPlatforms).contains(enclave.identity.platform) else {
            throw TrustFailure.fails("the chain excludes the platform \(enclave.identity.platform)")
        }
        first.referenceValuesRequired = first.referenceValuesRequired || rules.referenceValuesRequired
        return try result(
            answered(of: enclave, allEpochs()), enclave, under: header, rules == first ? [rules] : [rules, first], at: header.time)
    }

    private static let forgotten = TrustFailure.missing("the node no longer had the block of the enclave's evidence")

    private func allEpochs() throws -> EpochTrust {
        var epochs = try epochs.resting(on: .validators)
        try epochs.append(proof.epochs)
        return epochs
    }

    /// Evidence with the block that it answers, which is the chain's.
    private struct Piece {
        let bytes: [UInt8]
        let challenge: BlockHeader
    }

    private func answered(of enclave: WireEnclave, _ epochs: EpochTrust) throws -> Piece {
        let evidence = try evidence(of: enclave)
        let challenge = try ReceiptProof.first(proof.challengePath, below: try epochs.verify(proof.challengeHeader))
        guard challenge.height == evidence.wire.challengeHeight else { throw AttestationError.wrongChallenge }
        return Piece(bytes: evidence.bytes, challenge: challenge)
    }

    /// What the evidence shows under each of `rules`, which has to be what the chain says.
    /// - Parameter time: in milliseconds since 1970.
    private func result(
        _ piece: Piece, _ enclave: WireEnclave, under header: BlockHeader, _ rules: [WireAttestationRules], at time: UInt64
    ) throws -> AttestationResult {
        let subject = AttestationSubject(chainID: genesis.chainID, identity: enclave.identity, challengeBlock: piece.challenge.hash)
        let (endorsements, reference) = try (
            endorsements(of: piece.bytes, under: header), reference(of: enclave.identity, under: header)
        )
        let results = try rules.map { rules in
            try EvidenceAppraiser.appraise(
                piece.bytes, about: subject, endorsements: endorsements, anchors: TrustAnchors.pinned.adding(rules),
                references: ReferenceValues(claimed: reference, rules: rules),
                policy: AppraisalPolicy(rules, allowSimulated: genesis.wire.allowSimulatedEnclaves), at: time)
        }
        for result in results where result.assurance.rawValue != enclave.assurance {
            throw TrustFailure.fails("the chain says class \(enclave.assurance), the evidence \(result.assurance.rawValue)")
        }
        return try results.first.resting(on: .evidence)
    }

    /// The first header after the registration's block, and that block's own: a receipt proves that the chain took the evidence.
    private func admission(_ epochs: EpochTrust) throws -> (header: BlockHeader, block: BlockHeader) {
        guard let receiptProof = try? WireReceiptProof(strictly: [UInt8](proof.registrationReceipt), limit: Limits.receiptProof) else {
            throw LightClientError.malformed
        }
        let (receipt, header) = try ReceiptProof.inclusion(receiptProof, below: try epochs.verify(receiptProof.header))
        let transaction = try SignedTransaction(decoding: [UInt8](proof.registration))
        try transaction.verifySignature()
        guard receipt.code == 0, Hash32(receipt.transactionID) == transaction.id else { throw LightClientError.wrongReceipt }
        let block: BlockHeader
        do { block = try BlockHeader(decoding: [UInt8](proof.registrationBlock)) } catch { throw LightClientError.malformed }
        guard block.hash == header.parent else { throw LightClientError.notAncestor }
        return (header, block)
    }

    /// The evidence whose hash the state holds.
    private func evidence(of enclave: WireEnclave) throws -> (bytes: [UInt8], wire: WireEvidence) {
        let transaction = try SignedTransaction(decoding: [UInt8](proof.registration))
        for message in transaction.body.messages {
            let bytes: [UInt8]
            switch message.kind {
            case .registerEnclave(let registration): bytes = [UInt8](registration.evidence)
            case .renewEvidence(let renewal): bytes = [UInt8](renewal.evidence)
            default: continue
            }
            guard Data(Digest.hash(.evidence, bytes).bytes) == enclave.evidenceHash,
                let wire = try? WireEvidence(strictly: bytes, limit: EvidenceAppraiser.maximumEvidence)
            else { continue }
            return (bytes, wire)
        }
        throw TrustFailure.fails("the transaction does not hold the evidence that the state names")
    }

    private func rules(under header: BlockHeader) throws -> WireAttestationRules {
        try JobTrail.value(proof.attestationRules, under: header) { _ in StateKey.attestationRules }
    }

    /// The reference value of the enclave's measurement; `nil` when the chain proves that there is none.
    private func reference(of identity: WireEnclaveIdentity, under header: BlockHeader) throws -> WireReferenceValue? {
        guard let measurement = Hash32(identity.measurement) else { throw AttestationError.badIdentity }
        let key = StateKey.referenceValue(identity.platform, measurement: measurement)
        guard !proof.referenceValue.value.isEmpty else {
            try JobTrail.absent(proof.referenceValue, under: header, key)
            return nil
        }
        return try JobTrail.value(proof.referenceValue, under: header) { _ in key }
    }

    /// The endorsements that the appraisal takes, as the chain had them.
    private func endorsements(of evidence: [UInt8], under header: BlockHeader) throws -> Endorsements {
        var endorsements = Endorsements.none
        let slots = Set(try EvidenceAppraiser.slots(of: evidence))
        for proven in proof.endorsements {
            let entry: WireEndorsementEntry = try JobTrail.value(proven, under: header) { StateKey.endorsement($0.slot) }
            guard slots.contains(entry.slot) else { continue }
            endorsements.slots[entry.slot] = try WireEndorsement(
                strictly: [UInt8](entry.endorsement), limit: Endorsements.maximumBytes)
        }
        return endorsements
    }
}
