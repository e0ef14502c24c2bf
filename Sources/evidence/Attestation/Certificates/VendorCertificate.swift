import SwiftASN1

/// An X.509 v3 certificate (RFC 5280) of a hardware vendor's hierarchy: the one reader for all of them.
///
/// Only what the appraisal needs is kept; what it does not understand and is marked critical is refused.
package struct VendorCertificate: Sendable {
    let encoded: [UInt8]
    /// What is signed, as it was sent.
    let signed: ArraySlice<UInt8>
    let algorithm: SignatureAlgorithm
    let signature: ArraySlice<UInt8>
    /// Without leading zeros: 0 is empty.
    let serial: ArraySlice<UInt8>
    /// Names in DER: compared byte for byte.
    let issuer: ArraySlice<UInt8>
    let subject: ArraySlice<UInt8>
    package let commonName: String
    let issuerCommonName: String
    /// Milliseconds since 1970, both inclusive to the second.
    package let notBefore: UInt64
    package let notAfter: UInt64
    let publicKeyInfo: ArraySlice<UInt8>
    let publicKey: VendorPublicKey
    let extensions: CertificateExtensions

    /// - Throws: `malformed` for anything but one strict DER certificate.
    package init(_ bytes: [UInt8]) throws(AttestationError) {
        guard bytes.count <= Self.maximumBytes else { throw .malformed }
        self = try DERReading.strictly { try Self(parsing: bytes) }
    }

    static let maximumBytes = 16 << 10

    private init(parsing bytes: [UInt8]) throws {
        encoded = bytes
        let parts = try DERReading.sequence(DER.parse(bytes))
        guard parts.count == 3 else { throw AttestationError.malformed }
        let fields = try DERReading.sequence(parts[0])
        // version, serial, algorithm, issuer, validity, subject, key, extensions; unique identifiers are refused.
        guard fields.count == 8 else { throw AttestationError.malformed }
        let version = try DERReading.children(fields[0], DERReading.context(0))
        guard version.count == 1, try DERReading.integer(version[0]) == 2 else { throw AttestationError.malformed }
        guard fields[2].encodedBytes == parts[1].encodedBytes else { throw AttestationError.malformed }
        signed = parts[0].encodedBytes
        algorithm = try SignatureAlgorithm(parts[1])
        signature = try DERReading.wholeBits(parts[2])
        serial = try DERReading.unsigned(fields[1])
        guard serial.count <= 20 else { throw AttestationError.malformed }
        issuer = try Self.name(fields[3])
        issuerCommonName = try Self.commonName(fields[3])
        let validity = try DERReading.sequence(fields[4])
        guard validity.count == 2 else { throw AttestationError.malformed }
        (notBefore, notAfter) = (try DERReading.time(validity[0]), try DERReading.time(validity[1]))
        subject = try Self.name(fields[5])
        commonName = try Self.commonName(fields[5])
        publicKeyInfo = fields[6].encodedBytes
        publicKey = try VendorPublicKey(fields[6])
        let extensions = try DERReading.children(fields[7], DERReading.context(3))
        guard extensions.count == 1 else { throw AttestationError.malformed }
        self.extensions = try CertificateExtensions(extensions[0])
    }

    private static func name(_ node: ASN1Node) throws -> ArraySlice<UInt8> {
        _ = try DERReading.sequence(node)
        return node.encodedBytes
    }

    /// The last common name, or nothing.
    static func commonName(_ name: ASN1Node) throws -> String {
        var found = ""
        for set in try DERReading.sequence(name) {
            for attribute in try DERReading.children(set, .set) {
                let pair = try DERReading.sequence(attribute)
                guard pair.count == 2 else { throw AttestationError.malformed }
                guard try ASN1ObjectIdentifier(derEncoded: pair[0]) == .commonNameType, case .primitive(let text) = pair[1].content else {
                    continue
                }
                found = String(decoding: text, as: UTF8.self)
            }
        }
        return found
    }

    var isSelfIssued: Bool { issuer == subject }

    /// Whether `time` (milliseconds since 1970) lies in the validity, both ends included.
    func isValid(at time: UInt64) -> Bool { notBefore <= time && time <= notAfter + 999 }

    /// Whether `other` signed this: name and signature. Key identifiers only choose among keys of one name; the signature decides.
    func isSigned(by other: VendorCertificate) -> Bool {
        issuer == other.subject && other.publicKey.verifies(signature, of: signed, algorithm)
    }

    /// Whether the key identifiers rule out that `other`'s key signed this.
    func namesAnotherKey(than other: VendorCertificate) -> Bool {
        guard let wanted = extensions.authorityKey, let found = other.extensions.subjectKey else { return false }
        return wanted != found
    }
}
