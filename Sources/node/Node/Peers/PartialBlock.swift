import ChainTypes
import Networking
import Primitives

/// A proposed block while some of its transactions are still on their way; a plain value.
package struct PartialBlock {
    private enum Slot {
        /// Named by its identifier, unless even that is unknown.
        case missing(Hash32?)
        case present(SubmittedTransaction)
    }

    package let header: BlockHeader
    package let evidence: [[UInt8]]
    private var slots: [Slot]
    package private(set) var missing: Int
    /// Whether some of it came from the mempool, where another signature of the same body may stand.
    package private(set) var usesMempool = false
    /// Whether an answer that brings everything is still coming, so that nobody knows how many there will be.
    package private(set) var isGrowing: Bool

    /// A proposal whose full transactions come by `put`.
    package init(header: BlockHeader, evidence: [[UInt8]], transactions: [CompactTransaction]) {
        (self.header, self.evidence) = (header, evidence)
        slots = transactions.map { if case .id(let id) = $0 { .missing(id) } else { .missing(nil) } }
        (missing, isGrowing) = (slots.count, false)
    }

    /// An answer that brings everything, transaction by transaction.
    package init(growing header: BlockHeader, evidence: [[UInt8]]) {
        (self.header, self.evidence) = (header, evidence)
        (slots, missing, isGrowing) = ([], 0, true)
    }

    package var isWhole: Bool { missing == 0 && !isGrowing }

    /// In the block's order; what is missing is left out.
    package var transactions: [SubmittedTransaction] {
        slots.compactMap { if case .present(let submitted) = $0 { submitted } else { nil } }
    }

    /// The places of what is missing, and its identifiers where they are known.
    package var gaps: [(position: Int, id: Hash32?)] {
        slots.indices.compactMap { position in if case .missing(let id) = slots[position] { (position, id) } else { nil } }
    }

    package mutating func put(_ submitted: SubmittedTransaction, at position: Int, fromMempool: Bool = false) {
        if isGrowing {
            while slots.count <= position {
                slots.append(.missing(nil))
                missing += 1
            }
        }
        guard slots.indices.contains(position), case .missing(let id) = slots[position], id == nil || id == submitted.transaction.id else {
            return
        }
        slots[position] = .present(submitted)
        missing -= 1
        if fromMempool { usesMempool = true }
    }

    /// The answer that brings everything has ended.
    package mutating func close() { isGrowing = false }
}
