import Primitives
import TestVectors
import Testing

@Suite struct `Fuzz of primitive decoders` {
    @Test func `A reader never reads more than there is`() {
        HostileBytes.each([(0..<100).map(UInt8.init)]) { bytes in
            var reader = ByteReader(bytes)
            var hostile = HostileBytes(seed: UInt64(bytes.count))
            for _ in 0..<20 {
                let before = reader.offset
                switch hostile.below(4) {
                case 0: _ = try? reader.integer(UInt64.self)
                case 1: _ = try? reader.take(hostile.below(300) - 10)
                case 2: _ = try? reader.hash()
                default: _ = try? reader.integer(UInt8.self)
                }
                #expect(reader.offset >= before && reader.offset <= bytes.count, "seed \(HostileBytes.seed)")
                #expect(reader.offset + reader.remaining == bytes.count, "seed \(HostileBytes.seed)")
            }
        }
    }

    @Test func `Hexadecimal text is read only when it could have been written`() {
        HostileBytes.each([Array("00ffAB12".utf8)]) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let value = Hex.decode(text) else { return }
            #expect(Hex.encode(value) == text.lowercased(), "seed \(HostileBytes.seed): \(text)")
        }
    }
}
