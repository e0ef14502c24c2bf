import DataModel

/// A schema with a field of every kind.
enum Sample {
    static let fields: [Field] = [
        Field("age", .integer, description: "in years", minimum: 0, maximum: 150),
        Field("income", .number, optional: true, minimum: 0),
        Field("checking", .text, description: "opaque code", allowedValues: ["A11", "A12", "é"]),
        Field("note", .text, optional: true),
        Field("employed", .boolean),
    ]

    static func schema(version: UInt32 = 7) throws -> Schema { try Schema(version: version, fields: fields) }

    static let record: [FieldValue?] = [41, 1250.5, "A12", nil, true]

    static func outputSchema() throws -> OutputSchema {
        try OutputSchema(fields: [
            .init("count", .integer, minimum: 2), .init("mean", .number, minimum: -1, maximum: 1.5), .init("label", .text, maximumCount: 8),
            .init("passed", .boolean), .init("histogram", .integers, maximumCount: 4, minimum: 0),
            .init("edges", .numbers, maximumCount: 3),
        ])
    }

    static let output = ProgramOutput([
        .init("count", .integer(3)), .init("mean", .number(0.25)), .init("label", .text("ok")), .init("passed", .boolean(true)),
        .init("histogram", .integers([1, 0, 2])), .init("edges", .numbers([0, 0.5])),
    ])
}

/// FNV-1a, to pin encodings without a cryptographic dependency: a fixture, not a digest.
func fingerprint(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}

/// Writes "JPO1" as a program would, without the checks of the host's side.
func encodeOutput(_ output: ProgramOutput) -> [UInt8] {
    var bytes = Array("JPO1".utf8)
    func append<T: FixedWidthInteger>(_ value: T) {
        for index in 0..<(T.bitWidth / 8) { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
    append(UInt16(output.fields.count))
    for field in output.fields {
        append(UInt8(field.name.utf8.count))
        bytes += Array(field.name.utf8)
        append(field.value.type.rawValue)
        switch field.value {
        case .integer(let value): append(value)
        case .number(let value): append(value.bitPattern)
        case .text(let text):
            append(UInt16(text.utf8.count))
            bytes += Array(text.utf8)
        case .boolean(let value): append(UInt8(value ? 1 : 0))
        case .integers(let list):
            append(UInt32(list.count))
            for value in list { append(value) }
        case .numbers(let list):
            append(UInt32(list.count))
            for value in list { append(value.bitPattern) }
        }
    }
    return bytes
}
