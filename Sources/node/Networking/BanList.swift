import Primitives

/// Who is shut out, and for how long; pure. Times are milliseconds of any clock that does not go back.
package struct BanList: Sendable {
    package struct Settings: Sendable, Equatable {
        /// The first ban; each further one is twice as long.
        package var first: UInt64 = 10_000
        package var longest: UInt64 = 3_600_000
        /// After so long without a violation all is forgotten.
        package var memory: UInt64 = 7_200_000

        package init() {}
    }

    private struct Ban {
        var until: UInt64
        var count: Int
    }

    private let settings: Settings
    private var bans: [Hash32: Ban] = [:]
    /// Only registered nodes get as far as to be banned; this bounds the list over all registries.
    private static let most = 4_096

    package init(_ settings: Settings) { self.settings = settings }

    /// Bans `node` and returns until when.
    package mutating func ban(_ node: Hash32, now: UInt64) -> UInt64 {
        forget(now)
        let count = (bans[node]?.count ?? 0) + 1
        let (length, isHuge) = settings.first.multipliedReportingOverflow(by: 1 << UInt64(min(count - 1, 32)))
        let ban = Ban(until: now + (isHuge ? settings.longest : min(length, settings.longest)), count: count)
        if bans.count >= Self.most, bans[node] == nil, let soonest = bans.min(by: { $0.value.until < $1.value.until })?.key {
            bans[soonest] = nil
        }
        bans[node] = ban
        return ban.until
    }

    /// Until when `node` is banned, if it is.
    package func until(_ node: Hash32, now: UInt64) -> UInt64? {
        guard let ban = bans[node], ban.until > now else { return nil }
        return ban.until
    }

    package mutating func lift(_ node: Hash32) { bans[node] = nil }

    private mutating func forget(_ now: UInt64) { bans = bans.filter { $0.value.until + settings.memory > now } }
}
