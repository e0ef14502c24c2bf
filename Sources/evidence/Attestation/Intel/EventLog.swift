/// The firmware's log of what went into a TD's run-time registers: a TCG crypto-agile log with SHA-384 only, as ACPI's CCEL table
/// points to it (TCG PC Client Platform Firmware Profile §10.2; Intel GHCI §4.3.2).
package struct EventLog: Sendable {
    /// The registers that the log's events give, by index 0 to 3; only those that it mentions.
    package let registers: [Int: [UInt8]]

    static let maximumBytes = 512 << 10
    static let maximumEvents = 8192
    private static let sha384: UInt16 = 0x000c
    private static let noAction: UInt32 = 3

    /// - Throws: `malformed` for anything but one log, filled up with one byte value.
    package init(_ bytes: [UInt8]) throws(AttestationError) {
        guard bytes.count <= Self.maximumBytes else { throw .malformed }
        var cursor = ByteCursor(bytes)
        try Self.readHeader(&cursor)
        var registers: [Int: [UInt8]] = [:]
        for _ in 0..<Self.maximumEvents {
            guard !cursor.isAtEnd, !Self.isFilling(cursor.rest) else { break }
            let index = Int(try cursor.littleEndian(UInt32.self))
            let type = try cursor.littleEndian(UInt32.self)
            guard 1...4 ~= index, try cursor.littleEndian(UInt32.self) == 1, try cursor.littleEndian(UInt16.self) == Self.sha384 else {
                throw .malformed
            }
            let digest = try cursor.take(48)
            _ = try cursor.take(Int(try cursor.littleEndian(UInt32.self)))
            guard type != Self.noAction else { continue }
            let old = registers[index - 1] ?? [UInt8](repeating: 0, count: 48)
            registers[index - 1] = TpmHash.sha384.hash(old + digest)
        }
        guard cursor.isAtEnd || Self.isFilling(cursor.rest) else { throw .malformed }
        self.registers = registers
    }

    /// A TCG_PCR_EVENT that says which hashes the log has: SHA-384 and no other.
    private static func readHeader(_ cursor: inout ByteCursor) throws(AttestationError) {
        _ = try cursor.take(4)
        guard try cursor.littleEndian(UInt32.self) == noAction else { throw .malformed }
        _ = try cursor.take(20)
        var event = ByteCursor(try cursor.take(Int(try cursor.littleEndian(UInt32.self))))
        guard try event.take(16).elementsEqual("Spec ID Event03\0".utf8) else { throw .malformed }
        // platformClass, versions, uintnSize
        _ = try event.take(8)
        guard try event.littleEndian(UInt32.self) == 1, try event.littleEndian(UInt16.self) == sha384,
            try event.littleEndian(UInt16.self) == 48
        else { throw .malformed }
        let vendor = try event.take(1).reduce(0) { $0 + Int($1) }
        _ = try event.take(vendor)
        try event.finish()
    }

    private static func isFilling(_ rest: ArraySlice<UInt8>) -> Bool {
        guard let first = rest.first, first == 0xff || first == 0 else { return false }
        return rest.allSatisfy { $0 == first }
    }
}
