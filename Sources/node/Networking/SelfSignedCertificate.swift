import Crypto
import FoundationEssentials

/// An X.509 certificate (RFC 5280 §4.1) that a key signs for itself, in DER (X.690).
///
/// Peers pin the key and look at nothing else, so that the certificate is an envelope that TLS asks for: fixed names and dates, a
/// serial number from the key. Written by hand because it is fifty lines, where a library would be the largest dependency of this target.
enum SelfSignedCertificate {
    /// The certificate's bytes. All but the signature follow from the key.
    static func der(for key: P256.Signing.PrivateKey) throws -> [UInt8] {
        let publicKey = [UInt8](key.publicKey.derRepresentation)
        let body = sequence(
            explicit(0, integer([2])) + integer(serial(publicKey)) + ecdsaWithSHA256 + name + validity + name + publicKey)
        let signature = try key.signature(for: body)
        return sequence(body + ecdsaWithSHA256 + bitString([UInt8](signature.derRepresentation)))
    }

    private static let ecdsaWithSHA256 = sequence(element(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]))

    /// CN=jupiter node.
    private static let name = sequence(
        element(0x31, sequence(element(0x06, [0x55, 0x04, 0x03]) + element(0x0C, Array("jupiter node".utf8)))))

    /// From 1970 on, without a well-defined end (RFC 5280 §4.1.2.5).
    private static let validity = sequence(element(0x17, Array("700101000000Z".utf8)) + element(0x18, Array("99991231235959Z".utf8)))

    /// Sixteen bytes, positive.
    private static func serial(_ publicKey: [UInt8]) -> [UInt8] {
        var bytes = Array(SHA256.hash(data: publicKey).prefix(16))
        bytes[0] = bytes[0] & 0x3F | 0x40
        return bytes
    }

    private static func sequence(_ contents: [UInt8]) -> [UInt8] { element(0x30, contents) }
    private static func integer(_ magnitude: [UInt8]) -> [UInt8] { element(0x02, magnitude) }
    private static func explicit(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] { element(0xA0 | tag, contents) }
    private static func bitString(_ contents: [UInt8]) -> [UInt8] { element(0x03, [0] + contents) }

    /// Tag, definite length in its shortest form, contents (X.690 §8.1, §10.1).
    private static func element(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
        precondition(contents.count < 65_536, "certificates are small")
        let count = contents.count
        let length: [UInt8] =
            count < 128 ? [UInt8(count)] : count < 256 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 255)]
        return [tag] + length + contents
    }
}
