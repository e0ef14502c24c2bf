import Foundation
import Primitives
import Storage
import Testing

@Suite struct `A database on disk` {
    private let directory: TemporaryDirectory
    private let first = Column(index: 0, name: "first", filtered: true)
    private let second = Column(index: 1, name: "second")

    init() throws { directory = try TemporaryDirectory() }

    private func open(_ options: Database.Options = .init()) throws -> Database {
        try Database(path: directory.file("db"), columns: [first, second], options: options)
    }

    private func put(_ database: Database, _ column: Column, _ rows: [([UInt8], [UInt8])]) throws {
        var batch = try database.makeBatch()
        for (key, value) in rows { batch.put(column, key, value) }
        #expect(batch.count == rows.count)
        try database.write(batch)
    }

    @Test func `what is written is read, per column, also after reopening`() throws {
        let database = try open()
        try put(database, first, [([1], [2]), ([], []), ([3], [])])
        #expect(try database.get(first, [1]) == [2])
        #expect(try database.get(first, []) == [])
        #expect(try database.get(first, [3]) == [])
        #expect(try database.get(second, [1]) == nil)
        #expect(try database.multiGet(first, [[3], [9], [1], []]) == [[], nil, [2], []])
        #expect(try database.multiGet(first, []).isEmpty)
        database.close()
        #expect(throws: StorageError.closed) { try database.get(first, [1]) }
        #expect(try open().get(first, [1]) == [2])
    }

    @Test func `iteration follows prefix, start, limit and direction`() throws {
        let database = try open()
        let keys: [[UInt8]] = [[1], [1, 0], [1, 5], [1, 0xFF], [1, 0xFF, 1], [2], [0xFF], [0xFF, 0xFF], [0xFF, 0xFF, 3]]
        try put(database, first, keys.map { ($0, [7]) })
        func found(_ prefix: [UInt8], _ from: [UInt8]? = nil, _ limit: Int = 100, reverse: Bool = false) throws -> [[UInt8]] {
            try database.iterate(first, prefix: prefix, from: from, limit: limit, reverse: reverse).map(\.key)
        }
        var generator = SeededGenerator(seed: 9)
        let edges = keys + [[], [0], [1, 1], [1, 0xFF, 0], [3], [0xFF, 0xFE], [0xFF, 0xFF, 0xFF]]
        for prefix in edges {
            for from in edges.map(Optional.some) + [nil] {
                let limit = Int(generator.next() % 6) + 1
                let matching = keys.filter { $0.starts(with: prefix) }
                let upward = matching.filter { key in from.map { !key.lexicographicallyPrecedes($0) } ?? true }
                let downward = matching.filter { key in from.map { !$0.lexicographicallyPrecedes(key) } ?? true }.reversed()
                #expect(try found(prefix, from, limit) == Array(upward.prefix(limit)), "\(prefix) \(String(describing: from))")
                #expect(
                    try found(prefix, from, limit, reverse: true) == Array(downward.prefix(limit)), "\(prefix) \(String(describing: from))")
            }
        }
    }

    @Test func `a batch is atomic over columns and can be reused`() throws {
        let database = try open()
        var batch = try database.makeBatch()
        batch.put(first, [1], [1])
        batch.put(second, [1], [2])
        batch.delete(first, [1])
        try database.write(batch)
        #expect(try database.get(first, [1]) == nil)
        #expect(try database.get(second, [1]) == [2])
        batch.clear()
        #expect(batch.count == 0)
        batch.delete(second, [1])
        try database.write(batch, sync: false)
        #expect(try database.get(second, [1]) == nil)
    }

    @Test func `a checkpoint is a store of its own`() throws {
        let database = try open()
        try put(database, first, [([1], [2])])
        try database.checkpoint(to: directory.file("copy"))
        try put(database, first, [([1], [3])])
        let copy = try Database(path: directory.file("copy"), columns: [first, second])
        #expect(try copy.get(first, [1]) == [2])
    }

    @Test func `a second opening is refused`() throws {
        let database = try open()
        #expect(throws: StorageError.locked(path: directory.file("db"))) { try open() }
        _ = database
    }

    @Test func `a store that is not there is not made unasked`() {
        #expect(throws: StorageError.notFound(path: directory.file("db"))) { try open(.init(createIfMissing: false)) }
    }

    /// Changes the format marker of the open database. (A batch keeps its database open, so it must not outlive the test's `close`.)
    private func mark(_ database: Database, _ marker: [UInt8]?) throws {
        let column = Column(index: -1, name: "default")
        var batch = try database.makeBatch()
        if let marker { batch.put(column, Array("FORMAT".utf8), marker) } else { batch.delete(column, Array("FORMAT".utf8)) }
        try database.write(batch)
    }

    @Test func `another format is refused`() throws {
        let database = try open()
        try mark(database, [2, 0, 0, 0])
        database.close()
        #expect(throws: StorageError.unknownFormat("format 02000000, known 01000000")) { try open() }
    }

    @Test func `a full store without a marker is refused, an empty one is marked`() throws {
        let database = try open()
        try mark(database, nil)
        database.close()
        let again = try open()
        #expect(try again.get(Column(index: -1, name: "default"), Array("FORMAT".utf8)) == [1, 0, 0, 0])
        try put(again, first, [([1], [2])])
        try mark(again, nil)
        again.close()
        #expect(throws: StorageError.unknownFormat("no format marker")) { try open() }
    }

    @Test func `a file with a flipped bit is reported as damage`() throws {
        let database = try open()
        let rows = (0..<2_000).map { (number: Int) -> ([UInt8], [UInt8]) in
            ([UInt8(number & 255), UInt8(number >> 8)], [UInt8](repeating: UInt8(number & 255), count: 50))
        }
        try put(database, first, rows)
        try database.compact(first)
        database.close()
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.file("db")).filter { $0.hasSuffix(".sst") }
        for file in files {
            let path = directory.file("db/" + file)
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            bytes[bytes.count / 3] ^= 4
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        }
        let error = #expect(throws: StorageError.self) { _ = try open().iterate(first, limit: 10_000) }
        #expect(error?.code == 1302)
    }
}
