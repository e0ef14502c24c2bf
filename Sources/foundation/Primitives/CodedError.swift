/// An error with a stable code: compared, documented and shown by its code; the reason is for people.
///
/// Codes are part of the protocol: never reused, never renumbered. The text form is `<domain>.<name>`, such as
/// `consent.withdrawn`; receipts carry the number.
package protocol CodedError: Error, Sendable, CustomStringConvertible {
    /// The stable number, unique in the whole product (docs/spec/errors.md).
    var code: UInt32 { get }
    /// The stable name, `<domain>.<camelCaseName>`.
    var name: String { get }
    /// What happened and what to do, for a person. Never holds secrets or personal data.
    var reason: String { get }
}

extension CodedError {
    package var description: String { "\(name) (\(code)): \(reason)" }
}
