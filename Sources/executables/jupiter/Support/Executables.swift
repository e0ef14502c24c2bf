import Foundation

/// The programs of this product, side by side in one folder.
enum Executables {
    /// This very file.
    static let own: String = {
        let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }()

    /// `name` beside this file.
    static func beside(_ name: String) throws -> String {
        let path = (own as NSString).deletingLastPathComponent + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else { throw CommandError.programMissing(path) }
        return path
    }

    /// `name` in one of the folders of PATH.
    static func onPath(_ name: String) throws -> String {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let found = folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let found else { throw CommandError.notOnPath(name) }
        return found
    }
}
