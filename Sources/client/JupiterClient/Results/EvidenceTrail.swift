import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Appraises an enclave's evidence again, offline: with the bytes, rules, endorsements and time of its admission.
struct EvidenceTrail {
    let genesis: Genesis
    let proof: WireJobProof
    let epochs: EpochTrust?
    let enclave: WireEnclave?

    /// - Returns: what the evidence shows.
    /// - Throws: `TrustFailure`, or the appraisal's own refusal.
    func appraise() throws -> String {
        guard !proof.registration.isEmpty, !proof.registrationReceipt.isEmpty else {
            throw TrustFailure.missing("the node no longer had the block of the enclave's evidence")
        }
        let enclave = try enclave.resting(on: .enclave)
        var epochs = try epochs.resting(on: .validators)
        try epochs.append(proof.epochs)
        let (header, block) = try admission(epochs)
        let evidence = try evidence(of: enclave)
        let challenge = try ReceiptProof.first(proof.challengePath, below: try epochs.verify(proof.challengeHeader))
        guard challenge.height == evidence.wire.challengeHeight else { throw AttestationError.wrongChallenge }
        let rules = try rules(under: header)
        let subject = AttestationSubject(chainID: genesis.chainID, identity: enclave.identity, challengeBlock: challenge.hash)
        let result = try EvidenceAppraiser.appraise(
            evidence.bytes, about: subject, endorsements: try endorsements(of: evidence.bytes, under: header),
            anchors: TrustAnchors.pinned.adding(rules),
            references: ReferenceValues(claimed: try reference(of: enclave.identity, under: header), rules: rules),
            policy: AppraisalPolicy(rules, allowSimulated: genesis.wire.allowSimulatedEnclaves), at: block.time)
        guard result.assurance.rawValue == enclave.assurance else {
            throw TrustFailure.fails("the chain says class \(enclave.assurance), the evidence \(result.assurance.rawValue)")
        }
        return "\(result.label), class \(result.assurance.rawValue): appraised again as of block \(block.height); it answers block "
            + "\(challenge.height) and binds the enclave's keys"
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
