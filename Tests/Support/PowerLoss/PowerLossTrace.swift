/// What a program did to the files of one directory, in order, as recorded by the preloaded `powerloss.c`.
///
/// From any point of it the directory can be rebuilt as a power loss at that point may leave it. The model is harsh but fair: a file
/// keeps what was written before its last `fsync` or `fdatasync`; a directory keeps the names it had at its last own `fsync` (syncing a
/// file does not keep its name; `sync_file_range` and `close` keep nothing). What came later is lost, or survives at random: any
/// subset of the writes (the last ones torn at 512 bytes), and of the changes of names any prefix, since file systems journal those
/// in order. POSIX allows all of it.
package struct PowerLossTrace: Sendable {
    /// One recorded call that succeeded. Paths are relative to the directory; the directory itself is the empty path.
    package enum Event: Sendable, Equatable {
        case opened(handle: UInt64, path: String, created: Bool, emptied: Bool, isDirectory: Bool)
        case wrote(handle: UInt64, offset: Int, bytes: [UInt8])
        case truncated(handle: UInt64, size: Int)
        case extended(handle: UInt64, size: Int)
        case renamed(from: String, to: String)
        case unlinked(path: String)
        case linked(from: String, to: String)
        case madeDirectory(path: String)
        case removedDirectory(path: String)
        case synced(handle: UInt64)
        case closed(handle: UInt64)
        case syncedAll
        /// Bytes that the program wrote to its standard output.
        case acknowledged([UInt8])
    }

    /// What a power loss takes.
    package enum Loss: Sendable, Equatable {
        /// Everything that was not synced.
        case everythingUnsynced
        /// A part of it, chosen by the seed.
        case partOfUnsynced(seed: UInt64)
    }

    package let events: [Event]

    package init(events: [Event]) { self.events = events }

    /// The points at which the power can fail: before the first event, and after each.
    package var crashPoints: ClosedRange<Int> { 0...events.count }

    /// The points right after each sync and each acknowledgement, and right before them: where the most is at stake.
    package var interestingPoints: [Int] {
        var points: Set<Int> = [0, events.count]
        for (index, event) in events.enumerated() {
            switch event {
            case .synced, .acknowledged, .renamed, .unlinked: points.formUnion([index, index + 1])
            default: break
            }
        }
        return points.sorted()
    }

    /// What the program had acknowledged when the power failed: the lines of its standard output that were complete.
    package func acknowledgements(before point: Int) -> [String] {
        var bytes: [UInt8] = []
        for case .acknowledged(let part) in events[..<point] { bytes += part }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Makes the directory `path`, which must not exist, hold what is left of the recorded one after a power loss at `point`.
    package func rebuild(at point: Int, into path: String, losing loss: Loss = .everythingUnsynced) throws {
        let disk = SimulatedDisk()
        for event in events[..<point] { try disk.apply(event) }
        try disk.write(to: path, losing: loss)
    }
}

/// Why a trace cannot be made or replayed.
package enum PowerLossError: Error, Equatable {
    /// The C compiler refused the shim.
    case shim(String)
    /// The program failed.
    case program(exitStatus: Int32, output: String)
    /// The program uses the files in a way that the shim cannot follow.
    case unsupported(String)
    /// The trace contradicts itself: a bug of the shim or the replayer.
    case inconsistent(String)
    /// The directory to record must be new or empty.
    case notEmpty(String)
}
