import Primitives

/// How messages fare between every two nodes. Microseconds.
struct NetworkWeather {
    /// What a copy of a message meets.
    enum Fate {
        case lost
        case arrives(after: UInt64)
    }

    private let count: Int
    /// The shortest delay of each link, by sender and receiver.
    private let base: [UInt64]
    private let jitter: UInt64
    private let loss: UInt64
    let duplication: UInt64
    /// How many in a thousand messages take up to a second.
    private let tail: UInt64
    private(set) var isStable = false
    private var groups: [Int]?
    private var isOneWay = false

    init(count: Int, random: inout SeededGenerator) {
        self.count = count
        let slowest = random.draw(UInt64(2_000)...40_000)
        base = (0..<(count * count)).map { _ in random.draw(1_000...slowest) }
        jitter = random.draw(UInt64(500)...30_000)
        loss = random.chance(permille: 600) ? random.draw(UInt64(1)...200) : 0
        duplication = random.chance(permille: 500) ? random.draw(UInt64(1)...100) : 0
        tail = random.chance(permille: 500) ? random.draw(UInt64(1)...100) : 0
    }

    /// No message takes longer once the network is stable.
    static var slowestWhenStable: UInt64 { 70_000 }

    func isBlocked(from sender: Int, to receiver: Int) -> Bool {
        guard let groups, groups[sender] != groups[receiver] else { return false }
        return !isOneWay || groups[sender] == 0
    }

    func fate(from sender: Int, to receiver: Int, random: inout SeededGenerator) -> Fate {
        if !isStable, loss > 0, random.chance(permille: loss) { return .lost }
        let delay = base[sender * count + receiver] + random.draw(0...jitter)
        guard !isStable, tail > 0, random.chance(permille: tail) else { return .arrives(after: delay) }
        return .arrives(after: delay + random.draw(UInt64(50_000)...1_000_000))
    }

    mutating func divide(_ groups: [Int], oneWay: Bool) { (self.groups, isOneWay) = (groups, oneWay) }
    mutating func heal() { groups = nil }

    mutating func stabilise() {
        heal()
        isStable = true
    }
}
