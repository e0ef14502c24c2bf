import Primitives
import Testing

@Suite struct `Seeded generator` {
    /// The first outputs of SplitMix64 for seed 1234567 (Vigna's reference program splitmix64.c).
    @Test func `It is SplitMix64`() {
        var generator = SeededGenerator(seed: 1_234_567)
        let outputs = (0..<5).map { _ in generator.next() }
        #expect(
            outputs == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ])
    }

    @Test func `The same seed gives the same bytes`() {
        var (one, two, three) = (SeededGenerator(seed: 1), SeededGenerator(seed: 1), SeededGenerator(seed: 2))
        let bytes = one.bytes(100)
        #expect(bytes.count == 100)
        #expect(two.bytes(100) == bytes)
        #expect(three.bytes(100) != bytes)
        #expect(one.hash() == two.hash())
    }
}
