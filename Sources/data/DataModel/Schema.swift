import Primitives

/// The fields of a dataset's records, in order, in one version.
///
/// A schema has exactly one encoding, so the hash of `encoding` identifies it. It is valid once it exists.
package struct Schema: Sendable, Equatable {
    /// 1…`maximumFields` fields.
    package static let maximumFields = 128
    /// The first byte of the encoding.
    package static let formatVersion: UInt8 = 1

    package let version: UInt32
    package let fields: [Field]
    /// The canonical bytes (docs/spec/programs.md §2).
    package let encoding: [UInt8]
    private let positions: [String: Int]

    /// Throws `invalidSchema` or `duplicateName` unless the fields keep the rules of schemas.
    package init(version: UInt32, fields: [Field]) throws(DataModelError) {
        guard (1...Self.maximumFields).contains(fields.count) else { throw .invalidSchema("a schema has 1 to 128 fields", field: "") }
        var positions: [String: Int] = [:]
        var bytes: [UInt8] = [Self.formatVersion]
        bytes.append(littleEndian: version)
        bytes.append(littleEndian: UInt16(fields.count))
        for (position, field) in fields.enumerated() {
            try field.validate()
            guard positions.updateValue(position, forKey: field.name) == nil else { throw .duplicateName(field.name) }
            field.append(to: &bytes)
        }
        self.version = version
        self.fields = fields
        self.positions = positions
        encoding = bytes
    }

    /// The schema that `bytes` encode; every other sequence of bytes is refused.
    package static func decode(_ bytes: [UInt8]) throws(DataModelError) -> Schema {
        var reader = ModelReader(bytes)
        guard try reader.integer(UInt8.self) == formatVersion else { throw .unsupportedFormat }
        let version: UInt32 = try reader.integer()
        let count = Int(try reader.integer(UInt16.self))
        guard (1...maximumFields).contains(count) else { throw .malformed("a schema has 1 to 128 fields") }
        var fields: [Field] = []
        for _ in 0..<count { fields.append(try Field(from: &reader)) }
        try reader.finish()
        let schema = try Schema(version: version, fields: fields)
        guard schema.encoding == bytes else { throw .malformed("not the canonical encoding") }
        return schema
    }

    /// Where the field `name` stands; `nil` if there is none.
    package func position(of name: String) -> Int? { positions[name] }

    /// The field `name`; `nil` if there is none.
    package subscript(name: String) -> Field? { positions[name].map { fields[$0] } }

    package static func == (a: Schema, b: Schema) -> Bool { a.encoding == b.encoding }
}
