import Primitives

/// Refusals of schemas, records, batches and outputs. Codes are part of the protocol: never reuse or renumber one.
///
/// A payload names a place (a declared field, a part of an encoding), never a value: values are personal data.
package enum DataModelError: CodedError, Equatable {
    package static let domain = "data"

    /// Bytes that are not an encoding of what was asked for: truncated, trailing, or out of a bound of the format.
    case malformed(StaticReason)
    /// The first byte, or the magic, names a format this build does not know.
    case unsupportedFormat
    /// A schema that breaks a rule of schemas; the text says which.
    case invalidSchema(StaticReason, field: String)
    /// A record written in another version of the schema than the one it is read with.
    case schemaVersionMismatch(found: UInt32, expected: UInt32)
    case missingField(String)
    case unknownField(String)
    case wrongType(String)
    /// A number outside the declared minimum and maximum.
    case outOfBounds(String)
    /// A text that is not one of the declared codes.
    case valueNotAllowed(String)
    case textTooLong(String)
    /// Infinity or not a number.
    case notFinite(String)
    /// More rows, columns, parameters or bytes than a batch may have.
    case batchTooLarge(StaticReason)
    /// The number of values differs from the number of fields or columns.
    case wrongValueCount(found: Int, expected: Int)
    /// A program's output that is not what its output schema declares; the place is a declared field or the whole.
    case outputMismatch(StaticReason, field: String)
    case duplicateName(String)

    package var code: UInt32 {
        switch self {
        case .malformed: 1000
        case .unsupportedFormat: 1001
        case .invalidSchema: 1002
        case .schemaVersionMismatch: 1003
        case .missingField: 1004
        case .unknownField: 1005
        case .wrongType: 1006
        case .outOfBounds: 1007
        case .valueNotAllowed: 1008
        case .textTooLong: 1009
        case .notFinite: 1010
        case .batchTooLarge: 1011
        case .wrongValueCount: 1012
        case .outputMismatch: 1013
        case .duplicateName: 1014
        }
    }

    package var name: String {
        switch self {
        case .malformed: "data.malformed"
        case .unsupportedFormat: "data.unsupportedFormat"
        case .invalidSchema: "data.invalidSchema"
        case .schemaVersionMismatch: "data.schemaVersionMismatch"
        case .missingField: "data.missingField"
        case .unknownField: "data.unknownField"
        case .wrongType: "data.wrongType"
        case .outOfBounds: "data.outOfBounds"
        case .valueNotAllowed: "data.valueNotAllowed"
        case .textTooLong: "data.textTooLong"
        case .notFinite: "data.notFinite"
        case .batchTooLarge: "data.batchTooLarge"
        case .wrongValueCount: "data.wrongValueCount"
        case .outputMismatch: "data.outputMismatch"
        case .duplicateName: "data.duplicateName"
        }
    }

    package var reason: String {
        switch self {
        case .malformed(let what): "the bytes are not a valid encoding: \(what)"
        case .unsupportedFormat: "the format or its version is unknown to this build"
        case .invalidSchema(let what, let field): "the schema is refused: \(what)\(field.isEmpty ? "" : " (field \(field))")"
        case .schemaVersionMismatch(let found, let expected): "the record is of schema version \(found), not \(expected)"
        case .missingField(let field): "the field \(field) is required and absent"
        case .unknownField(let field): "the schema has no field \(field)"
        case .wrongType(let field): "the value of \(field) has another type than declared"
        case .outOfBounds(let field): "the value of \(field) is outside its declared bounds"
        case .valueNotAllowed(let field): "the value of \(field) is not one of its allowed codes"
        case .textTooLong(let field): "the text of \(field) is longer than \(FieldValue.maximumTextBytes) bytes"
        case .notFinite(let field): "the value of \(field) is infinite or not a number"
        case .batchTooLarge(let what): "the batch is too large: \(what)"
        case .wrongValueCount(let found, let expected): "\(found) values were given, \(expected) are expected"
        case .outputMismatch(let what, let field):
            "the output is not what the program declared: \(what)\(field.isEmpty ? "" : " (field \(field))")"
        case .duplicateName(let name): "the name \(name) occurs twice"
        }
    }
}

/// A reason written in the source: it cannot carry a value that somebody sent.
package struct StaticReason: Sendable, Equatable, ExpressibleByStringLiteral, CustomStringConvertible {
    private let text: StaticString

    package init(stringLiteral value: StaticString) { text = value }

    package static func == (a: StaticReason, b: StaticReason) -> Bool { a.description == b.description }

    package var description: String { text.description }
}
