import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import SwiftProtobuf
import WireTypes

/// Receipts as CometBFT keeps them: one result for each of its transactions, in its order.
///
/// Code and data are hashed into CometBFT's next header; everything else is for its index and for people.
package enum TransactionResults {
    /// Whose codes these are.
    package static let codespace = "jupiter"

    /// - Parameter receipts: the encoded receipts of the valid candidates, in their order.
    package static func results(_ candidates: [CandidateTransactions.Candidate], receipts: [[UInt8]]) -> [ABCITxResult] {
        var rest = receipts[...]
        return candidates.map { candidate in
            switch candidate {
            case .refused(let error): refused(error)
            case .valid(let submitted): result(submitted.transaction, rest.popFirst().flatMap { try? WireReceipt(serializedBytes: $0) })
            }
        }
    }

    private static func refused(_ error: TransactionError) -> ABCITxResult {
        var result = ABCITxResult()
        (result.code, result.codespace, result.log) = (error.code, codespace, error.name)
        return result
    }

    private static func result(_ transaction: SignedTransaction, _ receipt: WireReceipt?) -> ABCITxResult {
        var result = ABCITxResult()
        result.data = .init(transaction.id.bytes)
        result.events = [event("jupiter.transaction", [("id", "\(transaction.id)"), ("sender", "\(transaction.sender)")])]
        guard let receipt else { return result }
        result.code = receipt.code
        if receipt.code != 0 { result.codespace = codespace }
        result.events += receipt.events.map { event in
            self.event(
                event.type,
                [
                    ("id", Hex.encode(event.id)), ("account", Address(event.account).map { "\($0)" } ?? ""), ("amount", "\(event.amount)"),
                ])
        }
        return result
    }

    /// What the block is in Jupiter's own terms.
    package static func block(_ header: BlockHeader, _ outcome: BlockOutcome) -> ABCIEvent {
        event(
            "jupiter.block",
            [("hash", "\(header.hash)"), ("stateRoot", "\(outcome.stateRoot)"), ("receiptsRoot", "\(outcome.receiptsRoot)")])
    }

    private static func event(_ type: String, _ attributes: [(key: String, value: String)]) -> ABCIEvent {
        var event = ABCIEvent()
        event.type = type
        event.attributes = attributes.filter { !$0.value.isEmpty }.map { key, value in
            var attribute = ABCIEventAttribute()
            (attribute.key, attribute.value, attribute.index) = (key, value, true)
            return attribute
        }
        return event
    }
}
