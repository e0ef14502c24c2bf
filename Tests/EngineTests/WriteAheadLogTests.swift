import ChainTypes
import Engine
import Primitives
import Simplex
import Testing
import WireTypes

@Suite struct `Write-ahead log` {
    private let chain = Hash32(1, 2, 3, 4)
    private let validator = Hash32(5, 6, 7, 8)

    private func vote(_ view: UInt64) -> LogRecord {
        .entry(
            .vote(
                Vote(
                    epoch: 3, ballot: Ballot(.notarise, view: view, height: view, block: Hash32(view, 9, 9, 9)), signer: 2,
                    signature: [UInt8](repeating: UInt8(truncatingIfNeeded: view), count: 64))))
    }

    private func open(_ path: String) throws -> (log: [LogRecord], size: Int) {
        var records: [LogRecord] = []
        let log = try WriteAheadLog(path, chain: chain, validator: validator, records: &records)
        return (records, log.size)
    }

    private func isSame(_ records: [LogRecord], _ views: ClosedRange<UInt64>) -> Bool {
        let found = records.compactMap { record -> UInt64? in
            if case .entry(.vote(let vote)) = record { vote.ballot.view } else { nil }
        }
        return found == Array(views)
    }

    /// A log of three frames with one vote each, and its bytes.
    private func written(_ folder: ScratchFolder) throws -> (path: String, bytes: [UInt8], ends: [Int]) {
        let path = folder.path + "/wal"
        try WriteAheadLog.create(path, chain: chain, validator: validator)
        var records: [LogRecord] = []
        var log = try WriteAheadLog(path, chain: chain, validator: validator, records: &records)
        var ends = [log.size]
        for view in 1...3 as ClosedRange<UInt64> {
            log.append(vote(view))
            ends.append(try log.sync())
        }
        return (path, try FileSystem.read(path), ends)
    }

    @Test func `gives back what was synced, in order`() throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let (path, _, _) = try written(folder)
        #expect(isSame(try open(path).log, 1...3))
    }

    @Test func `a last frame torn at any byte is dropped and the others stay`() throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let (path, bytes, ends) = try written(folder)
        for length in ends[2]..<bytes.count {
            try FileSystem.write(Array(bytes[..<length]), to: path)
            let found = try open(path)
            #expect(isSame(found.log, 1...2) && found.size == ends[2], "cut at \(length)")
        }
    }

    @Test func `a last frame with any byte changed is dropped`() throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let (path, bytes, ends) = try written(folder)
        for position in ends[2]..<bytes.count {
            var changed = bytes
            changed[position] ^= 0x40
            try FileSystem.write(changed, to: path)
            #expect(isSame(try open(path).log, 1...2), "byte \(position)")
        }
    }

    @Test func `damage before the end is refused`() throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let (path, bytes, ends) = try written(folder)
        for position in ends[0]..<ends[2] {
            var changed = bytes
            changed[position] ^= 0x40
            try FileSystem.write(changed, to: path)
            #expect(throws: WriteAheadLogError.corrupt(path), "byte \(position)") { _ = try open(path) }
        }
    }

    @Test func `another chain's or validator's log is refused, and so is no log`() throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let (path, bytes, _) = try written(folder)
        var records: [LogRecord] = []
        #expect(throws: WriteAheadLogError.foreign(path)) {
            _ = try WriteAheadLog(path, chain: validator, validator: chain, records: &records)
        }
        var other = bytes
        other[12] = UInt8(ascii: "2")
        try FileSystem.write(other, to: path)
        #expect(throws: WriteAheadLogError.unknownFormat(path)) { _ = try open(path) }
        #expect(throws: WriteAheadLogError.missing(path + "x")) { _ = try open(path + "x") }
    }

    @Test func `is used by one process at a time`() throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let (path, _, _) = try written(folder)
        var records: [LogRecord] = []
        let first = try WriteAheadLog(path, chain: chain, validator: validator, records: &records)
        #expect(throws: WriteAheadLogError.locked(path)) { _ = try open(path) }
        #expect(first.size > 0)
    }

    @Test func `compaction keeps what it is given, and the log goes on`() throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let (path, bytes, _) = try written(folder)
        var records: [LogRecord] = []
        do {
            var log = try WriteAheadLog(path, chain: chain, validator: validator, records: &records)
            #expect(try log.compact([vote(3)]) < bytes.count)
            log.append(vote(4))
            try log.sync()
        }
        #expect(isSame(try open(path).log, 3...4))
    }

    @Test func `one that replaces a lost log has a name and does not vote`() throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let path = folder.path + "/wal"
        try WriteAheadLog.create(path, chain: chain, validator: validator, name: Hash32(4, 4, 4, 4))
        var found: (name: Hash32?, epoch: UInt64?)
        for record in try open(path).log {
            if case .name(let name) = record { found.name = name }
            if case .votesFrom(let epoch) = record { found.epoch = epoch }
        }
        #expect(found.name == Hash32(4, 4, 4, 4) && found.epoch == .max)
    }

    @Test func `random bytes after the header never crash it`() throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let (path, bytes, ends) = try written(folder)
        var generator = SeededGenerator(seed: 0x10a6)
        for _ in 0..<500 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                changed[Int.random(in: ends[0]..<changed.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            changed.removeLast(Int.random(in: 0...40, using: &generator))
            try FileSystem.write(changed, to: path)
            do { _ = try open(path) } catch WriteAheadLogError.corrupt {}
        }
    }
}
