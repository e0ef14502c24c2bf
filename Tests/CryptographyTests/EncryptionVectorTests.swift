import Crypto
import Cryptography
import Primitives
import TestVectors
import Testing

/// SP 800-38D, BIP 350 and RFC 9106 against the vectors of the standards, and our boxes against other implementations.
@Suite struct `Encryption and text vectors` {
    struct GCMCase: Decodable, Sendable {
        let source: String
        let key, nonce, associated, message, ciphertext, tag: HexBytes
    }

    struct TextCase: Decodable, Sendable {
        let source: String
        let text: String
        let valid: Bool
        let what: String
    }

    struct PassphraseCase: Decodable, Sendable {
        let source: String
        let passphrase: String
        let secret, box: HexBytes
    }

    @Test func `AES-256-GCM gives the ciphertexts and tags of the standard`() throws {
        let cases = try VectorFile.load("aes-256-gcm", as: GCMCase.self)
        #expect(cases.count == 6)
        for vector in cases {
            // The library takes no nonce below 12 bytes; ours always have 12.
            guard vector.nonce.bytes.count >= 12 else { continue }
            let sealed = try AES.GCM.seal(
                vector.message.bytes, using: SymmetricKey(data: vector.key.bytes), nonce: AES.GCM.Nonce(data: vector.nonce.bytes),
                authenticating: vector.associated.bytes)
            #expect([UInt8](sealed.ciphertext) == vector.ciphertext.bytes, "\(vector.source)")
            #expect([UInt8](sealed.tag) == vector.tag.bytes, "\(vector.source)")
        }
    }

    @Test func `A box is version, nonce, ciphertext and tag with the context before the associated data`() throws {
        let pinned = try NamedValue.load("cryptography")
        let box = try #require(pinned["record box"].flatMap { Hex.decode($0) })
        let key = try AuthenticatedEncryption.key((0..<32).map(UInt8.init))
        let message = try AuthenticatedEncryption.open(box, key: key, context: .record, associated: Array("owner".utf8))
        #expect(message == Array("a record".utf8))
        #expect(box.count == message.count + AuthenticatedEncryption.overhead)
    }

    @Test func `Bech32m takes and refuses the texts of BIP 350`() throws {
        let cases = try VectorFile.load("bech32m", as: TextCase.self)
        #expect(cases.count == 28)
        for vector in cases {
            #expect((Bech32m.decodeValues(vector.text) != nil) == vector.valid, "\(vector.source): \(vector.text): \(vector.what)")
        }
    }

    /// The key file's whole path: Argon2id with the header's limits, then the box bound to the header.
    @Test func `A passphrase opens what another implementation of Argon2id and AES-GCM sealed`() throws {
        let cases = try VectorFile.load("argon2id", as: PassphraseCase.self)
        #expect(cases.count == 3)
        for vector in cases {
            #expect(try PassphraseBox.open(vector.box.bytes, passphrase: vector.passphrase) == vector.secret.bytes, "\(vector.source)")
        }
    }
}
