import Primitives
import Testing

@Suite struct `Byte reader` {
    @Test func `Integers are little-endian and written back alike`() throws {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt8(1))
        bytes.append(littleEndian: UInt16(0x0203))
        bytes.append(littleEndian: UInt32(0x0405_0607))
        bytes.append(littleEndian: Int64(-2))
        bytes.append(Hash32(1, 2, 3, 4))
        #expect(Array(bytes.prefix(7)) == [1, 3, 2, 7, 6, 5, 4])
        var reader = ByteReader(bytes)
        #expect(try reader.integer(UInt8.self) == 1)
        #expect(try reader.integer(UInt16.self) == 0x0203)
        #expect(try reader.integer(UInt32.self) == 0x0405_0607)
        #expect(try reader.integer(Int64.self) == -2)
        #expect(reader.remaining == 32)
        #expect(try reader.hash() == Hash32(1, 2, 3, 4))
        try reader.finish()
    }

    @Test func `Nothing is read past the end, and a refused read moves nothing`() throws {
        var reader = ByteReader([1, 2, 3])
        #expect(throws: ByteReaderError.truncated) { try reader.integer(UInt32.self) }
        #expect(throws: ByteReaderError.truncated) { try reader.take(4) }
        #expect(throws: ByteReaderError.truncated) { try reader.take(-1) }
        #expect(throws: ByteReaderError.truncated) { try reader.take(.max) }
        #expect(throws: ByteReaderError.truncated) { try reader.hash() }
        #expect(reader.offset == 0)
        #expect(try reader.take(3) == [1, 2, 3])
        #expect(try reader.take(0) == [])
        #expect(throws: ByteReaderError.truncated) { try reader.integer(UInt8.self) }
    }

    @Test func `Bytes left over are refused`() throws {
        var reader = ByteReader([1, 2])
        #expect(throws: ByteReaderError.trailing) { try reader.finish() }
        _ = try reader.take(2)
        try reader.finish()
        try ByteReader([]).finish()
    }
}
