import Crypto
import NIOSSL
import Networking
import Primitives
import TestVectors
import Testing

@Suite struct `A node's identity` {
    @Test func `The id is the hash of the certificate's public key`() throws {
        let identity = try NodeIdentity.generate()
        let certificate = try NIOSSLCertificate(bytes: identity.certificateDER, format: .der)
        #expect(Hash32(SHA256.hash(data: try certificate.extractPublicKey().toSPKIBytes())) == identity.nodeID)
        #expect(try NodeIdentity.generate().nodeID != identity.nodeID)
    }

    @Test func `Key and certificate are read back from PEM and from DER`() throws {
        let identity = try NodeIdentity.generate()
        let fromText = try NodeIdentity(privateKeyPEM: identity.privateKeyPEM, certificatePEM: identity.certificatePEM)
        let fromBytes = try NodeIdentity(privateKeyDER: identity.privateKeyDER, certificateDER: identity.certificateDER)
        for copy in [fromText, fromBytes] {
            #expect(copy.nodeID == identity.nodeID)
            #expect(copy.certificateDER == identity.certificateDER)
            #expect(copy.privateKeyDER == identity.privateKeyDER)
        }
    }

    @Test func `The certificate is signed by its own key, so that other tools take it too`() throws {
        let identity = try NodeIdentity.generate()
        let certificate = identity.certificateDER
        // SEQUENCE of what is signed, the algorithm and the signature (RFC 5280 §4.1); lengths as X.690 §8.1 has them.
        func end(of start: Int) -> Int {
            let first = Int(certificate[start + 1])
            switch first {
            case 0x81: return start + 3 + Int(certificate[start + 2])
            case 0x82: return start + 4 + Int(certificate[start + 2]) << 8 + Int(certificate[start + 3])
            default: return start + 2 + first
            }
        }
        let start = 4
        try #require(certificate[0...1] == [0x30, 0x82] && end(of: 0) == certificate.count)
        let bodyEnd = end(of: start)
        let signatureStart = end(of: bodyEnd)
        try #require(certificate[signatureStart] == 0x03 && end(of: signatureStart) == certificate.count)
        let key = try P256.Signing.PrivateKey(derRepresentation: identity.privateKeyDER).publicKey
        let signature = try P256.Signing.ECDSASignature(derRepresentation: certificate[(signatureStart + 3)...])
        #expect(key.isValidSignature(signature, for: certificate[start..<bodyEnd]))
    }

    @Test func `A key does not go with another's certificate`() throws {
        let (one, two) = (try NodeIdentity.generate(), try NodeIdentity.generate())
        #expect(throws: PeerError.badIdentity) {
            try NodeIdentity(privateKeyPEM: one.privateKeyPEM, certificatePEM: two.certificatePEM)
        }
        #expect(throws: PeerError.badIdentity) {
            try NodeIdentity(privateKeyPEM: one.privateKeyPEM, certificatePEM: one.certificatePEM + two.certificatePEM)
        }
        #expect(throws: PeerError.badIdentity) { try NodeIdentity(privateKeyPEM: "", certificatePEM: one.certificatePEM) }
        #expect(throws: PeerError.badIdentity) { try NodeIdentity(privateKeyPEM: one.privateKeyPEM, certificatePEM: "") }
    }
}

@Suite struct `Fuzz of node identities` {
    @Test func `Damaged keys and certificates are refused or are of the same key`() throws {
        let identity = try NodeIdentity.generate()
        HostileBytes.each([identity.certificateDER]) { bytes in
            guard let read = try? NodeIdentity(privateKeyDER: identity.privateKeyDER, certificateDER: bytes) else { return }
            #expect(read.nodeID == identity.nodeID, "seed \(HostileBytes.seed)")
        }
        HostileBytes.each([identity.certificateDER]) { bytes in
            // A stranger's certificate: a key of somebody or an error, never the end of the process.
            _ = try? NodeIdentity.nodeID(ofCertificate: bytes)
        }
        HostileBytes.each([identity.privateKeyDER]) { bytes in
            guard let read = try? NodeIdentity(privateKeyDER: bytes, certificateDER: identity.certificateDER) else { return }
            #expect(read.nodeID == identity.nodeID, "seed \(HostileBytes.seed)")
        }
    }
}
