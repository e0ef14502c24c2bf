import ChainFixtures
import Foundation
import PowerLossSupport
import Primitives
import Storage
import Testing

@Suite struct `A power loss at any moment` {
    private let scratch: ScratchDirectory
    private static let blocks: UInt64 = 24

    init() throws { scratch = try ScratchDirectory() }

    private func record(sync: Bool) throws -> PowerLossTrace {
        try PowerLossTrace.record(
            executable: try Crasher.path, arguments: [scratch.path + "/live", "\(Self.blocks)", sync ? "sync" : "nosync", "7"],
            directory: scratch.path + "/live")
    }

    /// What is wrong after a loss at `point`; empty when every acknowledged block is there and whole.
    private func problems(_ trace: PowerLossTrace, at point: Int, losing loss: PowerLossTrace.Loss, roots: [Hash32]) throws -> [String] {
        let path = scratch.path + "/rebuilt-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try trace.rebuild(at: point, into: path, losing: loss)
        let acknowledged = Crasher.acknowledgedHeight(trace.acknowledgements(before: point))
        do {
            let store = try ChainStore(path: path + "/chain", options: .init(createIfMissing: acknowledged == 0, blockCacheBytes: 1 << 20))
            let height = store.head()?.height ?? 0
            guard height >= acknowledged else { return ["blocks \(height + 1)…\(acknowledged) are lost"] }
            return try ChainExpectation(height: height, roots: roots).problems(store)
        } catch {
            return ["does not open: \(error)"]
        }
    }

    @Test func `loses no acknowledged block`() throws {
        let seed: UInt64 = 78
        let trace = try record(sync: true)
        let roots = try Crasher.roots(Self.blocks)
        let lines = trace.acknowledgements(before: trace.events.count)
        #expect(lines == roots.enumerated().map { ChainFixture.acknowledgement(UInt64($0 + 1), $1) })
        var generator = SeededGenerator(seed: seed)
        let interesting = trace.interestingPoints.shuffled(using: &generator).prefix(120)
        let random = (0..<60).map { _ in Int(generator.next() % UInt64(trace.events.count + 1)) }
        let acknowledging = trace.events.indices.filter { if case .acknowledged = trace.events[$0] { true } else { false } }
        for point in Set(interesting + random + acknowledging.map { $0 + 1 }).sorted() {
            for loss in [.everythingUnsynced, .partOfUnsynced(seed: generator.next())] as [PowerLossTrace.Loss] {
                let problems = try problems(trace, at: point, losing: loss, roots: roots)
                #expect(problems.isEmpty, "seed \(seed), point \(point) of \(trace.events.count), \(loss): \(problems.prefix(3))")
            }
        }
    }

    @Test func `shows when syncing is off`() throws {
        let trace = try record(sync: false)
        let roots = try Crasher.roots(Self.blocks)
        #expect(trace.acknowledgements(before: trace.events.count).count == Int(Self.blocks))
        let acknowledging = trace.events.indices.filter { if case .acknowledged = trace.events[$0] { true } else { false } }
        let losing = try acknowledging.filter { event in
            try !problems(trace, at: event + 1, losing: .everythingUnsynced, roots: roots).isEmpty
        }
        #expect(losing.count > acknowledging.count / 2, "without syncing most points must lose blocks: \(losing.count)")
    }
}
