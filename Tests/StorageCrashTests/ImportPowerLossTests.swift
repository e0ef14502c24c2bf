import ChainFixtures
import Foundation
import PowerLossSupport
import Primitives
import Storage
import Testing

@Suite struct `A power loss during an import` {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// A chain of 20 blocks that is imported.
    private func source() throws -> ChainStore {
        let store = try ChainStore(path: scratch.path + "/source", options: .init(blockCacheBytes: 1 << 20))
        try ChainFixture.extend(store, through: 20) { _ in }
        return store
    }

    @Test(arguments: [false, true])
    func `leaves an import that goes on, or the whole chain`(replacing: Bool) throws {
        let seed: UInt64 = 91
        try source().close()
        let trace = try PowerLossTrace.record(
            executable: try Crasher.path,
            arguments: [scratch.path + "/live", scratch.path + "/source", replacing ? "replace" : "import", "5"],
            directory: scratch.path + "/live")
        let source = try source()
        var generator = SeededGenerator(seed: seed)
        let interesting = trace.interestingPoints.shuffled(using: &generator).prefix(60)
        let random = (0..<30).map { _ in Int(generator.next() % UInt64(trace.events.count + 1)) }
        // The end, where everything is moved.
        let last = (0..<60).map { max(0, trace.events.count - $0) }
        for point in Set(interesting + random + last).sorted() {
            for loss in [.everythingUnsynced, .partOfUnsynced(seed: generator.next())] as [PowerLossTrace.Loss] {
                let problems = try problems(trace, at: point, losing: loss, source, replacing: replacing)
                #expect(problems.isEmpty, "seed \(seed), point \(point) of \(trace.events.count), \(loss): \(problems.prefix(3))")
            }
        }
    }

    /// What is wrong after a loss at `point`, at once and after the import has been taken up again; empty when nothing is.
    private func problems(
        _ trace: PowerLossTrace, at point: Int, losing loss: PowerLossTrace.Loss, _ source: ChainStore, replacing: Bool
    ) throws -> [String] {
        let path = scratch.path + "/rebuilt-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try trace.rebuild(at: point, into: path, losing: loss)
        let acknowledged = trace.acknowledgements(before: point)
        let isNew = replacing && acknowledged.isEmpty
        let options = Database.Options(createIfMissing: isNew, blockCacheBytes: 1 << 20)
        do {
            var isWhole = false
            do {
                let store = try ChainStore(path: path + "/chain", options: options)
                defer { store.close() }
                isWhole = store.head() == source.head()
                let isOld = replacing && store.head()?.height ?? 0 <= 3 && !acknowledged.contains("imported")
                guard isWhole || isOld else { return ["opens as \(String(describing: store.head()?.height))"] }
                if !isWhole, acknowledged.contains("old"), store.head()?.height != 3 { return ["the old chain is lost"] }
                if isWhole { return try ChainFixture.importProblems(store, source: source) }
            } catch StorageError.notFound {
                guard !acknowledged.contains(replacing ? "old" : "imported") else { return ["there is no chain"] }
            }
            try ChainFixture.importState(of: source, to: path + "/chain", replacing: replacing, reopen: 100)
            let store = try ChainStore(path: path + "/chain", options: options)
            defer { store.close() }
            return try ChainFixture.importProblems(store, source: source)
        } catch {
            return ["\(error)"]
        }
    }
}
