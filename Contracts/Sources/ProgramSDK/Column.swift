/// One column of a batch. Rows count from 0; asking for a row beyond `rowCount` stops the program.
public struct Column {
    let name: Text
    /// What its values are.
    public let type: ColumnType
    /// The same as the batch's.
    public let rowCount: Int
    private let validity: UnsafeRawPointer
    private let values: UnsafeRawPointer
    /// Where each text starts, counted from `values`; none for the other types and for a single row, which starts at 0. Never given
    /// back: the instance ends with the run, and a column without references costs nothing to copy.
    private let texts: UnsafeMutablePointer<UInt32>?

    init(_ reader: inout InputReader, rowCount: Int) throws(ProgramFailure) {
        (name, type) = try ProgramInput.nameAndType(&reader)
        self.rowCount = rowCount
        let bits = try reader.skip((rowCount + 7) / 8)
        let start = reader.offset
        var texts: UnsafeMutablePointer<UInt32>?
        switch type {
        case .integer, .number: _ = try reader.skip(8 * rowCount)
        case .boolean: _ = try reader.skip(rowCount)
        case .text:
            // Two bytes a text at least: checked before memory is taken for them.
            guard reader.remaining / 2 >= rowCount else { throw .malformedInput }
            if rowCount > 1 { texts = UnsafeMutablePointer.allocate(capacity: rowCount) }
            for row in 0..<rowCount {
                texts?[row] = UInt32(truncatingIfNeeded: reader.offset - start)
                _ = try reader.skip(Int(try reader.integer(UInt16.self)))
            }
        }
        // The header was read, so there are bytes.
        guard let base = reader.bytes.baseAddress else { throw .malformedInput }
        validity = base + bits
        values = base + start
        self.texts = texts
    }

    /// Whether the value of `row` is there.
    @inline(__always)
    public func isPresent(_ row: Int) -> Bool {
        precondition(row >= 0 && row < rowCount, "no such row")
        return validity.load(fromByteOffset: row >> 3, as: UInt8.self) & (1 << UInt8(truncatingIfNeeded: row & 7)) != 0
    }

    /// The numeric value of `row`, of a column of integers or of numbers; `nil` if absent. Throws `wrongType`.
    @inline(__always)
    public func number(_ row: Int) throws(ProgramFailure) -> Double? {
        switch type {
        case .integer: isPresent(row) ? Double(Int64(bitPattern: word(row))) : nil
        case .number: isPresent(row) ? Double(bitPattern: word(row)) : nil
        case .text, .boolean: throw .wrongType
        }
    }

    /// The integer of `row`; `nil` if absent. Throws `wrongType`.
    public func integer(_ row: Int) throws(ProgramFailure) -> Int64? {
        guard type == .integer else { throw .wrongType }
        return isPresent(row) ? Int64(bitPattern: word(row)) : nil
    }

    /// The text of `row`; `nil` if absent. Throws `wrongType`.
    public func text(_ row: Int) throws(ProgramFailure) -> Text? {
        guard type == .text else { throw .wrongType }
        guard isPresent(row) else { return nil }
        let start = texts.map { Int($0[row]) } ?? 0
        let count = UInt16(littleEndian: values.loadUnaligned(fromByteOffset: start, as: UInt16.self))
        return Text(UnsafeRawBufferPointer(start: values + start + 2, count: Int(count)))
    }

    /// The boolean of `row`; `nil` if absent. Throws `wrongType`.
    public func boolean(_ row: Int) throws(ProgramFailure) -> Bool? {
        guard type == .boolean else { throw .wrongType }
        return isPresent(row) ? values.load(fromByteOffset: row, as: UInt8.self) != 0 : nil
    }

    /// The eight bytes of `row`, which was checked, in a column of eight bytes a row.
    @inline(__always)
    private func word(_ row: Int) -> UInt64 {
        UInt64(littleEndian: values.loadUnaligned(fromByteOffset: 8 * row, as: UInt64.self))
    }
}

/// A text of the input, compared by its bytes (Swift's `String` would add 100 KB of Unicode tables to a program).
public struct Text {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// How many bytes of UTF-8 it has.
    public var count: Int { bytes.count }

    /// The byte at `index`, counted from 0.
    public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "no such byte")
        return bytes[index]
    }

    /// Whether the bytes are the same.
    @inline(__always)
    public static func == (text: Text, other: StaticString) -> Bool {
        text.count == other.utf8CodeUnitCount && text.hasSameBytes(as: other)
    }

    /// Compares byte by byte; the counts are equal.
    private func hasSameBytes(as other: StaticString) -> Bool {
        guard let mine = bytes.baseAddress else { return true }
        let theirs = UnsafeRawPointer(other.utf8Start)
        var index = 0
        while index < bytes.count {
            if mine.load(fromByteOffset: index, as: UInt8.self) != theirs.load(fromByteOffset: index, as: UInt8.self) { return false }
            index &+= 1
        }
        return true
    }

    /// The text as one integer, its first byte lowest, so that codes can be told apart by a `switch`; `nil` above 8 bytes. A text
    /// of the same integer is the same text, unless one ends in zero bytes: those are `nil` too.
    public var code: UInt64? {
        guard count <= 8, count == 0 || bytes[count - 1] != 0 else { return nil }
        var code: UInt64 = 0
        for index in 0..<count { code |= UInt64(bytes[index]) &<< UInt64(truncatingIfNeeded: 8 &* index) }
        return code
    }
}
