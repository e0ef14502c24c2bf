import Foundation

/// Files of the repository and beside it.
enum ProgramFiles {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// The compiled program `name`.
    static func wasm(_ name: String) throws -> [UInt8] {
        let url = root.appending(path: "Contracts/build-output/\(name).wasm")
        guard let data = try? Data(contentsOf: url) else {
            throw Missing(description: "\(url.path) is missing: run ./dev build (or Contracts/build)")
        }
        return [UInt8](data)
    }

    /// A text of `Examples/data`.
    static func example(_ name: String) throws -> String {
        try String(contentsOf: root.appending(path: "Examples/data/\(name)"), encoding: .utf8)
    }

    /// A file of the folder `shared` beside the repository; `nil`, with a line saying so, where there is none.
    static func shared(_ name: String) -> Data? {
        let url = root.appending(path: "../shared/data/\(name)")
        guard let data = try? Data(contentsOf: url) else {
            print("skipped: no ../shared/data/\(name)")
            return nil
        }
        return data
    }

    /// The rows of a comma-separated text, each by its header's names. None of the files has quotes.
    static func rows(_ text: String) -> [[String: String]] {
        let lines = text.split(whereSeparator: \.isNewline)
        guard let header = lines.first?.split(separator: ",") else { return [] }
        return lines.dropFirst().map { line in
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            return Dictionary(uniqueKeysWithValues: zip(header.map(String.init), cells.map(String.init)))
        }
    }
}
