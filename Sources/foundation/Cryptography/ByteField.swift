/// The field GF(2⁸) of AES: bytes as polynomials modulo x⁸ + x⁴ + x³ + x + 1 (FIPS 197 §4).
///
/// No table and no branch depends on a value: neither caches nor branch predictors learn one. The compiler is not bound to keep it so.
package enum ByteField {
    /// The product.
    package static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var (product, left, right) = (UInt8(0), left, right)
        for _ in 0..<8 {
            product ^= left & mask(right & 1)
            left = left << 1 ^ 0x1b & mask(left >> 7)
            right >>= 1
        }
        return product
    }

    /// The inverse, value²⁵⁴; zero of zero.
    package static func invert(_ value: UInt8) -> UInt8 {
        var (result, power) = (UInt8(1), value)
        // 254 is binary 1111 1110: every power of two but the first.
        for _ in 0..<7 {
            power = multiply(power, power)
            result = multiply(result, power)
        }
        return result
    }

    /// 0xff for one, zero for zero.
    private static func mask(_ bit: UInt8) -> UInt8 { 0 &- bit }
}
