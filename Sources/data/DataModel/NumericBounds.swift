/// The least and the greatest value a numeric field may have, both allowed themselves, each of the field's own type.
package struct NumericBounds: Sendable, Equatable {
    package let minimum: FieldValue?
    package let maximum: FieldValue?

    package static let none = NumericBounds(minimum: nil, maximum: nil, of: .integer)

    /// A whole-number bound of a `number` field (such as the literal `0`) becomes a number; every other value stays as given
    /// and is refused by `validate` if its type is wrong.
    package init(minimum: FieldValue?, maximum: FieldValue?, of type: FieldType) {
        self.minimum = minimum.map { Self.widened($0, to: type) }
        self.maximum = maximum.map { Self.widened($0, to: type) }
    }

    var isNone: Bool { minimum == nil && maximum == nil }

    private static func widened(_ bound: FieldValue, to type: FieldType) -> FieldValue {
        guard case .integer(let value) = bound, type == .number, let number = Double(exactly: value) else { return bound }
        return .number(number)
    }

    func contains(_ value: Int64) -> Bool {
        if case .integer(let minimum) = minimum, value < minimum { return false }
        if case .integer(let maximum) = maximum, value > maximum { return false }
        return true
    }

    func contains(_ value: Double) -> Bool {
        if case .number(let minimum) = minimum, value < minimum { return false }
        if case .number(let maximum) = maximum, value > maximum { return false }
        return true
    }

    /// Throws unless the bounds suit a field of `type` (`nil`: a field that is not numeric) and leave room for a value.
    func validate(for type: FieldType?, field: String) throws(DataModelError) {
        if isNone { return }
        guard let type, type == .integer || type == .number else { throw .invalidSchema("only numeric fields have bounds", field: field) }
        for bound in [minimum, maximum] {
            guard let bound else { continue }
            guard bound.type == type else { throw .invalidSchema("a bound has another type than its field", field: field) }
            if case .number(let value) = bound, !value.isFinite { throw .invalidSchema("a bound is not finite", field: field) }
        }
        switch maximum {
        case .integer(let value)? where !contains(value): throw .invalidSchema("minimum is above maximum", field: field)
        case .number(let value)? where !contains(value): throw .invalidSchema("minimum is above maximum", field: field)
        default: return
        }
    }

    /// Bit 0: there is a minimum, bit 1: there is a maximum; then the present ones, 8 bytes each.
    func append(to bytes: inout [UInt8]) {
        bytes.append((minimum == nil ? 0 : 1) | (maximum == nil ? 0 : 2))
        minimum?.append(to: &bytes)
        maximum?.append(to: &bytes)
    }

    init(of type: FieldType?, from reader: inout ModelReader) throws(DataModelError) {
        let flags: UInt8 = try reader.integer()
        guard flags < 4 else { throw .malformed("unknown flags of bounds") }
        if flags == 0 {
            self = .none
            return
        }
        guard let type, type == .integer || type == .number else { throw .malformed("only numeric fields have bounds") }
        var minimum: FieldValue?
        var maximum: FieldValue?
        if flags & 1 != 0 { minimum = try FieldValue(type: type, from: &reader) }
        if flags & 2 != 0 { maximum = try FieldValue(type: type, from: &reader) }
        self.init(minimum: minimum, maximum: maximum, of: type)
    }
}
