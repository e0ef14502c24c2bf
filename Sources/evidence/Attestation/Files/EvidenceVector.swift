import Primitives

/// What a verifier is given of one piece of evidence: files, a time, a root, and what it asked for. Nothing else decides.
package struct EvidenceVector: Sendable {
    /// `accept`, `reject`, or `n/a` where there is nothing signed to appraise.
    package enum Verdict: String, Sendable {
        case accept
        case reject
        case inconclusive = "n/a"
    }

    package struct Judgement: Sendable {
        package let verdict: Verdict
        /// `ok`, or the word of the first rule that is broken.
        package let code: String
        package let result: AttestationResult?
        package let trail: AppraisalTrail
        package let error: AttestationError?
    }

    package var files: EvidenceFiles
    /// Milliseconds since 1970.
    package var time: UInt64
    package var anchors: TrustAnchors
    /// What the verifier had asked for.
    package var nonce: [UInt8]?
    /// Registers that must have been measured, with their values.
    package var registers: [String: [UInt8]]
    package var policy: AppraisalPolicy

    package init(
        files: EvidenceFiles, time: UInt64, anchors: TrustAnchors, nonce: [UInt8]? = nil, registers: [String: [UInt8]] = [:],
        policy: AppraisalPolicy = .files
    ) {
        (self.files, self.time, self.anchors) = (files, time, anchors)
        (self.nonce, self.registers, self.policy) = (nonce, registers, policy)
    }

    /// Appraises the files. The attestation key of a TPM counts as enrolled.
    package func judge(recording: Bool = false) -> Judgement {
        var trail = AppraisalTrail(recording: recording)
        do throws(AttestationError) {
            let piece = try files.piece(&trail)
            let result = try piece.appraise(try context(piece), &trail)
            return Judgement(verdict: .accept, code: "ok", result: result, trail: trail, error: nil)
        } catch {
            let verdict = error.isInconclusive ? Verdict.inconclusive : .reject
            return Judgement(verdict: verdict, code: error.word, result: nil, trail: trail, error: error)
        }
    }

    private func context(_ piece: PlatformEvidence) throws(AttestationError) -> AppraisalContext {
        var references = ReferenceValues()
        if !registers.isEmpty { references.values = EvidencePlatform.allCases.map { ReferenceValue(platform: $0, registers: registers) } }
        if case .tpm(let evidence) = piece { references.attestationKeys = [try TpmPublicArea(evidence.attestationKey).name] }
        return AppraisalContext(
            expectation: nonce.map { .nonce($0) } ?? .none, anchors: anchors, references: references, policy: policy, time: time)
    }
}
