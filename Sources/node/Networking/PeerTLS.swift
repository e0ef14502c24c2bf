import NIOCore
import NIOSSL

/// TLS for both directions: version 1.3 only, and both sides show a certificate.
struct PeerTLS: Sendable {
    let client: NIOSSLContext
    let server: NIOSSLContext

    init(_ identity: NodeIdentity) throws {
        let certificate = try NIOSSLCertificate(bytes: identity.certificateDER, format: .der)
        let key = try NIOSSLPrivateKey(bytes: Array(identity.privateKeyPEM.utf8), format: .pem)
        var client = TLSConfiguration.makeClientConfiguration()
        client.certificateChain = [.certificate(certificate)]
        client.privateKey = .privateKey(key)
        var server = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
        Self.harden(&client)
        Self.harden(&server)
        self.client = try NIOSSLContext(configuration: client)
        self.server = try NIOSSLContext(configuration: server)
    }

    private static func harden(_ configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion = .tlsv13
        configuration.maximumTLSVersion = .tlsv13
        // Certificates are judged by our own callback; this makes both sides demand one.
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates([])
        configuration.renegotiationSupport = .none
        configuration.shutdownTimeout = .seconds(1)
    }
}
