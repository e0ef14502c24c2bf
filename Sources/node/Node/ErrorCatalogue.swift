import ChainTypes
import EnclaveProtocol
import Modules
import Primitives

/// From the codes in receipts and enclaves' refusals back to their names and reasons.
package enum ErrorCatalogue {
    private static let entries: [UInt32: Refusal] = {
        var entries: [UInt32: Refusal] = [:]
        for code in UInt32(100)..<150 {
            if let error = TransactionError(rawValue: code) { entries[code] = Refusal(code, error.name, error.reason) }
        }
        for code in UInt32(800)..<900 {
            if let error = EnclaveError(rawValue: code) { entries[code] = Refusal(code, error.name, error.reason) }
        }
        for refusal in Refusal.all where entries[refusal.code] == nil { entries[refusal.code] = refusal }
        return entries
    }()

    /// `nil` for a code of a later version.
    package static func entry(_ code: UInt32) -> Refusal? { entries[code] }

    package static func refusal(_ code: UInt32) -> Refusal {
        entries[code] ?? Refusal(code, "unknown", "a code that this program does not know")
    }
}
