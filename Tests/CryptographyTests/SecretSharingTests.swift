import Cryptography
import Primitives
import Testing

@Suite struct `Secret sharing` {
    /// FIPS 197 §4.2 and §4.2.1: products by hand there.
    @Test func `Products are those of FIPS 197`() {
        #expect(ByteField.multiply(0x57, 0x83) == 0xc1)
        #expect(ByteField.multiply(0x57, 0x13) == 0xfe)
        for (power, product) in [(0x02, 0xae), (0x04, 0x47), (0x08, 0x8e), (0x10, 0x07)] as [(UInt8, UInt8)] {
            #expect(ByteField.multiply(0x57, power) == product)
        }
    }

    /// The S-box of FIPS 197 (figure 7) is the inverse followed by an affine map: its whole table tests `invert`.
    @Test func `Inverses give the S-box of FIPS 197`() {
        func substitute(_ byte: UInt8) -> UInt8 {
            let inverse = ByteField.invert(byte)
            return (0..<5).reduce(0x63) { $0 ^ (inverse << $1 | inverse >> ((8 - $1) & 7) & (1 << $1 - 1)) }
        }
        // Figure 7's first row, and its corners.
        let row: [UInt8] = [
            0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67, 0x2b, 0xfe, 0xd7, 0xab, 0x76,
        ]
        #expect((0..<16).map { substitute($0) } == row)
        #expect(substitute(0x53) == 0xed)
        #expect(substitute(0xf0) == 0x8c)
        #expect(substitute(0xff) == 0x16)
    }

    @Test func `The bytes are a field`() {
        #expect(ByteField.invert(0) == 0)
        for left in UInt8.min...UInt8.max {
            if left > 0 { #expect(ByteField.multiply(left, ByteField.invert(left)) == 1) }
            for right in [0, 1, 2, 3, 0x1b, 0x80, 0xfe, 0xff] as [UInt8] {
                let product = ByteField.multiply(left, right)
                #expect(product == ByteField.multiply(right, left))
                #expect(ByteField.multiply(left, right ^ 0x35) == product ^ ByteField.multiply(left, 0x35))
                #expect((product == 0) == (left == 0 || right == 0))
            }
        }
    }

    /// draft-mcgrew-tss-03 §9, without its index byte.
    @Test func `The shares of draft-mcgrew-tss give its secret`() throws {
        let shares = [
            try SecretSharing.Share(index: 1, bytes: [0xb9, 0xfa, 0x07, 0xe1, 0x85]),
            try SecretSharing.Share(index: 2, bytes: [0xf5, 0x40, 0x9b, 0x45, 0x11]),
        ]
        #expect(try SecretSharing.combine(shares, threshold: 2) == [0x74, 0x65, 0x73, 0x74, 0x00])
        #expect(try SecretSharing.combine(shares.reversed(), threshold: 2) == [0x74, 0x65, 0x73, 0x74, 0x00])
    }

    @Test(arguments: [(1, 1), (1, 4), (2, 2), (2, 3), (3, 5), (5, 5), (7, 12), (200, 255)])
    func `Any threshold of the shares gives the secret`(threshold: Int, count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(threshold * 1000 + count))
        let secret = generator.bytes(count > 100 ? 2 : 32)
        let shares = try SecretSharing.split(secret, threshold: threshold, count: count)
        #expect(shares.map(\.index) == (1...UInt8(count)).map { $0 })
        for _ in 0..<(count > 100 ? 2 : 20) {
            let some = Array(shares.shuffled(using: &generator)[..<threshold])
            #expect(try SecretSharing.combine(some, threshold: threshold) == secret)
        }
        #expect(try SecretSharing.combine(shares, threshold: threshold) == secret)
    }

    /// Below the threshold every secret is equally likely: one share's byte is uniform whatever the secret is (χ², 255 degrees of
    /// freedom: mean 255, deviation 22.6; 400 is beyond six deviations).
    @Test func `Fewer shares than the threshold say nothing`() throws {
        for secret in [0x00, 0xa5] as [UInt8] {
            var counts = [Int](repeating: 0, count: 256)
            let shares = try (0..<64).flatMap { _ in
                let pair = try SecretSharing.split([UInt8](repeating: secret, count: 512), threshold: 3, count: 3)
                // Two of three: their sum would show a coefficient that is not drawn anew.
                return zip(pair[0].bytes, pair[1].bytes).map { $0 ^ $1 }
            }
            for byte in shares { counts[Int(byte)] += 1 }
            let expected = Double(shares.count) / 256
            let deviation = counts.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
            #expect(deviation < 400, "χ² \(deviation) for secret \(secret)")
        }
        let shares = try SecretSharing.split([1, 2, 3], threshold: 3, count: 5)
        #expect(throws: CryptographyError.tooFewShares) { try SecretSharing.combine(Array(shares[..<2]), threshold: 3) }
        // A liar about the threshold gets something else.
        let long = try SecretSharing.split([UInt8](repeating: 7, count: 32), threshold: 3, count: 5)
        #expect(try SecretSharing.combine(Array(long[..<2]), threshold: 2) != [UInt8](repeating: 7, count: 32))
    }

    @Test func `Wrong, repeated and misfit shares are refused`() throws {
        let shares = try SecretSharing.split([UInt8](repeating: 9, count: 32), threshold: 2, count: 3)
        #expect(throws: CryptographyError.badShare) { try SecretSharing.combine([shares[0], shares[0]], threshold: 2) }
        #expect(throws: CryptographyError.badShare) { try SecretSharing.Share(index: 0, bytes: shares[0].bytes) }
        #expect(throws: CryptographyError.badShare) { try SecretSharing.Share(index: 1, bytes: []) }
        #expect(throws: CryptographyError.badShare) {
            try SecretSharing.Share(index: 1, bytes: [UInt8](repeating: 0, count: SecretSharing.maximumBytes + 1))
        }
        let short = try SecretSharing.Share(index: 2, bytes: [1])
        #expect(throws: CryptographyError.badShare) { try SecretSharing.combine([shares[0], short], threshold: 2) }
        var altered = shares[2].bytes
        altered[31] ^= 1
        let wrong = try SecretSharing.Share(index: 3, bytes: altered)
        #expect(throws: CryptographyError.badShare) { try SecretSharing.combine([shares[0], shares[1], wrong], threshold: 2) }
        #expect(throws: CryptographyError.badShare) { try SecretSharing.combine(shares, threshold: 0) }
    }

    @Test func `A threshold must be between one and the number of shares`() {
        for (threshold, count) in [(0, 1), (2, 1), (1, 0), (1, 256), (-1, 3)] {
            #expect(throws: CryptographyError.badShare) { try SecretSharing.split([1], threshold: threshold, count: count) }
        }
        #expect(throws: CryptographyError.badShare) { try SecretSharing.split([], threshold: 1, count: 1) }
    }
}
