import Cryptography
import Primitives
import TestVectors
import Testing

/// RFC 8032, FIPS 186-5 and the hostile cases on which libraries disagree: what is accepted here is part of consensus.
@Suite struct `Signatures` {
    struct Case: Decodable, Sendable {
        let source: String
        let what: String
        let publicKey, message, signature: HexBytes
        let valid: Bool
        /// Ed25519 seed, where the source gives it.
        let seed: HexBytes?
        /// P-256 private scalar, where the source gives it.
        let scalar: HexBytes?
    }

    func accepts(_ key: VerificationKey, _ vector: Case) -> Bool {
        (try? key.verifyBare(vector.signature.bytes, of: vector.message.bytes)) != nil
    }

    @Test func `Ed25519 decides every vector as the protocol does`() throws {
        let cases = try VectorFile.load("ed25519", as: Case.self)
        #expect(cases.count == 75)
        for vector in cases {
            guard let bytes = Hash32(vector.publicKey.bytes) else {
                Issue.record("a key of \(vector.publicKey.bytes.count) bytes in \(vector.source)")
                continue
            }
            #expect(accepts(.ed25519(bytes), vector) == vector.valid, "\(vector.source): \(vector.what)")
        }
    }

    @Test func `Ed25519 refuses each encoding of each small-order key, canonical or not`() throws {
        let small = try VectorFile.load("ed25519", as: Case.self).filter { $0.what.hasPrefix("small-order public key") }
        #expect(Set(small.map(\.publicKey)).count == 14)
        for vector in small {
            let key = try #require(Hash32(vector.publicKey.bytes))
            #expect(throws: CryptographyError.badSignature, "\(vector.what)") {
                try VerificationKey.ed25519(key).verifyBare(vector.signature.bytes, of: vector.message.bytes)
            }
        }
    }

    @Test func `An Ed25519 seed gives the public key of RFC 8032`() throws {
        let cases = try VectorFile.load("ed25519", as: Case.self).filter { $0.seed != nil }
        #expect(cases.count == 5)
        for vector in cases {
            let seed = try #require(vector.seed).bytes
            let key = try SigningKey.ed25519(seed: seed)
            #expect(key.verificationKey.bytes == vector.publicKey.bytes, "\(vector.source)")
            #expect(key.secretBytes == seed)
        }
    }

    @Test func `P-256 decides every vector as the protocol does`() throws {
        let cases = try VectorFile.load("p256", as: Case.self)
        #expect(cases.count > 100)
        for vector in cases {
            #expect(accepts(.p256(vector.publicKey.bytes), vector) == vector.valid, "\(vector.source): \(vector.what)")
        }
    }

    @Test func `A P-256 scalar gives the public key of RFC 6979`() throws {
        for vector in try VectorFile.load("p256", as: Case.self) {
            guard let scalar = vector.scalar else { continue }
            let key = try SigningKey.p256(scalar: scalar.bytes)
            #expect(key.verificationKey.bytes == vector.publicKey.bytes, "\(vector.source)")
            #expect(key.secretBytes == scalar.bytes)
        }
    }

    @Test func `Seeds and scalars of the wrong size or range are refused`() {
        #expect(throws: CryptographyError.malformedKey) { try SigningKey.ed25519(seed: [UInt8](repeating: 1, count: 31)) }
        #expect(throws: CryptographyError.malformedKey) { try SigningKey.p256(scalar: [UInt8](repeating: 0, count: 32)) }
        #expect(throws: CryptographyError.malformedKey) { try SigningKey.p256(scalar: [UInt8](repeating: 0xff, count: 32)) }
        #expect(throws: CryptographyError.malformedKey) { try SigningKey.p256(scalar: [1]) }
    }

    @Test(arguments: [SigningKey.ed25519(), SigningKey.p256()])
    func `A signature holds for its message and context alone`(key: SigningKey) throws {
        let signature = try key.sign([1, 2, 3], context: .transaction)
        try key.verificationKey.verify(signature, of: [1, 2, 3], context: .transaction)
        for context in Context.allCases where context != .transaction {
            #expect(throws: CryptographyError.badSignature) {
                try key.verificationKey.verify(signature, of: [1, 2, 3], context: context)
            }
        }
        #expect(throws: CryptographyError.badSignature) { try key.verificationKey.verify(signature, of: [1, 2], context: .transaction) }
        #expect(throws: CryptographyError.badSignature) { try key.verificationKey.verifyBare(signature, of: [1, 2, 3]) }
        #expect(throws: CryptographyError.malformedSignature) {
            try key.verificationKey.verify(signature.dropLast(), of: [1, 2, 3], context: .transaction)
        }
    }

    @Test func `Another key of the same type does not verify`() throws {
        let signature = try SigningKey.ed25519().sign([1], context: .vote)
        #expect(throws: CryptographyError.badSignature) {
            try SigningKey.ed25519().verificationKey.verify(signature, of: [1], context: .vote)
        }
    }

    @Test func `An Ed25519 signature is that of the context's prefix and the message`() throws {
        let pinned = try NamedValue.load("cryptography")
        let key = try SigningKey.ed25519(seed: (0..<32).map(UInt8.init))
        #expect(Hex.encode(key.verificationKey.bytes) == pinned["ed25519 public key"])
        let signature = try key.sign(Array("pay".utf8), context: .transaction)
        #expect(Hex.encode(signature) == pinned["ed25519 signature of \"pay\" in context transaction"])
    }
}
