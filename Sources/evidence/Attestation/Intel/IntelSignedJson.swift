import Primitives

/// Collateral as Intel's provisioning service serves it: one JSON object and a signature of its exact bytes (PCS API v4).
package struct IntelSignedJson: Sendable {
    /// The signed object.
    let content: JsonValue
    private let signature: [UInt8]

    static let maximumBytes = 128 << 10

    /// - Parameter member: `tcbInfo` or `enclaveIdentity`.
    /// - Throws: `malformed` for anything but that member and a signature.
    package init(_ bytes: [UInt8], member: String) throws(AttestationError) {
        let document = try JsonValue(bytes, limit: Self.maximumBytes)
        guard document.object?.count == 2 else { throw .malformed }
        content = try document.member(member)
        let hex = try document.text("signature")
        // In one case only: whoever relays it has no bit to flip.
        guard let signature = Hex.decode(hex), signature.count == 64, Hex.encode(signature) == hex else { throw .malformed }
        self.signature = signature
    }

    /// Throws unless the holder of `signer` signed the object.
    func verify(_ signer: VendorCertificate) throws(AttestationError) {
        guard signer.publicKey.verifies(raw: signature, of: content.encoded) else { throw .collateralSignature }
    }
}

/// From when until when Intel stands by a piece of collateral, and its place in Intel's series of TCB recoveries.
struct IntelIssue: Sendable {
    /// Milliseconds since 1970.
    let issued: UInt64
    let nextUpdate: UInt64
    let evaluation: UInt64

    init(_ content: JsonValue) throws(AttestationError) {
        guard let issued = CivilTime.milliseconds(try content.text("issueDate")),
            let nextUpdate = CivilTime.milliseconds(try content.text("nextUpdate"))
        else { throw .malformed }
        (self.issued, self.nextUpdate) = (issued, nextUpdate)
        evaluation = try content.number("tcbEvaluationDataNumber", below: 1 << 24)
    }

    func check(at time: UInt64) throws(AttestationError) {
        guard issued <= time, time <= nextUpdate + 999 else { throw .collateralExpired }
    }

    /// Rises with every issue: by recovery first, then by date.
    var number: UInt64 { evaluation << 40 | issued / 1000 }
}
