import Foundation

/// The directory of a program that runs in many lives and may lose its power in each: what it does there is recorded while it runs, and
/// once it was killed the directory is put back to what was durable.
package final class PowerLossDirectory {
    /// What one power loss took.
    package struct Losses: Sendable {
        /// Changes of contents, and of names, that were not synced.
        package var contents = 0
        package var names = 0

        package init() {}
    }

    private let path: String
    private let shim: PowerLossShim
    private let trace: String
    private var base: SimulatedDisk?

    /// - Parameter trace: a file for the record, outside of the directory.
    package init(_ path: String, shim: PowerLossShim, trace: String) throws {
        (self.path, self.shim, self.trace) = (try PowerLossTrace.canonical(path), shim, trace)
    }

    /// Before the program is started: what the directory holds now is durable. Gives the environment to start it in.
    package func begin() throws -> [String: String] {
        base = try SimulatedDisk(copyOf: path)
        try? FileManager.default.removeItem(atPath: trace)
        return shim.environment(directory: path, trace: trace)
    }

    /// After the program was killed: leaves in the directory what a power loss at that moment would have.
    package func losePower(losing loss: PowerLossTrace.Loss) throws -> Losses {
        guard let disk = base else { throw PowerLossError.inconsistent("the program was not begun") }
        base = nil
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: trace)))
        for event in try PowerLossTrace.decode(bytes, directory: path, wasKilled: true) { try disk.apply(event) }
        try FileManager.default.removeItem(atPath: path)
        try disk.write(to: path, losing: loss)
        return disk.unsynced
    }
}
