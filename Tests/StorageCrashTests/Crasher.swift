import AuthenticatedState
import ChainFixtures
import Foundation
import Primitives
import StateModel

/// The storage-crasher program beside the test program, and what it must have written.
enum Crasher {
    static var path: String {
        get throws {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let candidates = [CommandLine.arguments[0], own].map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
            let found = candidates.map { $0 + "/storage-crasher" }.first { FileManager.default.isExecutableFile(atPath: $0) }
            guard let found else { throw CocoaError(.fileNoSuchFile) }
            return found
        }
    }

    /// The roots of the first `height` blocks, by a tree in memory.
    static func roots(_ height: UInt64) throws -> [Hash32] {
        let store = MemoryNodeStore()
        let tree = StateTree(store: store, version: nil)
        var roots: [Hash32] = []
        for next in 1...height {
            let update = try tree.apply(ChainFixture.changes(next), version: next)
            store.commit(update)
            roots.append(update.root)
        }
        return roots
    }

    /// The height in the last complete line.
    static func acknowledgedHeight(_ lines: [String]) -> UInt64 {
        lines.last?.split(separator: " ").first.flatMap { UInt64($0) } ?? 0
    }
}

/// A new directory that goes away with the value's last use.
final class ScratchDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("jupiter-crash-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
