import Crypto
import FoundationEssentials
import NIOSSL
import Primitives

/// A node's TLS key with its self-signed certificate. Other nodes know it by the hash of the key, from the chain's registry.
package struct NodeIdentity: Sendable {
    /// SHA-256 of the certificate's SubjectPublicKeyInfo.
    package let nodeID: Hash32
    package let certificateDER: [UInt8]
    private let key: P256.Signing.PrivateKey

    /// A new identity with a fresh P-256 key. (BoringSSL offers no Ed25519 in TLS unless told to; P-256 works everywhere.)
    package static func generate() throws(PeerError) -> NodeIdentity {
        let key = P256.Signing.PrivateKey()
        guard let certificate = try? SelfSignedCertificate.der(for: key) else { throw .badIdentity }
        return try NodeIdentity(key: key, certificateDER: certificate)
    }

    /// The identity of a PKCS#8 key and its certificate, both in DER.
    package init(privateKeyDER: [UInt8], certificateDER: [UInt8]) throws(PeerError) {
        guard let key = try? P256.Signing.PrivateKey(derRepresentation: privateKeyDER) else { throw .badIdentity }
        try self.init(key: key, certificateDER: certificateDER)
    }

    /// The identity of a PKCS#8 key and its certificate, both in PEM.
    package init(privateKeyPEM: String, certificatePEM: String) throws(PeerError) {
        guard let key = try? P256.Signing.PrivateKey(pemRepresentation: privateKeyPEM),
            let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8)), certificates.count == 1,
            let der = try? certificates[0].toDERBytes()
        else { throw .badIdentity }
        try self.init(key: key, certificateDER: der)
    }

    private init(key: P256.Signing.PrivateKey, certificateDER: [UInt8]) throws(PeerError) {
        guard (try? NIOSSLCertificate(bytes: certificateDER, format: .der)) != nil,
            let publicKey = try? CertificateKey.subjectPublicKeyInfo(inDER: certificateDER),
            publicKey.elementsEqual(key.publicKey.derRepresentation)
        else { throw .badIdentity }
        (self.key, self.certificateDER) = (key, certificateDER)
        nodeID = try NodeIdentity.nodeID(ofCertificate: certificateDER)
    }

    /// By which a node is known that shows this certificate; TLS has proved that it holds the key.
    package static func nodeID(ofCertificate der: [UInt8]) throws(PeerError) -> Hash32 {
        guard let hash = Hash32(SHA256.hash(data: try CertificateKey.subjectPublicKeyInfo(inDER: der))) else { throw .badCertificate }
        return hash
    }

    static func nodeID(of certificate: NIOSSLCertificate) throws(PeerError) -> Hash32 {
        guard let der = try? certificate.toDERBytes() else { throw .badCertificate }
        return try nodeID(ofCertificate: der)
    }

    /// PKCS#8: whoever has it can pose as this node.
    package var privateKeyDER: [UInt8] { [UInt8](key.derRepresentation) }
    package var privateKeyPEM: String { key.pemRepresentation }

    package var certificatePEM: String {
        let base64 = Data(certificateDER).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        return "-----BEGIN CERTIFICATE-----\n\(base64)\n-----END CERTIFICATE-----\n"
    }
}
