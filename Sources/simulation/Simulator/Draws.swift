import Primitives

extension SeededGenerator {
    /// A number in `range`, slightly uneven for huge ranges, which does not matter here.
    mutating func draw(_ range: ClosedRange<UInt64>) -> UInt64 {
        let span = range.upperBound - range.lowerBound
        return span == .max ? next() : range.lowerBound + next() % (span + 1)
    }

    mutating func draw(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(draw(0...UInt64(range.upperBound - range.lowerBound))) }

    /// True once in `1000 / permille`.
    mutating func chance(permille: UInt64) -> Bool { next() % 1000 < permille }

    /// `0..<count` in random order.
    mutating func order(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for index in stride(from: count - 1, to: 0, by: -1) { order.swapAt(index, draw(0...index)) }
        return order
    }
}
