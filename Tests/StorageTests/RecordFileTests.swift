import Foundation
import Primitives
import Storage
import TestVectors
import Testing

@Suite struct `A file of records` {
    private let path = NSTemporaryDirectory() + "jupiter-records-" + UUID().uuidString

    private func read(_ file: RecordFile) throws -> [[UInt8]] {
        var records: [[UInt8]] = []
        try file.forEach { records.append($0) }
        return records
    }

    @Test func `gives back every record in order, and begins empty`() throws {
        let file = try RecordFile(path)
        #expect(try read(file).isEmpty)
        try file.append([[1, 2, 3], []])
        try file.append([])
        try file.append([[UInt8](repeating: 7, count: 100_000)])
        #expect(try read(file) == [[1, 2, 3], [], [UInt8](repeating: 7, count: 100_000)])
        #expect(try read(RecordFile(path)).isEmpty, "another run has nothing of it")
        try file.remove()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `is refused when it is damaged`() throws {
        let file = try RecordFile(path)
        defer { try? file.remove() }
        for bytes: [UInt8] in [[1], [4, 0, 0, 0, 9], [255, 255, 255, 255]] {
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: [])
            #expect(throws: StorageError.corrupt(path), "\(bytes)") { try read(file) }
        }
    }

    @Test func `fuzz: any bytes are records or refused`() throws {
        var generator = SeededGenerator(seed: 9)
        let file = try RecordFile(path)
        defer { try? file.remove() }
        for round in 0..<200 {
            let bytes = generator.bytes(Int(generator.next() % 40)).map { $0 & (round % 2 == 0 ? 3 : 255) }
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: [])
            do { #expect(try read(file).reduce(0) { $0 + $1.count + 4 } == bytes.count) } catch let error as StorageError {
                #expect(error == .corrupt(path))
            }
        }
    }

    @Test func `cannot be made where there is no folder`() {
        #expect(throws: StorageError.self) { try RecordFile(path + "/nowhere/file") }
    }
}
