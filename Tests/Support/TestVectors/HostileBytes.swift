import Foundation
import Primitives

/// Random and mutated bytes for decoders, from a seed that failures print.
package struct HostileBytes: Sendable {
    /// `JUPITER_FUZZ_SEED` when set, so that a failure replays; else a fixed number.
    package static let seed = environment("JUPITER_FUZZ_SEED") ?? 0x6a75_7069
    /// How many inputs a decoder sees: `JUPITER_FUZZ_ROUNDS` when set, else few.
    package static let rounds = Int(clamping: environment("JUPITER_FUZZ_ROUNDS") ?? 400)

    private var generator: SeededGenerator

    package init(seed: UInt64 = HostileBytes.seed) { generator = SeededGenerator(seed: seed) }

    private static func environment(_ name: String) -> UInt64? { ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } }

    /// Calls `body` with `rounds` inputs: mutations of the `samples`, and now and then plain noise.
    package static func each(_ samples: [[UInt8]], seed: UInt64 = HostileBytes.seed, _ body: ([UInt8]) throws -> Void) rethrows {
        var hostile = HostileBytes(seed: seed)
        for round in 0..<rounds { try body(hostile.next(samples[round % samples.count])) }
    }

    /// A number below `bound`.
    package mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

    /// `count` random bytes.
    package mutating func bytes(_ count: Int) -> [UInt8] { generator.bytes(count) }

    /// One to four mutations of `sample`; one time in eight noise instead.
    package mutating func next(_ sample: [UInt8]) -> [UInt8] {
        if below(8) == 0 { return bytes(below(200)) }
        var bytes = sample
        for _ in 0...below(4) { mutate(&bytes) }
        return bytes
    }

    /// One to four bytes of `sample` overwritten, half of them by others of its own: lengths inside stay right and text stays text, so that
    /// a reader gets far.
    package mutating func overwritten(_ sample: [UInt8]) -> [UInt8] {
        guard !sample.isEmpty else { return sample }
        var bytes = sample
        for _ in 0...below(4) { bytes[below(bytes.count)] = below(2) == 0 ? UInt8(below(256)) : sample[below(sample.count)] }
        return bytes
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return bytes.append(UInt8(below(256))) }
        let position = below(bytes.count)
        switch below(7) {
        case 0: bytes[position] ^= 1 << UInt8(below(8))
        case 1: bytes[position] = UInt8(below(256))
        case 2: bytes[position] = [0, 1, 0x7f, 0x80, 0xff][below(5)]
        case 3: bytes.removeLast(below(bytes.count) + 1)
        case 4: bytes.insert(UInt8(below(256)), at: position)
        case 5: bytes.remove(at: position)
        default: bytes.insert(contentsOf: bytes[position..<min(bytes.count, position + 1 + below(40))], at: position)
        }
    }
}
