import Foundation
import Primitives

extension PowerLossTrace {
    /// Runs the program until it ends and records what it does to `directory`, which must be new or empty.
    ///
    /// The program acknowledges by writing lines to descriptor 1 with `write` (stdio's own buffering would hide when). It must do its
    /// work in its own process. Throws when it fails, or when it uses the directory in a way that cannot be followed.
    package static func record(
        executable: String, arguments: [String], directory: String, environment: [String: String] = [:]
    ) throws -> PowerLossTrace {
        let files = FileManager.default
        try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
        guard try files.contentsOfDirectory(atPath: directory).isEmpty else { throw PowerLossError.notEmpty(directory) }
        let canonical = try canonical(directory)
        let scratch = files.temporaryDirectory.appendingPathComponent("jupiter-powerloss-\(UUID().uuidString)").path
        try files.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: scratch) }
        let shim = try PowerLossShim(in: scratch)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            .merging(shim.environment(directory: canonical, trace: scratch + "/trace")) { $1 }
        let output = scratch + "/output"
        _ = files.createFile(atPath: output, contents: nil)
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: output)).suffix(2_000), as: UTF8.self)
            throw PowerLossError.program(exitStatus: process.terminationStatus, output: text)
        }
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch + "/trace")))
        return PowerLossTrace(events: try decode(bytes, directory: canonical))
    }

    static func canonical(_ directory: String) throws -> String {
        guard let real = realpath(directory, nil) else { throw PowerLossError.inconsistent("no canonical path of \(directory)") }
        defer { free(real) }
        return String(cString: real)
    }

    /// Whether the whole of the record at `offset` is there.
    private static func isWhole(_ bytes: [UInt8], at offset: Int) throws -> Bool {
        guard offset + 25 <= bytes.count else { return false }
        var sizes = ByteReader(Array(bytes[(offset + 17)..<(offset + 25)]))
        return offset + 25 + Int(try sizes.integer(UInt32.self)) + Int(try sizes.integer(UInt32.self)) <= bytes.count
    }

    /// The events of a trace file, whose last record may be cut off when the program was killed. A record: kind (1 byte), two numbers (8 bytes each), two byte strings with their sizes before them.
    static func decode(_ bytes: [UInt8], directory: String, wasKilled: Bool = false) throws -> [Event] {
        var events: [Event] = []
        var reader = ByteReader(bytes)
        while reader.remaining > 0 {
            if wasKilled, try !isWhole(bytes, at: bytes.count - reader.remaining) { break }
            let kind = try reader.integer(UInt8.self)
            let (a, b) = (try reader.integer(UInt64.self), try reader.integer(UInt64.self))
            let sizes = (Int(try reader.integer(UInt32.self)), Int(try reader.integer(UInt32.self)))
            let (first, second) = (Array(try reader.take(sizes.0)), Array(try reader.take(sizes.1)))
            func path(_ bytes: [UInt8]) -> String { String(String(decoding: bytes, as: UTF8.self).dropFirst(directory.utf8.count)) }
            switch kind {
            case 1:
                events.append(
                    .opened(handle: a, path: path(first), created: b & 1 != 0, emptied: b & 2 != 0, isDirectory: b & 4 != 0))
            case 2: events.append(.wrote(handle: a, offset: Int(b), bytes: first))
            case 3: events.append(.truncated(handle: a, size: Int(b)))
            case 4: events.append(.extended(handle: a, size: Int(b)))
            case 5: events.append(.renamed(from: path(first), to: path(second)))
            case 6: events.append(.unlinked(path: path(first)))
            case 7: events.append(.linked(from: path(first), to: path(second)))
            case 8: events.append(.madeDirectory(path: path(first)))
            case 9: events.append(.removedDirectory(path: path(first)))
            case 10: events.append(.synced(handle: a))
            case 11: events.append(.closed(handle: a))
            case 12: events.append(.acknowledged(first))
            case 13: throw PowerLossError.unsupported(String(decoding: first, as: UTF8.self))
            case 14: events.append(.syncedAll)
            default: throw PowerLossError.inconsistent("record of kind \(kind)")
            }
        }
        return events
    }
}
