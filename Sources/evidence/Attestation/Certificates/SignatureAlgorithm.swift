import SwiftASN1

/// The signature algorithms of the vendors' certificates and lists; every other is refused.
enum SignatureAlgorithm: Sendable, Equatable {
    case ecdsaSha256
    case ecdsaSha384
    case rsaSha256
    case rsaSha384
    case rsaSha512
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384, 48 bytes of salt: AMD's.
    case rsaPssSha384

    /// Reads an AlgorithmIdentifier with exactly the parameters its RFC asks for.
    init(_ node: ASN1Node) throws {
        let parts = try DERReading.sequence(node)
        guard let first = parts.first else { throw AttestationError.malformed }
        let parameters = parts.dropFirst()
        switch try ASN1ObjectIdentifier(derEncoded: first) {
        case .ecdsaSha256: (self, _) = (.ecdsaSha256, try Self.none(parameters))
        case .ecdsaSha384: (self, _) = (.ecdsaSha384, try Self.none(parameters))
        case .sha256Rsa: (self, _) = (.rsaSha256, try Self.null(parameters))
        case .sha384Rsa: (self, _) = (.rsaSha384, try Self.null(parameters))
        case .sha512Rsa: (self, _) = (.rsaSha512, try Self.null(parameters))
        case .rsassaPss: (self, _) = (.rsaPssSha384, try Self.pss(parameters))
        default: throw AttestationError.malformed
        }
    }

    /// RFC 5758 §3.2: ECDSA has none.
    private static func none(_ parameters: ArraySlice<ASN1Node>) throws {
        guard parameters.isEmpty else { throw AttestationError.malformed }
    }

    /// RFC 4055 §5: NULL.
    private static func null(_ parameters: ArraySlice<ASN1Node>) throws {
        guard parameters.count == 1, let node = parameters.first, try DERReading.primitive(node, .null).isEmpty else {
            throw AttestationError.malformed
        }
    }

    /// RFC 4055 §3.1. AMD writes the trailer field although it is the default; both forms are real.
    private static func pss(_ parameters: ArraySlice<ASN1Node>) throws {
        guard parameters.count == 1, let node = parameters.first else { throw AttestationError.malformed }
        let fields = try DERReading.sequence(node)
        guard fields.count == 3 || fields.count == 4 else { throw AttestationError.malformed }
        func explicit(_ index: Int) throws -> ASN1Node {
            let inner = try DERReading.children(fields[index], DERReading.context(UInt(index)))
            guard inner.count == 1 else { throw AttestationError.malformed }
            return inner[0]
        }
        try sha384(explicit(0))
        let mask = try DERReading.sequence(explicit(1))
        guard mask.count == 2, try ASN1ObjectIdentifier(derEncoded: mask[0]) == .mgf1 else { throw AttestationError.malformed }
        try sha384(mask[1])
        guard try DERReading.integer(explicit(2)) == 48 else { throw AttestationError.malformed }
        if fields.count == 4 {
            guard try DERReading.integer(explicit(3)) == 1 else { throw AttestationError.malformed }
        }
    }

    private static func sha384(_ node: ASN1Node) throws {
        let parts = try DERReading.sequence(node)
        guard let first = parts.first, try ASN1ObjectIdentifier(derEncoded: first) == .sha384Hash else {
            throw AttestationError.malformed
        }
        if parts.count > 1 { try null(parts.dropFirst()) }
    }
}
