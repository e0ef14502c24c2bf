import Crypto
import Cryptography
import Foundation
import Primitives
import TestVectors
import Testing

/// RFC 9180 and X-Wing against their own vectors.
@Suite struct `Sealing vectors` {
    struct HPKECase: Decodable, Sendable {
        let source: String
        let secret, publicKey, encapsulatedKey, sharedSecret, info, associated, message, ciphertext, key, baseNonce: HexBytes
    }

    struct KEMCase: Decodable, Sendable {
        let source: String
        let seed, publicKey, ciphertext, sharedSecret: HexBytes
    }

    @Test func `HPKE with X25519 opens the message of RFC 9180's vectors`() throws {
        for vector in try VectorFile.load("hpke-x25519", as: HPKECase.self) {
            let key = try SealingPrivateKey(suite: .x25519, secretBytes: vector.secret.bytes)
            #expect(key.publicKey.bytes == vector.publicKey.bytes)
            let box = SealedBox(suite: .x25519, encapsulatedKey: vector.encapsulatedKey.bytes, ciphertext: vector.ciphertext.bytes)
            #expect(try key.open(box, info: vector.info.bytes, associated: vector.associated.bytes) == vector.message.bytes)
            #expect(throws: CryptographyError.cannotOpen) { try key.open(box, info: [], associated: vector.associated.bytes) }
            #expect(throws: CryptographyError.cannotOpen) { try key.open(box, info: vector.info.bytes, associated: []) }
        }
    }

    @Test func `The key schedule written out here gives the key and nonce of RFC 9180's vectors`() throws {
        for vector in try VectorFile.load("hpke-x25519", as: HPKECase.self) {
            let schedule = KeySchedule(kem: 0x0020, sharedSecret: vector.sharedSecret.bytes, info: vector.info.bytes)
            #expect(schedule.key.testBytes == vector.key.bytes)
            #expect(schedule.baseNonce == vector.baseNonce.bytes)
        }
    }

    @Test func `X-Wing gives the public keys and shared secrets of the draft's vectors`() throws {
        let cases = try VectorFile.load("x-wing", as: KEMCase.self)
        #expect(cases.count == 3)
        for vector in cases {
            let key = try SealingPrivateKey(suite: .xwing, secretBytes: vector.seed.bytes)
            #expect(key.publicKey.bytes == vector.publicKey.bytes, "\(vector.source)")
            #expect(key.secretBytes == vector.seed.bytes)
            let kem = try XWingMLKEM768X25519.PrivateKey(seedRepresentation: vector.seed.bytes, publicKey: nil)
            #expect(try kem.decapsulate(Data(vector.ciphertext.bytes)).testBytes == vector.sharedSecret.bytes, "\(vector.source)")
        }
    }

    /// No document has vectors of HPKE with X-Wing and AES-256-GCM, so the sender is built here from the draft's shared secret.
    @Test func `HPKE with X-Wing opens what RFC 9180's key schedule makes of the draft's shared secret`() throws {
        for vector in try VectorFile.load("x-wing", as: KEMCase.self) {
            let schedule = KeySchedule(kem: 0x647a, sharedSecret: vector.sharedSecret.bytes, info: Context.keyBox.prefix)
            let sealed = try AES.GCM.seal(
                Array("result".utf8), using: schedule.key, nonce: AES.GCM.Nonce(data: schedule.baseNonce), authenticating: [7, 7])
            let box = SealedBox(
                suite: .xwing, encapsulatedKey: vector.ciphertext.bytes, ciphertext: [UInt8](sealed.ciphertext) + sealed.tag)
            let key = try SealingPrivateKey(suite: .xwing, secretBytes: vector.seed.bytes)
            #expect(try key.open(box, context: .keyBox, associated: [7, 7]) == Array("result".utf8), "\(vector.source)")
        }
    }
}
