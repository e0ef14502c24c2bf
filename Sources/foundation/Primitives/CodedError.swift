/// An error with a stable code: compared, documented and shown by its code; the reason is for people.
///
/// Codes are part of the protocol: never reused, never renumbered. The text form is `<domain>.<name>`, such as
/// `consent.withdrawn`; receipts carry the number (docs/spec/errors.md).
package protocol CodedError: Error, Sendable {
    /// The first half of the name: the module or boundary that refuses. By default the type's name without `Error`.
    static var domain: String { get }
    /// The stable number, unique in the whole product.
    var code: UInt32 { get }
    /// The stable name, `<domain>.<camelCaseName>`.
    var name: String { get }
    /// What happened and what to do, for a person. Never holds secrets or personal data.
    var reason: String { get }
}

extension CodedError {
    package static var domain: String {
        let type = String(describing: Self.self)
        let stem = type.hasSuffix("Error") ? String(type.dropLast("Error".count)) : type
        return stem.prefix(1).lowercased() + stem.dropFirst()
    }

    /// The domain and the name of the enumeration's case, without associated values.
    package var name: String {
        let text = String(describing: self)
        return Self.domain + "." + (text.split(separator: "(", maxSplits: 1).first.map(String.init) ?? text)
    }

    /// One line for people and logs.
    package var text: String { "\(name) (\(code)): \(reason)" }
}

extension CodedError where Self: RawRepresentable, RawValue == UInt32 {
    package var code: UInt32 { rawValue }
}
