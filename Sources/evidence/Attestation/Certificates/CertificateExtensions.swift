import SwiftASN1

/// The extensions of a certificate or a list: those of RFC 5280 that decide, and the vendors' own as raw values.
struct CertificateExtensions: Sendable {
    private(set) var isAuthority = false
    private(set) var pathLength: Int?
    /// Bits of KeyUsage (bit 5 keyCertSign, bit 6 cRLSign), most significant first; `nil` without the extension.
    private(set) var keyUsage: [UInt8]?
    private(set) var subjectKey: ArraySlice<UInt8>?
    private(set) var authorityKey: ArraySlice<UInt8>?
    /// Contents of the extnValue octets.
    private(set) var values: [ASN1ObjectIdentifier: ArraySlice<UInt8>] = [:]

    /// Critical ones that may be present although nothing here depends on them: they narrow what a certificate is for, not whom it names.
    private static let tolerated: Set<ASN1ObjectIdentifier> = [.subjectAlternativeName, .extendedKeyUsage, .certificatePolicies]
    private static let understood: Set<ASN1ObjectIdentifier> = [.basicConstraints, .keyUsage]

    init() {}

    init(_ node: ASN1Node) throws {
        let list = try DERReading.sequence(node)
        guard 1...40 ~= list.count else { throw AttestationError.malformed }
        for entry in list {
            let parts = try DERReading.sequence(entry)
            guard parts.count == 2 || parts.count == 3 else { throw AttestationError.malformed }
            let identifier = try ASN1ObjectIdentifier(derEncoded: parts[0])
            // DER leaves out a false `critical`.
            if parts.count == 3 {
                guard try DERReading.boolean(parts[1]), Self.understood.contains(identifier) || Self.tolerated.contains(identifier)
                else { throw AttestationError.malformed }
            }
            let value = try DERReading.primitive(parts[parts.count - 1], .octetString)
            guard values.updateValue(value, forKey: identifier) == nil else { throw AttestationError.malformed }
            try read(identifier, value)
        }
    }

    private mutating func read(_ identifier: ASN1ObjectIdentifier, _ value: ArraySlice<UInt8>) throws {
        switch identifier {
        case .basicConstraints: try readBasicConstraints(DER.parse(value))
        case .keyUsage:
            let bits = try ASN1BitString(derEncoded: DER.parse(value))
            keyUsage = Array(bits.bytes)
        case .subjectKeyIdentifier: subjectKey = try DERReading.primitive(DER.parse(value), .octetString)
        case .authorityKeyIdentifier:
            let first = try DERReading.sequence(DER.parse(value)).first
            if let first, first.identifier == DERReading.context(0) { authorityKey = try DERReading.primitive(first, first.identifier) }
        default: break
        }
    }

    private mutating func readBasicConstraints(_ node: ASN1Node) throws {
        var parts = try DERReading.sequence(node)[...]
        if let first = parts.first, first.identifier == .boolean {
            isAuthority = try DERReading.boolean(first)
            // DER leaves out a false `cA`.
            guard isAuthority else { throw AttestationError.malformed }
            parts = parts.dropFirst()
        }
        if let first = parts.first {
            pathLength = try DERReading.integer(first)
            parts = parts.dropFirst()
        }
        guard parts.isEmpty, isAuthority || pathLength == nil else { throw AttestationError.malformed }
    }

    var maySignCertificates: Bool { isAuthority && (keyUsage.map { ($0.first ?? 0) & 0x04 != 0 } ?? true) }
    var maySignLists: Bool { keyUsage.map { ($0.first ?? 0) & 0x02 != 0 } ?? true }
}
