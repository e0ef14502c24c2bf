import SwiftASN1

/// Strict DER on swift-asn1. Every mistake is one error, `malformed`, so that no node differs from another in what it accepts.
enum DERReading {
    /// The largest certificate or list that is looked at.
    static let maximumBytes = 256 << 10

    /// Runs `body`; whatever the DER library throws becomes `malformed`.
    static func strictly<T>(_ body: () throws -> T) throws(AttestationError) -> T {
        do { return try body() } catch let error as AttestationError { throw error } catch { throw .malformed }
    }

    /// The children of a SEQUENCE.
    static func sequence(_ node: ASN1Node) throws -> [ASN1Node] { try children(node, .sequence) }

    /// The children of the constructed value with this tag.
    static func children(_ node: ASN1Node, _ identifier: ASN1Identifier) throws -> [ASN1Node] {
        guard node.identifier == identifier, case .constructed(let nodes) = node.content else { throw AttestationError.malformed }
        return Array(nodes)
    }

    /// The content of the primitive value with this tag.
    static func primitive(_ node: ASN1Node, _ identifier: ASN1Identifier) throws -> ArraySlice<UInt8> {
        guard node.identifier == identifier, case .primitive(let bytes) = node.content else { throw AttestationError.malformed }
        return bytes
    }

    /// A context tag of the given number.
    static func context(_ number: UInt) -> ASN1Identifier { ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific) }

    /// A minimal, non-negative INTEGER without its leading zero; empty for 0.
    static func unsigned(_ node: ASN1Node) throws -> ArraySlice<UInt8> {
        let bytes = try primitive(node, .integer)
        guard let first = bytes.first, first < 0x80 else { throw AttestationError.malformed }
        guard first == 0 else { return bytes }
        guard bytes.count == 1 || bytes[bytes.startIndex + 1] >= 0x80 else { throw AttestationError.malformed }
        return bytes.dropFirst()
    }

    /// A non-negative INTEGER below 2^63.
    static func integer(_ node: ASN1Node) throws -> Int {
        let bytes = try unsigned(node)
        guard bytes.count < 8 || bytes.count == 8 && (bytes.first ?? 0) < 0x80 else { throw AttestationError.malformed }
        return bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    static func boolean(_ node: ASN1Node) throws -> Bool {
        switch Array(try primitive(node, .boolean)) {
        case [0]: false
        case [0xff]: true
        default: throw AttestationError.malformed
        }
    }

    /// A BIT STRING of whole bytes.
    static func wholeBits(_ node: ASN1Node) throws -> ArraySlice<UInt8> {
        let bytes = try primitive(node, .bitString)
        guard bytes.first == 0 else { throw AttestationError.malformed }
        return bytes.dropFirst()
    }

    /// UTCTime or GeneralizedTime without fraction (RFC 5280 §4.1.2.5), in milliseconds since 1970.
    static func time(_ node: ASN1Node) throws -> UInt64 {
        if node.identifier == .utcTime {
            let time = try UTCTime(derEncoded: node)
            return try checked(CivilTime.milliseconds(time.year, time.month, time.day, time.hours, time.minutes, time.seconds))
        }
        let time = try GeneralizedTime(derEncoded: node)
        guard time.rawFractionalSeconds.isEmpty else { throw AttestationError.malformed }
        return try checked(CivilTime.milliseconds(time.year, time.month, time.day, time.hours, time.minutes, time.seconds))
    }

    static func checked<T>(_ value: T?) throws -> T {
        guard let value else { throw AttestationError.malformed }
        return value
    }
}

extension ASN1ObjectIdentifier {
    static let basicConstraints: ASN1ObjectIdentifier = [2, 5, 29, 19]
    static let keyUsage: ASN1ObjectIdentifier = [2, 5, 29, 15]
    static let subjectKeyIdentifier: ASN1ObjectIdentifier = [2, 5, 29, 14]
    static let authorityKeyIdentifier: ASN1ObjectIdentifier = [2, 5, 29, 35]
    static let subjectAlternativeName: ASN1ObjectIdentifier = [2, 5, 29, 17]
    static let extendedKeyUsage: ASN1ObjectIdentifier = [2, 5, 29, 37]
    static let certificatePolicies: ASN1ObjectIdentifier = [2, 5, 29, 32]
    static let cRLNumber: ASN1ObjectIdentifier = [2, 5, 29, 20]
    static let commonNameType: ASN1ObjectIdentifier = [2, 5, 4, 3]
    static let rsassaPss: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 1, 10]
    static let mgf1: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 1, 8]
    static let rsaEncryption: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 1, 1]
    static let sha256Rsa: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 1, 11]
    static let sha384Rsa: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 1, 12]
    static let sha512Rsa: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 1, 13]
    static let sha384Hash: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 2, 2]
    static let ecdsaSha256: ASN1ObjectIdentifier = [1, 2, 840, 10_045, 4, 3, 2]
    static let ecdsaSha384: ASN1ObjectIdentifier = [1, 2, 840, 10_045, 4, 3, 3]
    static let ecPublicKey: ASN1ObjectIdentifier = [1, 2, 840, 10_045, 2, 1]
    static let p256: ASN1ObjectIdentifier = [1, 2, 840, 10_045, 3, 1, 7]
    static let p384: ASN1ObjectIdentifier = [1, 3, 132, 0, 34]
}
