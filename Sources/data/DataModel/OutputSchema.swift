import Primitives

/// What a program may say: exactly these fields, in this order. Published with the program; the enclave refuses any other
/// output, so a program can leak at most what its schema has room for.
///
/// An output schema has exactly one encoding, so the hash of `encoding` identifies it. It is valid once it exists.
package struct OutputSchema: Sendable, Equatable {
    /// The first byte of the encoding.
    package static let formatVersion: UInt8 = 1

    package struct Field: Sendable {
        package let name: String
        package let type: OutputType
        /// The most elements of a list or bytes of a text; 1 for single values.
        package let maximumCount: UInt32
        /// For integers and numbers, single or listed.
        package let bounds: NumericBounds

        /// Describes a field; `OutputSchema.init` checks it.
        package init(
            _ name: String, _ type: OutputType, maximumCount: UInt32 = 1, minimum: FieldValue? = nil, maximum: FieldValue? = nil
        ) {
            self.name = name
            self.type = type
            self.maximumCount = maximumCount
            self.bounds = NumericBounds(minimum: minimum, maximum: maximum, of: type.numericType ?? .text)
        }

        init(name: String, type: OutputType, maximumCount: UInt32, bounds: NumericBounds) {
            self.name = name
            self.type = type
            self.maximumCount = maximumCount
            self.bounds = bounds
        }

        /// The longest this field can be on the wire.
        var maximumBytes: Int {
            let value =
                switch type {
                case .integer, .number: 8
                case .boolean: 1
                case .text: 2 + Int(maximumCount)
                case .integers, .numbers: 4 + 8 * Int(maximumCount)
                }
            return 2 + name.utf8.count + value
        }

        func validate() throws(DataModelError) {
            guard FieldName.isValid(name) else { throw .invalidSchema("names are [a-z][a-z0-9_]*, at most 64 bytes", field: "") }
            let limit: UInt32 =
                switch type {
                case .integer, .number, .boolean: 1
                case .text: UInt32(FieldValue.maximumTextBytes)
                case .integers, .numbers: UInt32(ProgramOutput.maximumBytes / 8)
                }
            guard (1...limit).contains(maximumCount) else { throw .invalidSchema("the maximum count is out of range", field: name) }
            try bounds.validate(for: type.numericType, field: name)
        }

        func check(_ value: OutputValue) throws(DataModelError) {
            guard value.type == type else { throw .outputMismatch("another type", field: name) }
            switch value {
            case .integer(let value): try check([value])
            case .number(let value): try check([value])
            case .integers(let list): try check(list)
            case .numbers(let list): try check(list)
            case .text(let text):
                guard text.utf8.count <= Int(maximumCount) else { throw .outputMismatch("too long a text", field: name) }
            case .boolean: break
            }
        }

        private func check(_ list: [Int64]) throws(DataModelError) {
            guard list.count <= Int(maximumCount) else { throw .outputMismatch("too long a list", field: name) }
            guard list.allSatisfy(bounds.contains) else { throw .outputMismatch("out of bounds", field: name) }
        }

        private func check(_ list: [Double]) throws(DataModelError) {
            guard list.count <= Int(maximumCount) else { throw .outputMismatch("too long a list", field: name) }
            guard list.allSatisfy(\.isFinite) else { throw .outputMismatch("not a finite number", field: name) }
            guard list.allSatisfy(bounds.contains) else { throw .outputMismatch("out of bounds", field: name) }
        }
    }

    package let fields: [Field]
    /// The longest output that can pass, in bytes: the bound of what the program can leak.
    package let maximumBytes: Int
    /// The canonical bytes (docs/spec/programs.md §6).
    package let encoding: [UInt8]

    /// Throws `invalidSchema` or `duplicateName` unless the fields keep the rules of output schemas.
    package init(fields: [Field]) throws(DataModelError) {
        guard (1...ProgramOutput.maximumFields).contains(fields.count) else {
            throw .invalidSchema("an output schema has 1 to 64 fields", field: "")
        }
        var seen: Set<String> = []
        var bytes: [UInt8] = [Self.formatVersion]
        bytes.append(littleEndian: UInt16(fields.count))
        for field in fields {
            try field.validate()
            guard seen.insert(field.name).inserted else { throw .duplicateName(field.name) }
            bytes.append(name: field.name)
            bytes.append(field.type.rawValue)
            bytes.append(littleEndian: field.maximumCount)
            field.bounds.append(to: &bytes)
        }
        maximumBytes = fields.reduce(6) { $0 + $1.maximumBytes }
        guard maximumBytes <= ProgramOutput.maximumBytes else { throw .invalidSchema("the output could be longer than 64 KiB", field: "") }
        self.fields = fields
        encoding = bytes
    }

    /// The output schema that `bytes` encode; every other sequence of bytes is refused.
    package static func decode(_ bytes: [UInt8]) throws(DataModelError) -> OutputSchema {
        var reader = ModelReader(bytes)
        guard try reader.integer(UInt8.self) == formatVersion else { throw .unsupportedFormat }
        let count = Int(try reader.integer(UInt16.self))
        guard (1...ProgramOutput.maximumFields).contains(count) else { throw .malformed("an output schema has 1 to 64 fields") }
        var fields: [Field] = []
        for _ in 0..<count {
            let name = try reader.name()
            guard let type = OutputType(rawValue: try reader.integer()) else { throw .malformed("unknown type") }
            let maximumCount: UInt32 = try reader.integer()
            let bounds = try NumericBounds(of: type.numericType, from: &reader)
            fields.append(Field(name: name, type: type, maximumCount: maximumCount, bounds: bounds))
        }
        try reader.finish()
        let schema = try OutputSchema(fields: fields)
        guard schema.encoding == bytes else { throw .malformed("not the canonical encoding") }
        return schema
    }

    /// Throws `outputMismatch` unless `output` has exactly the declared fields, in order, finite and within all bounds.
    package func validate(_ output: ProgramOutput) throws(DataModelError) {
        guard output.fields.count == fields.count else { throw .outputMismatch("another number of fields", field: "") }
        for (declared, field) in zip(fields, output.fields) {
            guard declared.name == field.name else { throw .outputMismatch("another field in its place", field: declared.name) }
            try declared.check(field.value)
        }
    }

    /// Takes a program's bytes apart and validates them: the one gate between a program and the requester.
    package func check(_ bytes: [UInt8]) throws(DataModelError) -> ProgramOutput {
        guard bytes.count <= maximumBytes else { throw .outputMismatch("longer than declared", field: "") }
        let output = try ProgramOutput.decode(bytes)
        try validate(output)
        return output
    }

    package static func == (a: OutputSchema, b: OutputSchema) -> Bool { a.encoding == b.encoding }
}
