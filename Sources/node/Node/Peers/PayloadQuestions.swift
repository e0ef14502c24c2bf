/// When to ask for what is missing of a block: not while it may come by itself, nor while an answer is coming; then ever more seldom.
/// Pure: times are milliseconds of any clock that only rises.
package struct PayloadQuestions {
    /// How long transactions that a proposal names may take to come by themselves.
    private static let patience: UInt64 = 50
    /// The same, while what has come is not even read.
    private static let busyPatience: UInt64 = 200
    /// How long a whole block may take that its leader sends to everybody.
    private static let patienceForAll: UInt64 = 250
    /// How long a peer may say nothing before the next one is asked; doubled each time.
    private static let firstPause: UInt64 = 400
    private static let maximumPause: UInt64 = 3_200

    private let began: UInt64
    private var heard: UInt64?
    package private(set) var count = 0

    package init(now: UInt64) { began = now }

    /// - Parameters:
    ///   - all: whether nothing of the block is here.
    ///   - isBusy: whether transactions have come that nobody has looked at.
    package func isDue(now: UInt64, all: Bool, isBusy: Bool) -> Bool {
        guard let heard else { return now >= began + (all ? Self.patienceForAll : isBusy ? Self.busyPatience : Self.patience) }
        return now >= heard + min(Self.firstPause << UInt64(min(count - 1, 8)), Self.maximumPause)
    }

    package mutating func asked(now: UInt64) { (heard, count) = (now, count + 1) }

    /// A part of an answer has come: more may follow.
    package mutating func answered(now: UInt64) { if heard != nil { heard = now } }
}
