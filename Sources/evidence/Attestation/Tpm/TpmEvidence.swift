import Primitives
import SwiftASN1

/// A TPM 2.0 quote with the key that made it.
package struct TpmEvidence: Sendable {
    package var quote: [UInt8]
    package var signature: [UInt8]
    package var attestationKey: [UInt8]
    /// `nil` when no values were sent along: then only a reference value can explain the quote's digest.
    package var registers: TpmRegisters?
    /// DER of the endorsement key's certificate and those above it; the root may be left out.
    package var endorsementCertificates: [[UInt8]]

    package init(
        quote: [UInt8], signature: [UInt8], attestationKey: [UInt8], registers: TpmRegisters?, endorsementCertificates: [[UInt8]] = []
    ) {
        (self.quote, self.signature, self.attestationKey) = (quote, signature, attestationKey)
        (self.registers, self.endorsementCertificates) = (registers, endorsementCertificates)
    }

    func appraise(_ context: AppraisalContext, _ trail: inout AppraisalTrail) throws(AttestationError) -> AttestationResult {
        let (parsed, area, signature) = try trail.step("form") { () throws(AttestationError) in
            let pieces = (try TpmQuote(quote), try TpmPublicArea(attestationKey), try TpmSignature(self.signature))
            return (pieces, "TPM 2.0 quote and attestation key")
        }
        let endorsement = try endorsementPath(context, &trail)
        try trail.check("attestation key", area.isRestrictedSigningKey, .keyAttributes) {
            "a restricted signing key that never left its TPM"
        }
        try trail.check("quote signature", signature.verifies(quote, by: area), .quoteSignature) { "by the attestation key" }
        let measurement = try Self.measurement(.tpm, parsed, registers, signature.hash, [:], context, &trail)
        let isSoftware = try isSoftware(area, endorsement, context, &trail)
        // Nothing here ties the endorsement key to the attestation key: anybody's certificate can be sent along, so it names no machine.
        let machine = MachineIdentity(kind: .attestationKey, bytes: area.name)
        return AttestationResult(
            platform: .tpm, assurance: isSoftware ? .none : .measured, label: isSoftware ? "tpm (software)" : nil,
            measurement: measurement, machine: machine, expires: endorsement?.expires)
    }

    /// Kind, freshness and registers of a quote whose signature is good.
    static func measurement(
        _ platform: EvidencePlatform, _ quote: TpmQuote, _ values: TpmRegisters?, _ hash: TpmHash, _ others: [String: [UInt8]],
        _ context: AppraisalContext, _ trail: inout AppraisalTrail
    ) throws(AttestationError) -> Measurement {
        try trail.check("kind", quote.isQuote, .malformed) { "a quote that a TPM made" }
        try trail.step("qualifying data") { () throws(AttestationError) in
            try context.expectation.check(qualifyingData: quote.qualifyingData)
            return ((), context.expectation.detail)
        }
        let registers = try trail.step("registers") { () throws(AttestationError) in
            let registers =
                if let values { try values.verified(quote, hash) } else { try TpmRegisters.known(quote, hash, context.references) }
            return (registers, "\(registers.count) registers of the SHA-256 bank, as quoted")
        }
        let measurement = Measurement(platform: platform, registers: registers.merging(others) { register, _ in register })
        try context.check(measurement, &trail)
        return measurement
    }

    /// The path from the endorsement key to a manufacturer's root; `nil` without certificates, or where no root is pinned.
    private func endorsementPath(_ context: AppraisalContext, _ trail: inout AppraisalTrail) throws(AttestationError) -> CertificatePath? {
        guard !endorsementCertificates.isEmpty, !context.anchors.tpm.isEmpty else {
            trail.note("endorsement key", "no certificate to check, or no manufacturer pinned")
            return nil
        }
        return try trail.step("endorsement key") { () throws(AttestationError) in
            let path = try CertificatePath(parsing: endorsementCertificates, anchors: context.anchors.tpm, at: context.time)
            return (path, path.certificates.map { $0.commonName.isEmpty ? "endorsement key" : $0.commonName }.joined(separator: " ← "))
        }
    }

    /// Whether nothing outside the machine vouches for the TPM: no certificate, a key nobody enrolled, or a TPM that says it is software.
    private func isSoftware(
        _ area: TpmPublicArea, _ endorsement: CertificatePath?, _ context: AppraisalContext, _ trail: inout AppraisalTrail
    ) throws(AttestationError) -> Bool {
        let isEnrolled = context.references.attestationKeys.contains(area.name)
        let model: String? = if let endorsement { try Self.model(endorsement.leaf) } else { nil }
        let isSoftware = endorsement == nil || !isEnrolled || model?.lowercased().contains("swtpm") ?? false
        guard isSoftware else { return false }
        try trail.check("kind of TPM", context.policy.allowSoftwareTpm, .softwareTpmNotAllowed) {
            "software, or as good as: nothing outside the machine vouches for it"
        }
        return true
    }

    /// The model that a TPM's certificate names (TCG EK credential profile, §3.1.2).
    package static func model(_ certificate: VendorCertificate) throws(AttestationError) -> String? {
        guard let value = certificate.extensions.values[.subjectAlternativeName] else { return nil }
        return try DERReading.strictly {
            for name in try DERReading.sequence(DER.parse(value)) where name.identifier == DERReading.context(4) {
                for directory in try DERReading.children(name, name.identifier) {
                    for set in try DERReading.sequence(directory) {
                        for attribute in try DERReading.children(set, .set) {
                            let pair = try DERReading.sequence(attribute)
                            guard pair.count == 2, try ASN1ObjectIdentifier(derEncoded: pair[0]) == .tpmModel,
                                case .primitive(let text) = pair[1].content
                            else { continue }
                            return String(decoding: text, as: UTF8.self)
                        }
                    }
                }
            }
            return nil
        }
    }
}

extension ASN1ObjectIdentifier {
    fileprivate static let tpmModel: ASN1ObjectIdentifier = [2, 23, 133, 2, 2]
}
