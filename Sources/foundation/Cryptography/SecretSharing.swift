import Primitives

/// Threshold secret sharing (A. Shamir, "How to share a secret", CACM 22, 1979), byte by byte over GF(2⁸) as in draft-mcgrew-tss-03.
///
/// Any `threshold` shares give the secret; fewer say nothing about it. Shares are not authenticated: whoever combines them has to see
/// from the secret itself, such as a key that opens a box, that none was false.
package enum SecretSharing {
    /// One holder's share.
    package struct Share: Sendable, Equatable {
        /// Where the polynomials were taken: 1...255; never 0, where the secret is.
        package let index: UInt8
        /// As many as the secret has.
        package let bytes: [UInt8]

        /// - Throws: `badShare` for index 0 or a length that no secret has.
        package init(index: UInt8, bytes: [UInt8]) throws(CryptographyError) {
            guard index > 0, (1...SecretSharing.maximumBytes).contains(bytes.count) else { throw .badShare }
            (self.index, self.bytes) = (index, bytes)
        }
    }

    /// The most shares of a secret.
    package static let maximumShares = 255
    /// The most bytes of a secret: what is shared is a key.
    package static let maximumBytes = 1024

    /// `count` shares of `secret`, with indices from 1.
    /// - Throws: `badShare` for an empty or too long secret, or unless 1 ≤ threshold ≤ count ≤ 255.
    package static func split(_ secret: [UInt8], threshold: Int, count: Int) throws(CryptographyError) -> [Share] {
        guard (1...maximumShares).contains(count), (1...count).contains(threshold), (1...maximumBytes).contains(secret.count) else {
            throw .badShare
        }
        // One polynomial a byte; its constant is the byte, the other coefficients are uniform, zero among them.
        let coefficients = [secret] + (1..<threshold).map { _ in SecureRandom.bytes(secret.count) }
        var shares: [Share] = []
        for index in 1...UInt8(count) { shares.append(try Share(index: index, bytes: evaluate(coefficients, at: index))) }
        return shares
    }

    /// The secret of exactly `threshold` of `shares`; what there is beyond those has to agree with them.
    /// - Throws: `tooFewShares`; `badShare` when two have one index, lengths differ or a share beyond the threshold does not fit.
    package static func combine(_ shares: [Share], threshold: Int) throws(CryptographyError) -> [UInt8] {
        guard (1...maximumShares).contains(threshold), shares.count <= maximumShares else { throw .badShare }
        guard Set(shares.map(\.index)).count == shares.count, Set(shares.map(\.bytes.count)).count <= 1 else { throw .badShare }
        guard shares.count >= threshold else { throw .tooFewShares }
        let chosen = Array(shares[..<threshold])
        for other in shares[threshold...] where interpolate(chosen, at: other.index) != other.bytes { throw .badShare }
        return interpolate(chosen, at: 0)
    }

    /// Horner's rule, all bytes at once.
    private static func evaluate(_ coefficients: [[UInt8]], at point: UInt8) -> [UInt8] {
        var value = [UInt8](repeating: 0, count: coefficients.first?.count ?? 0)
        for coefficient in coefficients.reversed() {
            for position in value.indices { value[position] = ByteField.multiply(value[position], point) ^ coefficient[position] }
        }
        return value
    }

    /// Lagrange's interpolation. Indices are public, bytes are not.
    private static func interpolate(_ shares: [Share], at point: UInt8) -> [UInt8] {
        var value = [UInt8](repeating: 0, count: shares.first?.bytes.count ?? 0)
        for share in shares {
            var weight: UInt8 = 1
            for other in shares where other.index != share.index {
                let quotient = ByteField.multiply(other.index ^ point, ByteField.invert(other.index ^ share.index))
                weight = ByteField.multiply(weight, quotient)
            }
            for position in value.indices { value[position] ^= ByteField.multiply(share.bytes[position], weight) }
        }
        return value
    }
}
