import Engine
import Foundation
import Primitives
import SmallDiskSupport
import Testing

/// What a validator promised is on disk, or the log says that it is not.
@Suite struct `A write-ahead log on a full disk` {
    private let chain = Hash32(1, 2, 3, 4)
    private let validator = Hash32(5, 6, 7, 8)
    private static let size = 100_000

    private func payload(_ byte: UInt8) -> LogRecord { .payload([UInt8](repeating: byte, count: Self.size)) }

    private func open(_ path: String, _ records: inout [LogRecord]) throws -> WriteAheadLog {
        try WriteAheadLog(path, chain: chain, validator: validator, records: &records)
    }

    /// The payloads of a log, one byte for each.
    private func payloads(_ path: String) throws -> [UInt8] {
        var records: [LogRecord] = []
        _ = try open(path, &records)
        return records.compactMap { record in
            if case .payload(let bytes) = record, bytes.count == Self.size { bytes[0] } else { nil }
        }
    }

    /// Runs `body` with a log that holds the payload 1, on a disk with less space than another payload takes.
    /// - Parameter expected: the payloads that are read back once the log is closed.
    private func withFullDisk(
        leaving expected: [UInt8], _ body: (SmallDisk, String, inout WriteAheadLog) throws -> Void
    ) throws {
        guard let disk = try SmallDisk(megabytes: 2) else { return }
        let path = disk.path + "/wal"
        try WriteAheadLog.create(path, chain: chain, validator: validator)
        do {
            var records: [LogRecord] = []
            var log = try open(path, &records)
            log.append(payload(1))
            try log.sync()
            try disk.fill(leaving: Self.size / 2)
            try body(disk, path, &log)
        }
        #expect(try payloads(path) == expected)
    }

    private func expectFull(_ error: WriteAheadLogError?) { #expect(error?.code == 1814 && error?.name == "wal.diskFull") }

    @Test func `says so when it cannot keep a record, keeps those before, and keeps it once there is space`() throws {
        try withFullDisk(leaving: [1, 2]) { disk, path, log in
            log.append(payload(2))
            let before = log.size
            var failure: WriteAheadLogError?
            do throws(WriteAheadLogError) { try log.sync() } catch { failure = error }
            expectFull(failure)
            #expect(log.size == before && log.pendingBytes > Self.size)
            // Nothing of the record is in the file.
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int == before)
            disk.free()
            try log.sync()
        }
    }

    @Test func `what is read back after a record found no space is what was synced`() throws {
        guard let disk = try SmallDisk(megabytes: 2) else { return }
        let path = disk.path + "/wal"
        try WriteAheadLog.create(path, chain: chain, validator: validator)
        var kept: [UInt8] = []
        // Each round fails once, is closed as a node that ends, and goes on with what is there.
        for round in 1...3 as ClosedRange<UInt8> {
            var records: [LogRecord] = []
            var log = try open(path, &records)
            log.append(payload(round))
            try log.sync()
            kept.append(round)
            try disk.fill(leaving: Self.size / 2)
            log.append(payload(round + 100))
            var failure: WriteAheadLogError?
            do throws(WriteAheadLogError) { try log.sync() } catch { failure = error }
            expectFull(failure)
            disk.free()
        }
        #expect(try payloads(path) == kept)
    }

    @Test func `a compaction that finds no space leaves the log as it was`() throws {
        try withFullDisk(leaving: [1, 4]) { disk, path, log in
            var failure: WriteAheadLogError?
            do throws(WriteAheadLogError) { try log.compact([payload(3)]) } catch { failure = error }
            expectFull(failure)
            #expect(!FileManager.default.fileExists(atPath: path + ".new"))
            disk.free()
            log.append(payload(4))
            try log.sync()
        }
    }

    @Test func `a new log that finds no space is not there`() throws {
        guard let disk = try SmallDisk(megabytes: 1) else { return }
        try disk.fill(leaving: 0)
        let path = disk.path + "/wal"
        let error = #expect(throws: WriteAheadLogError.self) { try WriteAheadLog.create(path, chain: chain, validator: validator) }
        expectFull(error)
        #expect(!FileManager.default.fileExists(atPath: path) && !FileManager.default.fileExists(atPath: path + ".new"))
        disk.free()
        try WriteAheadLog.create(path, chain: chain, validator: validator)
    }
}
