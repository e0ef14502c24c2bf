import Crypto
import Cryptography
import Primitives
import TestVectors
import Testing

/// Sealed messages open for one key, in one context, with one associated text.
@Suite struct `Sealed messages` {
    @Test(arguments: SealingSuiteID.allCases)
    func `A message opens with its key, context and associated data`(suite: SealingSuiteID) throws {
        let key = try SealingPrivateKey(suite: suite)
        for message in [[], [1], [UInt8](repeating: 9, count: 5000)] {
            let box = try key.publicKey.seal(message, context: .enrolmentBox, associated: [1, 2])
            #expect(box.suite == suite)
            #expect(box.encapsulatedKey.count == suite.encapsulatedKeyBytes)
            #expect(box.ciphertext.count == message.count + 16)
            #expect(try key.open(box, context: .enrolmentBox, associated: [1, 2]) == message)
        }
    }

    @Test(arguments: SealingSuiteID.allCases)
    func `Another context, associated data, key or altered bytes do not open`(suite: SealingSuiteID) throws {
        let key = try SealingPrivateKey(suite: suite)
        let box = try key.publicKey.seal([1, 2, 3], context: .keyBox, associated: [4])
        for context in Context.allCases where context != .keyBox {
            #expect(throws: CryptographyError.cannotOpen) { try key.open(box, context: context, associated: [4]) }
        }
        #expect(throws: CryptographyError.cannotOpen) { try key.open(box, context: .keyBox, associated: []) }
        let other = try SealingPrivateKey(suite: suite)
        #expect(throws: CryptographyError.cannotOpen) { try other.open(box, context: .keyBox, associated: [4]) }
        for position in box.ciphertext.indices {
            var altered = box
            altered.ciphertext[position] ^= 1
            #expect(throws: CryptographyError.cannotOpen) { try key.open(altered, context: .keyBox, associated: [4]) }
        }
        for position in stride(from: 0, to: box.encapsulatedKey.count, by: 61) {
            var altered = box
            altered.encapsulatedKey[position] ^= 1
            #expect(throws: CryptographyError.cannotOpen) { try key.open(altered, context: .keyBox, associated: [4]) }
        }
    }

    @Test func `A box of another suite or of a wrong size is named as such`() throws {
        let key = try SealingPrivateKey(suite: .x25519)
        var box = try key.publicKey.seal([1], context: .keyBox, associated: [])
        box.encapsulatedKey.append(0)
        #expect(throws: CryptographyError.malformedBox) { try key.open(box, context: .keyBox, associated: []) }
        box.encapsulatedKey.removeLast()
        box.ciphertext = []
        #expect(throws: CryptographyError.cannotOpen) { try key.open(box, context: .keyBox, associated: []) }
        box.suite = .xwing
        #expect(throws: CryptographyError.unknownSuite) { try key.open(box, context: .keyBox, associated: []) }
    }

    @Test(arguments: SealingSuiteID.allCases)
    func `Public keys have the suite's size and survive a round trip`(suite: SealingSuiteID) throws {
        let key = try SealingPrivateKey(suite: suite)
        #expect(key.publicKey.bytes.count == suite.publicKeyBytes)
        #expect(try SealingPrivateKey(suite: suite, secretBytes: key.secretBytes).publicKey == key.publicKey)
        #expect(try SealingPublicKey(suite: suite, bytes: key.publicKey.bytes) == key.publicKey)
        #expect(throws: CryptographyError.malformedKey) { try SealingPublicKey(suite: suite, bytes: Array(key.publicKey.bytes.dropLast())) }
        #expect(throws: CryptographyError.malformedKey) { try SealingPrivateKey(suite: suite, secretBytes: [1, 2, 3]) }
    }

    @Test func `X25519 keys whose agreement is all zero are refused by sender and recipient (RFC 9180 section 7.1.4)`() throws {
        struct Case: Decodable, Sendable {
            let what: String
            let publicKey: HexBytes
        }
        let cases = try VectorFile.load("x25519-small-order", as: Case.self)
        #expect(cases.count == 14)
        let key = try SealingPrivateKey(suite: .x25519)
        let box = try key.publicKey.seal([1], context: .keyBox, associated: [])
        for vector in cases {
            #expect(throws: CryptographyError.malformedKey, "\(vector.what)") {
                try SealingPublicKey(suite: .x25519, bytes: vector.publicKey.bytes)
            }
            // What anybody could have sealed: the agreement is zero whatever the recipient's key is.
            let shared = KeySchedule.sharedSecret(encapsulated: vector.publicKey.bytes, recipient: key.publicKey.bytes)
            let schedule = KeySchedule(kem: 0x0020, sharedSecret: shared, info: Context.keyBox.prefix)
            let forged = try AES.GCM.seal([6], using: schedule.key, nonce: AES.GCM.Nonce(data: schedule.baseNonce))
            var altered = box
            altered.encapsulatedKey = vector.publicKey.bytes
            altered.ciphertext = [UInt8](forged.ciphertext) + forged.tag
            #expect(throws: CryptographyError.cannotOpen, "\(vector.what)") { try key.open(altered, context: .keyBox, associated: []) }
        }
    }

    @Test func `Sealing to an X-Wing key with coefficients above the modulus is refused (FIPS 203 section 7.2)`() throws {
        let key = try SealingPublicKey(suite: .xwing, bytes: [UInt8](repeating: 0xff, count: 1216))
        #expect(throws: CryptographyError.malformedKey) { try key.seal([1], context: .keyBox, associated: []) }
    }
}
