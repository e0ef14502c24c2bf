import Engine
import Testing

@Suite struct `Samples of how long something took` {
    @Test func `quantiles are the nearest ranks`() {
        var samples = LatencySamples()
        #expect(samples.quantile(0.5) == nil)
        for value in [40, 10, 30, 20] as [UInt64] { samples.add(microseconds: value) }
        #expect([0.01, 0.5, 0.51, 0.75, 0.99, 1].map { samples.quantile($0) } == [10, 20, 30, 30, 40, 40])
        #expect(samples.sum == 100 && samples.count == 4)
    }

    @Test func `only the newest are kept, and counted all`() {
        var samples = LatencySamples()
        let count = LatencySamples.kept * 3
        for value in 0..<count { samples.add(microseconds: UInt64(value)) }
        #expect(samples.count == UInt64(count) && samples.newest.count <= LatencySamples.kept)
        #expect(samples.newest.last == UInt32(count - 1) && samples.newest.first ?? 0 > 0)
        samples.add(microseconds: .max)
        #expect(samples.quantile(1) == .max)
    }
}
