import Primitives

/// A module's refusal of a message: a stable code in the receipt, a name and a reason for people.
///
/// Each module lists its refusals as constants beside its rules; `Refusal.all` in the execution target checks that no two
/// share a code.
package struct Refusal: CodedError, Equatable {
    package let code: UInt32
    package let name: String
    package let reason: String

    package init(_ code: UInt32, _ name: String, _ reason: String) {
        (self.code, self.name, self.reason) = (code, name, reason)
    }

    package static func == (a: Refusal, b: Refusal) -> Bool { a.code == b.code }
}
