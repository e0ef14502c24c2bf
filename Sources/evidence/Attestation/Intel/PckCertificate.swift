import SwiftASN1

/// What a PCK certificate says of its platform (Intel SGX PCK Certificate and CRL profile, §1.3.5).
package struct PckCertificate: Sendable {
    let ppid: [UInt8]
    /// The sixteen security versions.
    let components: [UInt8]
    let pceSvn: UInt16
    let pceID: [UInt8]
    /// Family, model, stepping, platform, custom SKU: 6 bytes.
    let fmspc: [UInt8]

    private static let sgx: [UInt] = [1, 2, 840, 113_741, 1, 13, 1]

    /// - Throws: `malformed` for a missing or malformed extension.
    package init(_ certificate: VendorCertificate) throws(AttestationError) {
        self = try DERReading.strictly { try Self(reading: certificate) }
    }

    private init(reading certificate: VendorCertificate) throws {
        let value = try DERReading.checked(certificate.extensions.values[ASN1ObjectIdentifier(elements: Self.sgx)])
        let fields = try Self.fields(DER.parse(value), Self.sgx)
        func octets(_ number: UInt, _ size: Int) throws -> [UInt8] {
            let bytes = try DERReading.primitive(DERReading.checked(fields[number]), .octetString)
            guard bytes.count == size else { throw AttestationError.malformed }
            return Array(bytes)
        }
        ppid = try octets(1, 16)
        pceID = try octets(3, 2)
        fmspc = try octets(4, 6)
        let tcb = try Self.fields(DERReading.checked(fields[2]), Self.sgx + [2])
        components = try (1...16).map { number in
            try DERReading.checked(UInt8(exactly: DERReading.integer(DERReading.checked(tcb[UInt(number)]))))
        }
        pceSvn = try DERReading.checked(UInt16(exactly: DERReading.integer(DERReading.checked(tcb[17]))))
    }

    /// The values of a sequence of (identifier below `prefix`, value), by last number.
    private static func fields(_ node: ASN1Node, _ prefix: [UInt]) throws -> [UInt: ASN1Node] {
        var fields: [UInt: ASN1Node] = [:]
        for entry in try DERReading.sequence(node) {
            let pair = try DERReading.sequence(entry)
            guard pair.count == 2 else { throw AttestationError.malformed }
            let components = try ASN1ObjectIdentifier(derEncoded: pair[0]).oidComponents
            guard components.count == prefix.count + 1, components.starts(with: prefix), let last = components.last,
                fields.updateValue(pair[1], forKey: last) == nil
            else { throw AttestationError.malformed }
        }
        return fields
    }
}
