/// Writes the fields of a Protocol Buffers message as `SwiftProtobuf` would, without a copy for every field.
package struct FieldWriter {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int) { bytes.reserveCapacity(capacity) }

    package static func size(varint value: UInt64) -> Int { max(1, (70 - value.leadingZeroBitCount) / 7) }

    /// The size of a field of `count` bytes, with tag and length.
    package static func size(bytes count: Int) -> Int { 1 + size(varint: UInt64(count)) + count }

    package mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// The head of a field that holds `length` bytes. Our field numbers are below 16, or have a tag of two bytes.
    package mutating func head(_ field: UInt64, length: Int) {
        varint(field << 3 | 2)
        varint(UInt64(length))
    }

    /// A number, unless it is zero.
    package mutating func number(_ field: UInt64, _ value: UInt64) {
        guard value != 0 else { return }
        varint(field << 3)
        varint(value)
    }

    package mutating func flag(_ field: UInt64, _ value: Bool) { number(field, value ? 1 : 0) }

    /// Bytes, unless there are none.
    package mutating func bytes(_ field: UInt64, _ value: [UInt8]) {
        if !value.isEmpty { element(field, value) }
    }

    /// An element of a repeated field, empty or not.
    package mutating func element(_ field: UInt64, _ value: [UInt8]) {
        head(field, length: value.count)
        bytes += value
    }

    package mutating func elements(_ field: UInt64, _ values: [[UInt8]]) {
        for value in values { element(field, value) }
    }

    /// Packed numbers, unless there are none.
    package mutating func packed(_ field: UInt64, _ values: [UInt32]) {
        guard !values.isEmpty else { return }
        head(field, length: values.reduce(0) { $0 + Self.size(varint: UInt64($1)) })
        for value in values { varint(UInt64(value)) }
    }
}
