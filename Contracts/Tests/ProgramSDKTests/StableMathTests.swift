import Foundation
import ProgramSDK
import Testing

@Suite struct `Stable mathematics` {
    /// SplitMix64.
    struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// How many doubles `a` is away from `b`; both finite and of one sign.
    func distance(_ a: Double, _ b: Double) -> UInt64 {
        a.bitPattern > b.bitPattern ? a.bitPattern - b.bitPattern : b.bitPattern - a.bitPattern
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
    func `exp is within one double of the C library's`(seed: UInt64) {
        var generator = Seeded(state: seed)
        var largest: UInt64 = 0
        for _ in 0..<50_000 {
            for range in [-745.0...709.78, -1.0...1.0, -40.0...40.0, -1e-6...1e-6] {
                let x = Double.random(in: range, using: &generator)
                largest = max(largest, distance(StableMath.exp(x), Foundation.exp(x)))
            }
        }
        print("exp: at most \(largest) doubles away (seed \(seed))")
        #expect(largest <= 1)
    }

    @Test(arguments: [UInt64(11), 12, 13, 14])
    func `log is within one double of the C library's`(seed: UInt64) {
        var generator = Seeded(state: seed)
        var largest: UInt64 = 0
        for _ in 0..<50_000 {
            let anywhere = Double(bitPattern: UInt64.random(in: 1..<0x7FF0_0000_0000_0000, using: &generator))
            for x in [anywhere, .random(in: 0.5...2, using: &generator), .random(in: 0.999...1.001, using: &generator)] {
                largest = max(largest, distance(StableMath.log(x), Foundation.log(x)))
            }
        }
        print("log: at most \(largest) doubles away (seed \(seed))")
        #expect(largest <= 1)
    }

    @Test func `ends of the ranges`() {
        #expect(StableMath.exp(0) == 1)
        #expect(StableMath.exp(-0.0) == 1)
        #expect(StableMath.exp(.infinity) == .infinity)
        #expect(StableMath.exp(-.infinity) == 0)
        #expect(StableMath.exp(709.782712893384) == Foundation.exp(709.782712893384))
        #expect(StableMath.exp(709.79) == .infinity)
        #expect(StableMath.exp(-745.13) == Double.leastNonzeroMagnitude)
        #expect(StableMath.exp(-746) == 0)
        #expect(StableMath.exp(.nan).isNaN)
        #expect(StableMath.log(1) == 0)
        #expect(StableMath.log(0) == -.infinity)
        #expect(StableMath.log(-0.0) == -.infinity)
        #expect(StableMath.log(.infinity) == .infinity)
        #expect(StableMath.log(-1).isNaN)
        #expect(StableMath.log(.nan).isNaN)
        #expect(StableMath.log(.leastNonzeroMagnitude) == Foundation.log(.leastNonzeroMagnitude))
        #expect(StableMath.squareRoot(2) == 2.0.squareRoot())
    }

    @Test func `logistic has its symmetry and its limits`() {
        #expect(StableMath.logistic(0) == 0.5)
        #expect(StableMath.logistic(800) == 1)
        #expect(StableMath.logistic(-800) == 0)
        #expect(StableMath.logistic(-700) > 0)
        for step in -400...400 {
            let z = Double(step) / 10
            #expect(abs(StableMath.logistic(z) + StableMath.logistic(-z) - 1) <= 2.3e-16)
            #expect(abs(StableMath.logistic(z) - 1 / (1 + Foundation.exp(-z))) <= 2.3e-16)
        }
    }

    @Test func `bits are pinned`() {
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for step in -7000...7000 {
            let x = Double(step) / 10
            for value in [StableMath.exp(x), StableMath.log(x * x + 0.1), StableMath.logistic(x)] {
                digest = (digest ^ value.bitPattern) &* 0x100_0000_01B3
            }
        }
        #expect(digest == 17_106_781_350_013_386_817)
    }

    @Test func `a compensated sum keeps what cancels`() {
        var sum = CompensatedSum()
        for term in [1, 1e100, 1, -1e100] { sum.add(term) }
        #expect(sum.value == 2)
    }
}
