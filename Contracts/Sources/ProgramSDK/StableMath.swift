#if canImport(Glibc)
    import Glibc  // natively, an unoptimised squareRoot() is the C library's
#endif

/// Functions of real numbers that give the same bits on every machine: additions, multiplications, divisions and square roots of
/// IEEE 754, and operations on integers, in a fixed order. No fused operations, no library.
///
/// `exp` and `log` follow fdlibm's e_exp.c and e_log.c (error below 1 ulp):
/// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunPro, a Sun Microsystems, Inc. business.
/// Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is preserved.
public enum StableMath {
    private static let ln2High = 6.93147180369123816490e-01
    private static let ln2Low = 1.90821492927058770002e-10

    /// e to the power x.
    public static func exp(_ x: Double) -> Double {
        if x != x { return x }
        if x > 7.09782712893383973096e+02 { return .infinity }
        if x < -7.45133219101941108420e+02 { return 0 }
        let size = x < 0 ? -x : x
        if size < 0x1p-28 { return 1 + x }
        var power = 0
        var high = x
        var low = 0.0
        if size > 0.5 * 0.6931471805599453 {
            power = Int(1.44269504088896338700 * x + (x < 0 ? -0.5 : 0.5))
            high = x - Double(power) * ln2High
            low = Double(power) * ln2Low
        }
        let r = high - low
        let t = r * r
        var p = 4.13813679705723846039e-08
        p = -1.65339022054652515390e-06 + t * p
        p = 6.61375632143793436117e-05 + t * p
        p = -2.77777777770155933842e-03 + t * p
        p = 1.66666666666666019037e-01 + t * p
        let c = r - t * p
        if power == 0 { return 1 - ((r * c) / (c - 2) - r) }
        let y = 1 - ((low - (r * c) / (2 - c)) - high)
        return scaled(y, by: power)
    }

    /// `y` times two to the `power` (-1075…1024), for `y` near 1; rounds once, also into the subnormal numbers.
    private static func scaled(_ y: Double, by power: Int) -> Double {
        if power < -1021 { return y * powerOfTwo(power + 1000) * 0x1p-1000 }
        if power > 1023 { return y * 2 * 0x1p1023 }
        return y * powerOfTwo(power)
    }

    /// Two to the `exponent`, -1022…1023.
    private static func powerOfTwo(_ exponent: Int) -> Double { Double(bitPattern: UInt64(exponent + 1023) << 52) }

    /// The natural logarithm: minus infinity of zero, not a number of what is negative.
    public static func log(_ x: Double) -> Double {
        if x != x || x == .infinity { return x }
        if x < 0 { return .nan }
        if x == 0 { return -.infinity }
        var bits = x.bitPattern
        var power = 0
        if bits < 0x0010_0000_0000_0000 {  // subnormal
            bits = (x * 0x1p54).bitPattern
            power = -54
        }
        // x = 2^power * (1 + f) with 1 + f between sqrt(2)/2 and sqrt(2).
        let fraction = Int(truncatingIfNeeded: (bits >> 32) & 0xF_FFFF)
        let carry = (fraction + 0x9_5F64) & 0x10_0000
        power += Int(truncatingIfNeeded: bits >> 52) - 1023 + carry >> 20
        let top = UInt64(truncatingIfNeeded: fraction | (carry ^ 0x3FF0_0000))
        let f = Double(bitPattern: top << 32 | bits & 0xFFFF_FFFF) - 1
        let k = Double(power)
        if 0xF_FFFF & (2 + fraction) < 3 {  // |f| < 2^-20
            if f == 0 { return k * ln2High + k * ln2Low }
            let r = f * f * (0.5 - 0.33333333333333333 * f)
            return power == 0 ? f - r : k * ln2High - ((r - k * ln2Low) - f)
        }
        return logarithm(f, k, fraction: fraction)
    }

    /// The logarithm of 2^k (1 + f).
    private static func logarithm(_ f: Double, _ k: Double, fraction: Int) -> Double {
        let s = f / (2 + f)
        let z = s * s
        let w = z * z
        let even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
        let odd =
            z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)))
        let r = odd + even
        if (fraction - 0x6_147A) | (0x6_B851 - fraction) > 0 {
            let half = 0.5 * f * f
            if k == 0 { return f - (half - s * (half + r)) }
            return k * ln2High - ((half - (s * (half + r) + k * ln2Low)) - f)
        }
        if k == 0 { return f - s * (f - r) }
        return k * ln2High - ((s * (f - r) - k * ln2Low) - f)
    }

    /// The square root, exactly rounded (an instruction of Wasm and of IEEE 754).
    public static func squareRoot(_ x: Double) -> Double { x.squareRoot() }

    /// 1 / (1 + e^-z), without overflow on either side.
    public static func logistic(_ z: Double) -> Double {
        if z >= 0 { return 1 / (1 + exp(-z)) }
        let e = exp(z)
        return e / (1 + e)
    }
}
