import Crypto
import Foundation

/// As much of DER as a test's certificates take.
enum TestDer {
    /// Tag, length, content.
    static func node(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        switch content.count {
        case ..<0x80: [tag, UInt8(content.count)] + content
        case ..<0x100: [tag, 0x81, UInt8(content.count)] + content
        default: [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xff)] + content
        }
    }

    /// An extension that is not critical.
    static func entry(_ identifier: [UInt8], _ value: [UInt8]) -> [UInt8] { node(0x30, node(0x06, identifier) + node(0x04, value)) }

    /// Basic constraints, critical: an authority.
    static let authority = node(
        0x30, node(0x06, [0x55, 0x1d, 0x13]) + node(0x01, [0xff]) + node(0x04, node(0x30, node(0x01, [0xff]))))

    static func name(_ text: String) -> [UInt8] {
        node(0x30, node(0x31, node(0x30, node(0x06, [0x55, 0x04, 0x03]) + node(0x0c, Array(text.utf8)))))
    }

    static let ecdsaSha256 = node(0x30, node(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]))
    private static let ecdsaSha384 = node(0x30, node(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3]))
    static let (from, until) = (node(0x17, Array("200101000000Z".utf8)), node(0x17, Array("491231235959Z".utf8)))

    /// Valid from 2020 to 2049, ECDSA with SHA-384.
    static func certificate(
        _ subject: String, _ key: P384.Signing.PublicKey, by issuer: String, _ signer: P384.Signing.PrivateKey, _ extensions: [[UInt8]]
    ) throws -> [UInt8] {
        try signed(fields(subject, Array(key.derRepresentation), by: issuer, ecdsaSha384, extensions), ecdsaSha384) {
            try signer.signature(for: $0).derRepresentation
        }
    }

    /// As above, ECDSA with SHA-256.
    static func certificate(
        _ subject: String, _ key: P256.Signing.PublicKey, by issuer: String, _ signer: P256.Signing.PrivateKey, _ extensions: [[UInt8]]
    ) throws -> [UInt8] {
        try signed(fields(subject, Array(key.derRepresentation), by: issuer, ecdsaSha256, extensions), ecdsaSha256) {
            try signer.signature(for: $0).derRepresentation
        }
    }

    /// A revocation list without entries.
    static func list(by issuer: String, _ signer: P256.Signing.PrivateKey) throws -> [UInt8] {
        let extensions = node(0xa0, node(0x30, entry([0x55, 0x1d, 0x14], node(0x02, [1]))))
        return try signed([node(0x02, [1]), ecdsaSha256, name(issuer), from, until, extensions], ecdsaSha256) {
            try signer.signature(for: $0).derRepresentation
        }
    }

    private static func fields(
        _ subject: String, _ key: [UInt8], by issuer: String, _ algorithm: [UInt8], _ extensions: [[UInt8]]
    ) -> [[UInt8]] {
        [
            node(0xa0, node(0x02, [2])), node(0x02, [1]), algorithm, name(issuer), node(0x30, from + until), name(subject), key,
            node(0xa3, node(0x30, extensions.flatMap { $0 })),
        ]
    }

    private static func signed(_ fields: [[UInt8]], _ algorithm: [UInt8], by sign: (Data) throws -> Data) throws -> [UInt8] {
        let content = node(0x30, fields.flatMap { $0 })
        return try node(0x30, content + algorithm + node(0x03, [0] + sign(Data(content))))
    }
}
