import ChainTypes
import Primitives

/// An attestation document of AWS Nitro Enclaves, which carries its own certificates.
package struct NitroEvidence: Sendable {
    package var document: [UInt8]

    static let maximumBytes = 16 << 10

    package init(document: [UInt8]) { self.document = document }

    func appraise(_ context: AppraisalContext, _ trail: inout AppraisalTrail) throws(AttestationError) -> AttestationResult {
        let (envelope, document) = try trail.step("form") { () throws(AttestationError) in
            let envelope = try CoseSignature(self.document, limit: Self.maximumBytes)
            let document = try NitroDocument(envelope.payload)
            return ((envelope, document), "COSE_Sign1 with ES384, document of \(document.moduleID)")
        }
        let path = try trail.step("certificates") { () throws(AttestationError) in
            let chain = [document.certificate] + document.bundle.reversed()
            let path = try CertificatePath(parsing: chain, anchors: context.anchors.nitro, at: context.time)
            return (path, path.certificates.map(\.commonName).joined(separator: " ← "))
        }
        try trail.check(
            "document signature", path.leaf.publicKey.verifies(raw: envelope.signature, of: envelope.signed[...]), .coseSignature
        ) { "ECDSA P-384 by the document's certificate" }
        try trail.check("time of the document", path.leaf.isValid(at: document.timestamp), .certExpired) { "inside its certificate's" }
        try trail.check("debug", !document.isDebug, .debugEnabled) { "off" }
        try trail.step("report data") { () throws(AttestationError) in
            try Self.check(document, context.expectation)
            return ((), context.expectation.detail)
        }
        let registers = document.registers.map { ("pcr\($0.key)", $0.value) }
        let measurement = Measurement(platform: .nitro, registers: Dictionary(uniqueKeysWithValues: registers))
        try context.check(measurement, &trail)
        return AttestationResult(
            platform: .nitro, assurance: .confidential, measurement: measurement,
            machine: MachineIdentity(kind: .module, bytes: Array(document.moduleID.utf8)), expires: path.expires)
    }

    /// The binding goes into the user data, the vault key into the public key where it fits, the challenge into the nonce.
    private static func check(_ document: NitroDocument, _ expectation: Expectation) throws(AttestationError) {
        switch expectation {
        case .enclave(let binding):
            guard document.userData == binding.bytes64, document.nonce == binding.nonce.bytes, document.publicKey == publicKey(binding)
            else { throw .wrongBinding }
        case .nonce(let nonce):
            guard document.nonce == nonce else { throw .nonceMismatch }
        case .none: break
        }
    }

    /// What an enclave asks the security module to show as its public key: the vault key, if it has at most 1024 bytes.
    package static func publicKey(_ binding: AttestationBinding) -> [UInt8]? { binding.vaultKey.count <= 1024 ? binding.vaultKey : nil }
}
