/// Equivocations that wait for a block: each validator's first, bounded.
struct EvidencePool {
    private static let maximum = 256
    private static let perBlock = 16

    private(set) var waiting: [[UInt8]] = []
    private var known: Set<[UInt8]> = []

    var isEmpty: Bool { waiting.isEmpty }

    /// Answers whether the evidence is new.
    mutating func insert(_ evidence: [UInt8]) -> Bool {
        guard waiting.count < Self.maximum, known.count < Self.maximum * 4, known.insert(evidence).inserted else { return false }
        waiting.append(evidence)
        return true
    }

    var candidates: [[UInt8]] { Array(waiting.prefix(Self.perBlock)) }

    /// What is in a final block, or was refused by the application, waits no longer.
    mutating func remove(_ evidence: [[UInt8]]) {
        guard !evidence.isEmpty, !waiting.isEmpty else { return }
        let gone = Set(evidence)
        waiting.removeAll { gone.contains($0) }
    }
}
