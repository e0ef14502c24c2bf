/// How long to wait before dialling again: twice as long each time, between half of it and all of it at random so that nodes that
/// lost each other at the same moment do not meet again and again; pure.
package struct BackOff: Sendable {
    package let shortest: UInt64
    package let longest: UInt64
    private var attempts: UInt64 = 0

    /// Milliseconds.
    package init(shortest: UInt64, longest: UInt64) {
        precondition(shortest >= 1 && longest >= shortest, "a back-off rises")
        (self.shortest, self.longest) = (shortest, longest)
    }

    package mutating func next(using generator: inout some RandomNumberGenerator) -> UInt64 {
        let full = min(longest, shortest << min(attempts, 24))
        attempts += 1
        return max(shortest, UInt64.random(in: full / 2...full, using: &generator))
    }

    package mutating func reset() { attempts = 0 }
}
