import Foundation

/// Vectors of other implementations that lie beside the project, in ../shared/vectors; a clone of the project alone lacks them.
package enum SharedVectors {
    private static var folder: URL {
        var path = URL(filePath: #filePath)
        // Support/TestVectors, Support, Tests, the project, and the folder that holds it.
        for _ in 0..<5 { path.deleteLastPathComponent() }
        return path.appending(components: "shared", "vectors")
    }

    /// A folder; `nil` where it is absent, which is printed.
    package static func folder(_ name: String) -> URL? {
        let found = folder.appending(component: name)
        guard FileManager.default.fileExists(atPath: found.path) else {
            print("skipped: \(found.path) is absent")
            return nil
        }
        return found
    }

    /// The bytes of a file; `nil` where it is absent, which is printed once for each file.
    package static func bytes(_ components: String...) -> [UInt8]? {
        let file = components.reduce(folder) { $0.appending(component: $1) }
        guard let data = try? Data(contentsOf: file) else {
            print("skipped: \(file.path) is absent")
            return nil
        }
        return [UInt8](data)
    }
}
