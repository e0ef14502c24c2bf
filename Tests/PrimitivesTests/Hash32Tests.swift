import Foundation
import Primitives
import Testing

@Suite struct `Thirty-two bytes` {
    static let counting = (0..<32).map(UInt8.init)

    @Test func `Bytes, words and text are the same value`() throws {
        let value = try #require(Hash32(Self.counting))
        #expect(value.bytes == Self.counting)
        #expect(value.w0 == 0x0001_0203_0405_0607 && value.w3 == 0x1819_1a1b_1c1d_1e1f)
        #expect(value.description == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        #expect(Hash32(hex: value.description) == value)
        #expect(Hash32(Data(Self.counting)) == value)
        #expect(Hash32(AnySequence(Self.counting)) == value)
        #expect(value.withBytes { Array($0) } == Self.counting)
        #expect(Hash32.zero.bytes == [UInt8](repeating: 0, count: 32))
    }

    @Test(arguments: [0, 1, 31, 33, 64])
    func `Other lengths are no value`(count: Int) {
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(Hash32(bytes) == nil)
        #expect(Hash32(bytes[...]) == nil)
        #expect(Hash32(AnySequence(bytes)) == nil)
        #expect(Hash32(hex: Hex.encode(bytes)) == nil)
    }

    @Test func `Values order like their bytes`() {
        var generator = SeededGenerator(seed: 32)
        for round in 0..<400 {
            let one = generator.hash()
            // Often the same but for one byte, so that every word decides.
            var bytes = one.bytes
            bytes[round % 32] = UInt8(truncatingIfNeeded: generator.next())
            guard let two = Hash32(bytes) else { continue }
            #expect((one < two) == one.bytes.lexicographicallyPrecedes(two.bytes))
            #expect((one == two) == (one.bytes == two.bytes))
            #expect(!(one < one))
        }
    }

    @Test func `A nibble is the half of a byte, the upper one first`() throws {
        var generator = SeededGenerator(seed: 4)
        let value = generator.hash()
        for index in 0..<64 {
            let byte = value.bytes[index / 2]
            #expect(value.nibble(index) == Int(index.isMultiple(of: 2) ? byte >> 4 : byte & 15))
        }
    }

    @Test func `Common nibbles end at the first that differs`() throws {
        let value = Hash32(0x0123_4567_89ab_cdef, .max, 0, 7)
        #expect(value.commonNibbles(with: value) == 64)
        for index in 0..<64 {
            for bit in 0..<4 as Range<UInt8> {
                var bytes = value.bytes
                bytes[index / 2] ^= (1 << bit) << (index.isMultiple(of: 2) ? 4 : 0)
                let other = try #require(Hash32(bytes))
                #expect(value.commonNibbles(with: other) == index)
                #expect(other.commonNibbles(with: value) == index)
            }
        }
    }
}
