import SwiftASN1

/// An X.509 v2 certificate revocation list (RFC 5280 §5), complete and direct: delta and indirect lists mark themselves critical and
/// are refused.
package struct RevocationList: Sendable {
    let signed: ArraySlice<UInt8>
    let algorithm: SignatureAlgorithm
    let signature: ArraySlice<UInt8>
    let issuer: ArraySlice<UInt8>
    let issuerCommonName: String
    /// Milliseconds since 1970.
    let thisUpdate: UInt64
    let nextUpdate: UInt64
    /// Serial numbers without leading zeros.
    package let serials: Set<ArraySlice<UInt8>>
    let extensions: CertificateExtensions

    package init(_ bytes: [UInt8]) throws(AttestationError) {
        guard bytes.count <= DERReading.maximumBytes else { throw .malformed }
        self = try DERReading.strictly { try Self(parsing: bytes) }
    }

    private init(parsing bytes: [UInt8]) throws {
        let parts = try DERReading.sequence(DER.parse(bytes))
        guard parts.count == 3 else { throw AttestationError.malformed }
        signed = parts[0].encodedBytes
        algorithm = try SignatureAlgorithm(parts[1])
        signature = try DERReading.wholeBits(parts[2])
        var fields = try DERReading.sequence(parts[0])[...]
        guard fields.count >= 6, try DERReading.integer(fields.removeFirst()) == 1,
            fields.removeFirst().encodedBytes == parts[1].encodedBytes
        else { throw AttestationError.malformed }
        let name = fields.removeFirst()
        issuer = name.encodedBytes
        issuerCommonName = try VendorCertificate.commonName(name)
        thisUpdate = try DERReading.time(fields.removeFirst())
        nextUpdate = try DERReading.time(fields.removeFirst())
        var serials: Set<ArraySlice<UInt8>> = []
        if let list = fields.first, list.identifier == .sequence {
            let entries = try DERReading.sequence(fields.removeFirst())
            // RFC 5280 §5.1.2.6: an empty list is left out.
            guard !entries.isEmpty else { throw AttestationError.malformed }
            for entry in entries { serials.insert(try Self.serial(entry)) }
        }
        self.serials = serials
        guard fields.count == 1 else { throw AttestationError.malformed }
        let extensions = try DERReading.children(fields.removeFirst(), DERReading.context(0))
        guard extensions.count == 1 else { throw AttestationError.malformed }
        self.extensions = try CertificateExtensions(extensions[0])
        guard self.extensions.values[.cRLNumber] != nil else { throw AttestationError.malformed }
    }

    private static func serial(_ entry: ASN1Node) throws -> ArraySlice<UInt8> {
        let parts = try DERReading.sequence(entry)
        guard parts.count == 2 || parts.count == 3 else { throw AttestationError.malformed }
        _ = try DERReading.time(parts[1])
        if parts.count == 3 { _ = try CertificateExtensions(parts[2]) }
        return try DERReading.unsigned(parts[0])
    }

    /// Throws unless `authority` signed the list and it is valid at `time` (milliseconds since 1970).
    package func verify(issuer authority: VendorCertificate, at time: UInt64) throws(AttestationError) {
        guard issuer == authority.subject else { throw .endorsementMismatch }
        guard authority.extensions.maySignLists, authority.publicKey.verifies(signature, of: signed, algorithm) else {
            throw .collateralSignature
        }
        guard thisUpdate <= time, time <= nextUpdate + 999 else { throw .collateralExpired }
    }

    package func revokes(_ certificate: VendorCertificate) -> Bool { serials.contains(certificate.serial) }
}
