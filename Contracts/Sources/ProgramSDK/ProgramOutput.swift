/// Builds what the program says: named values in the order of its output schema, as "JPO1" (docs/spec/programs.md §5).
public struct ProgramOutput {
    /// The output so far; its number of fields stands in bytes 4 and 5.
    public private(set) var bytes: [UInt8] = []
    private var fieldCount: UInt16 = 0

    /// An output without fields.
    public init() {
        bytes.reserveCapacity(128)
        append(UInt32(0x314F_504A))  // "JPO1"
        append(fieldCount)
    }

    /// Adds an integer.
    public mutating func integer(_ name: StaticString, _ value: Int64) {
        header(name, 1)
        append(value)
    }

    /// Adds a number, which must be finite to pass the host.
    public mutating func number(_ name: StaticString, _ value: Double) {
        header(name, 2)
        append(value.bitPattern)
    }

    /// Adds a text of at most 4096 bytes.
    public mutating func text(_ name: StaticString, _ value: StaticString) {
        header(name, 3)
        precondition(value.utf8CodeUnitCount <= 4096, "texts have at most 4096 bytes")
        append(UInt16(truncatingIfNeeded: value.utf8CodeUnitCount))
        append(value)
    }

    /// Adds a boolean.
    public mutating func boolean(_ name: StaticString, _ value: Bool) {
        header(name, 4)
        bytes.append(value ? 1 : 0)
    }

    /// Adds a list of integers.
    public mutating func integers(_ name: StaticString, _ values: [Int64]) {
        header(name, 5)
        append(UInt32(truncatingIfNeeded: values.count))
        for value in values { append(value) }
    }

    /// Adds a list of numbers, which must be finite to pass the host.
    public mutating func numbers(_ name: StaticString, _ values: [Double]) {
        header(name, 6)
        append(UInt32(truncatingIfNeeded: values.count))
        for value in values { append(value.bitPattern) }
    }

    private mutating func header(_ name: StaticString, _ type: UInt8) {
        precondition(name.utf8CodeUnitCount <= 64, "names have at most 64 bytes")
        fieldCount += 1
        bytes[4] = UInt8(truncatingIfNeeded: fieldCount)
        bytes[5] = UInt8(truncatingIfNeeded: fieldCount >> 8)
        bytes.append(UInt8(truncatingIfNeeded: name.utf8CodeUnitCount))
        append(name)
        bytes.append(type)
    }

    private mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func append<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
