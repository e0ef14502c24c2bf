import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// The transactions of a CometBFT block, split into Jupiter's transactions and sidecars before anything is hashed
/// (docs/decisions/0008-sidecars-under-cometbft.md).
package struct CandidateTransactions: Sendable {
    package enum Candidate: Sendable {
        case valid(SubmittedTransaction)
        case refused(TransactionError)
    }

    /// In the order of the block.
    package var candidates: [Candidate]

    /// - Parameter checkSignatures: the errors of the signatures, in the order of the transactions; may work in parallel.
    package init(
        _ transactions: [Data], checkSignatures: ([SubmittedTransaction]) -> [TransactionError?]
    ) {
        candidates = transactions.map { bytes in
            do throws(TransactionError) { return .valid(try SubmittedTransaction(decoding: [UInt8](bytes))) } catch {
                return .refused(error)
            }
        }
        let decoded = candidates.indices.filter { candidates[$0].submitted != nil }
        let errors = checkSignatures(decoded.compactMap { candidates[$0].submitted })
        for (position, error) in zip(decoded, errors) { if let error { candidates[position] = .refused(error) } }
    }

    /// Those that are transactions.
    package var valid: [SubmittedTransaction] { candidates.compactMap(\.submitted) }

    /// Whether all are: a correct proposer's block.
    package var areAllValid: Bool { candidates.allSatisfy { $0.submitted != nil } }
}

extension CandidateTransactions.Candidate {
    package var submitted: SubmittedTransaction? {
        if case .valid(let submitted) = self { submitted } else { nil }
    }
}

/// How a proposer chooses among the candidates that CometBFT hands it.
package enum ProposalChoice {
    /// Each sender's transactions by nonce, in the places that the sender has: gossip may have turned them around.
    package static func ordered(_ transactions: [SubmittedTransaction]) -> [SubmittedTransaction] {
        var places: [Address: [Int]] = [:]
        for (place, submitted) in transactions.enumerated() { places[submitted.transaction.sender, default: []].append(place) }
        var ordered = transactions
        for places in places.values where places.count > 1 {
            let byNonce = places.map { transactions[$0] }.sorted { $0.transaction.body.nonce < $1.transaction.body.nonce }
            for (place, submitted) in zip(places, byNonce) { ordered[place] = submitted }
        }
        return ordered
    }

    /// Those that fit into `limit` bytes as CometBFT counts them. Once one of a sender does not fit, its later ones are left out too.
    package static func fitting(_ transactions: [SubmittedTransaction], limit: Int64) -> [[UInt8]] {
        var room = limit
        var left: Set<Address> = []
        var chosen: [[UInt8]] = []
        for submitted in transactions where !left.contains(submitted.transaction.sender) {
            let bytes = submitted.encoded
            let size = Int64(FrameReader.frame(bytes).count + 1)
            guard size <= room else {
                left.insert(submitted.transaction.sender)
                continue
            }
            room -= size
            chosen.append(bytes)
        }
        return chosen
    }
}
