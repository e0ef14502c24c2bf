import SwiftASN1

/// What a VCEK or VLEK certificate says of its key (AMD publication 57230, §3): extensions under 1.3.6.1.4.1.3704.1.
package struct AmdEndorsementKey: Sendable {
    let productName: String
    let tcb: AmdTcb
    /// The chip's, in a VCEK.
    let hardwareID: ArraySlice<UInt8>?
    /// The cloud provider's, in a VLEK.
    let providerID: String?

    /// - Throws: `malformed` for missing or malformed extensions, and for those of a chip and of a provider at once.
    package init(_ certificate: VendorCertificate) throws(AttestationError) {
        self = try DERReading.strictly { try Self(reading: certificate.extensions.values) }
    }

    private static func identifier(_ suffix: UInt...) -> ASN1ObjectIdentifier? {
        try? ASN1ObjectIdentifier(elements: [1, 3, 6, 1, 4, 1, 3704, 1] + suffix)
    }

    private init(reading values: [ASN1ObjectIdentifier: ArraySlice<UInt8>]) throws {
        func value(_ identifier: ASN1ObjectIdentifier?) -> ArraySlice<UInt8>? { identifier.flatMap { values[$0] } }
        func version(_ suffix: UInt) throws -> UInt8? {
            guard let bytes = value(Self.identifier(3, suffix)) else { return nil }
            guard let number = UInt8(exactly: try DERReading.integer(DER.parse(bytes))) else { throw AttestationError.malformed }
            return number
        }
        productName = try Self.text(DERReading.checked(value(Self.identifier(2))))
        tcb = AmdTcb(
            fmc: try version(9) ?? 0, bootloader: try DERReading.checked(version(1)), tee: try DERReading.checked(version(2)),
            snp: try DERReading.checked(version(3)), microcode: try DERReading.checked(version(8)))
        hardwareID = value(Self.identifier(4))
        providerID = try value(Self.identifier(5)).map(Self.text)
        // Of one chip or of one provider, never both.
        guard (hardwareID == nil) != (providerID == nil) else { throw AttestationError.malformed }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) throws -> String {
        let node = try DER.parse(bytes)
        guard node.identifier == .ia5String || node.identifier == .utf8String, case .primitive(let text) = node.content,
            let string = String(validating: text, as: UTF8.self)
        else { throw AttestationError.malformed }
        return string
    }
}
