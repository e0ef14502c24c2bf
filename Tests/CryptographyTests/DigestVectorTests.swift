import Crypto
import Cryptography
import Primitives
import TestVectors
import Testing

/// FIPS 180-4 and RFC 5869 against the vectors of the standards, and our faces on them against other implementations.
@Suite struct `Hashes and derived keys` {
    struct DigestCase: Decodable, Sendable {
        let source: String
        let message: HexBytes
        let `repeat`: Int
        let digest: HexBytes
    }

    struct DerivationCase: Decodable, Sendable {
        let source: String
        let secret, salt, info, output: HexBytes
    }

    @Test func `SHA-256 gives the digests of FIPS 180-4`() throws {
        let cases = try VectorFile.load("sha256", as: DigestCase.self)
        #expect(cases.count == 5)
        for vector in cases {
            let message = Array(repeatElement(vector.message.bytes, count: vector.repeat).joined())
            #expect(Digest.plain(message).bytes == vector.digest.bytes, "\(vector.source)")
        }
    }

    @Test func `HKDF-SHA-256 gives the keys of RFC 5869`() throws {
        let cases = try VectorFile.load("hkdf-sha256", as: DerivationCase.self)
        #expect(cases.count == 3)
        for vector in cases {
            let key = HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: vector.secret.bytes), salt: vector.salt.bytes, info: vector.info.bytes,
                outputByteCount: vector.output.bytes.count)
            #expect(key.testBytes == vector.output.bytes, "\(vector.source)")
        }
    }

    @Test func `A digest starts with its context`() throws {
        let pinned = try NamedValue.load("cryptography")
        #expect(Digest.hash(.record, Array("abc".utf8)).description == pinned["digest of \"abc\" in context record"])
        #expect(Digest.hash(.record, []) != Digest.hash(.keyBox, []))
        #expect(Digest.hash(.record, []) != Digest.plain([]))
    }

    @Test func `A derived key is HKDF with the bound identifier as info`() throws {
        let pinned = try NamedValue.load("cryptography")
        let secret = SymmetricKey(data: (0..<32).map(UInt8.init))
        let key = KeyDerivation.derive(secret, context: .resultKey, identifier: Array("job".utf8))
        #expect(Hex.encode(key.testBytes) == pinned["derived key"])
        #expect(KeyDerivation.derive(secret, context: .vaultEntry, identifier: Array("job".utf8)) != key)
        #expect(KeyDerivation.derive(secret, context: .resultKey, identifier: Array("Job".utf8)) != key)
    }

    @Test func `Parts hashed with their length cannot be shifted into each other`() {
        func digest(_ parts: [[UInt8]]) -> Hash32 {
            var digest = Digest(.reportData)
            for part in parts { digest.updateWithLength(part) }
            return digest.finalize()
        }
        #expect(digest([[1, 2], [3]]) != digest([[1], [2, 3]]))
        #expect(digest([[1]]) != digest([[1], []]))
        var byHand = Digest(.reportData)
        byHand.update([0, 0, 0, 2, 1, 2])
        #expect(digest([[1, 2]]) == byHand.finalize())
    }

    @Test func `Integers are hashed big-endian`() {
        var one = Digest(.reportData)
        one.update(bigEndian: UInt32(0x0102_0304))
        var two = Digest(.reportData)
        two.update([1, 2, 3, 4])
        #expect(one.finalize() == two.finalize())
    }
}

extension SymmetricKey {
    /// The key's bytes, for comparison with a vector.
    var testBytes: [UInt8] { withUnsafeBytes { Array($0) } }
}
