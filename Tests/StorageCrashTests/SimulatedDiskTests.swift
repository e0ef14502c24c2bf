import Foundation
import PowerLossSupport
import Storage
import Testing

/// The replayer itself: what a loss keeps and what it takes.
@Suite struct `The simulated power loss` {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// The files after a loss at the end of the events, by path.
    private func left(_ events: [PowerLossTrace.Event], _ loss: PowerLossTrace.Loss = .everythingUnsynced) throws -> [String: String] {
        let path = scratch.path + "/\(UUID().uuidString)"
        try PowerLossTrace(events: events).rebuild(at: events.count, into: path, losing: loss)
        var files: [String: String] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
            if let data = FileManager.default.contents(atPath: path + "/" + name) { files[name] = String(decoding: data, as: UTF8.self) }
        }
        return files
    }

    private func create(_ path: String, _ handle: UInt64) -> PowerLossTrace.Event {
        .opened(handle: handle, path: path, created: true, emptied: false, isDirectory: false)
    }
    private func write(_ handle: UInt64, _ offset: Int, _ text: String) -> PowerLossTrace.Event {
        .wrote(handle: handle, offset: offset, bytes: Array(text.utf8))
    }
    private let openRoot = PowerLossTrace.Event.opened(handle: 99, path: "", created: false, emptied: false, isDirectory: true)

    @Test func `a synced file in a synced directory stays`() throws {
        let events = [create("/a", 1), write(1, 0, "one"), .synced(handle: 1), openRoot, .synced(handle: 99), write(1, 3, "two")]
        #expect(try left(events) == ["a": "one"])
    }

    @Test func `neither contents nor names survive without their own sync`() throws {
        #expect(try left([create("/a", 1), write(1, 0, "one"), .synced(handle: 1)]) == [:])
        #expect(try left([create("/a", 1), write(1, 0, "one"), openRoot, .synced(handle: 99), .closed(handle: 1)]) == ["a": ""])
    }

    @Test func `a rename and an unlink are undone until the directory is synced`() throws {
        let start = [create("/a", 1), write(1, 0, "one"), .synced(handle: 1), openRoot, .synced(handle: 99)]
        #expect(try left(start + [.renamed(from: "/a", to: "/b")]) == ["a": "one"])
        #expect(try left(start + [.renamed(from: "/a", to: "/b"), .synced(handle: 99)]) == ["b": "one"])
        #expect(try left(start + [.unlinked(path: "/a")]) == ["a": "one"])
        #expect(try left(start + [.unlinked(path: "/a"), .synced(handle: 99)]) == [:])
    }

    @Test func `truncation, extension and holes`() throws {
        let start = [create("/a", 1), write(1, 0, "onetwo"), .synced(handle: 1), openRoot, .synced(handle: 99)]
        #expect(try left(start + [.truncated(handle: 1, size: 2)]) == ["a": "onetwo"])
        #expect(try left(start + [.truncated(handle: 1, size: 2), .synced(handle: 1)]) == ["a": "on"])
        #expect(try left(start + [.extended(handle: 1, size: 7), .synced(handle: 1)]) == ["a": "onetwo\0"])
        #expect(try left(start + [write(1, 8, "x"), .synced(handle: 1)]) == ["a": "onetwo\0\0x"])
    }

    @Test func `a partial loss keeps some of what was not synced`() throws {
        let start = [create("/a", 1), .synced(handle: 1), openRoot, .synced(handle: 99)]
        let events = start + (0..<8).map { write(1, $0, "x") }
        let outcomes = Set(try (0..<30).map { try left(events, .partOfUnsynced(seed: $0))["a"] ?? "" })
        #expect(outcomes.count > 5)
    }

    @Test func `acknowledgements count once their line is complete`() {
        let trace = PowerLossTrace(events: [.acknowledged(Array("1 a\n2".utf8)), .acknowledged(Array(" b\n".utf8))])
        #expect(trace.acknowledgements(before: 0) == [])
        #expect(trace.acknowledgements(before: 1) == ["1 a"])
        #expect(trace.acknowledgements(before: 2) == ["1 a", "2 b"])
    }
}

/// A directory whose program lives more than once.
@Suite struct `A directory that loses power` {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// Runs storage-crasher on it, which appends blocks to the chain there, until there are `blocks`; the height that it acknowledged.
    private func life(_ environment: [String: String], blocks: Int, sync: Bool) throws -> UInt64 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Crasher.path)
        process.arguments = [scratch.path + "/live", "\(blocks)", sync ? "sync" : "nosync", "0"]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Crasher.acknowledgedHeight(String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init))
    }

    private func height() throws -> UInt64 {
        let store = try ChainStore(path: scratch.path + "/live/chain", options: .init(createIfMissing: true, blockCacheBytes: 1 << 20))
        defer { store.close() }
        return store.head()?.height ?? 0
    }

    @Test func `keeps what each life has synced, and what was there before`() throws {
        let live = scratch.path + "/live"
        try FileManager.default.createDirectory(atPath: live, withIntermediateDirectories: false)
        try Data("kept".utf8).write(to: URL(fileURLWithPath: live + "/before"))
        let directory = try PowerLossDirectory(live, shim: PowerLossShim(in: scratch.path), trace: scratch.path + "/trace")
        for blocks in [5, 9] {
            let acknowledged = try life(directory.begin(), blocks: blocks, sync: true)
            _ = try directory.losePower(losing: .everythingUnsynced)
            #expect(try acknowledged == UInt64(blocks) && height() == acknowledged)
        }
        #expect(FileManager.default.contents(atPath: live + "/before") == Data("kept".utf8))
        // What was only written goes.
        #expect(try life(directory.begin(), blocks: 14, sync: false) == 14)
        #expect(try directory.losePower(losing: .everythingUnsynced).contents > 0)
        #expect(try (9..<14).contains(height()))
    }
}
