import ChainTypes
import Primitives
import WireTypes

/// Jobs (assessments and subscriptions) that hold escrow, by the second in which they are refunded.
package enum Deadlines {
    /// The longest a job may wait: one day, in milliseconds.
    package static let longest: UInt64 = 86_400_000
    /// How many seconds one block catches up; a chain that slept longer catches up over several blocks.
    private static let secondsPerBlock: UInt64 = 100_000

    /// Remembers that job `id` is due at `deadline` (milliseconds).
    static func schedule(_ id: Hash32, kind: WireProgramKind, deadline: UInt64, _ state: inout ModuleState) throws {
        let second = StateKey.due(deadline / 1000 + 1)
        let count = try Amounts.value(second, &state)
        state.set(StateKey.due(deadline / 1000 + 1, position: count), bytes: [UInt8(kind.rawValue)] + id.bytes)
        Amounts.write(count + 1, second, &state)
    }

    /// Refunds what fell due since the last block: at the start of a block, before its transactions.
    package static func sweep(_ context: BlockContext, _ state: inout ModuleState) throws {
        let now = context.time / 1000
        let swept = try Amounts.value(StateKey.sweptUntil, &state)
        guard swept > 0 else { return Amounts.write(now, StateKey.sweptUntil, &state) }
        guard now > swept else { return }
        let last = min(now, swept + secondsPerBlock)
        for second in swept + 1...last {
            let count = try Amounts.value(StateKey.due(second), &state)
            guard count > 0 else { continue }
            for position in 0..<count { try refund(StateKey.due(second, position: position), &state) }
            state.remove(StateKey.due(second))
        }
        Amounts.write(last, StateKey.sweptUntil, &state)
    }

    private static func refund(_ key: [UInt8], _ state: inout ModuleState) throws {
        defer { state.remove(key) }
        guard let entry = try state.value(key), let id = Hash32(entry.dropFirst()) else { return }
        if entry[0] == UInt8(WireProgramKind.assessment.rawValue) {
            try AssessmentsModule.refund(id, &state)
        } else {
            try SubscriptionsModule.refund(id, &state)
        }
    }
}
