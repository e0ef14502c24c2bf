import Foundation
import Primitives

/// The vectors of one file of Tests/Vectors: a list of cases, each of which names its source.
package struct VectorFile<Case: Decodable & Sendable>: Decodable, Sendable {
    package let cases: [Case]

    /// Reads Tests/Vectors/`name`.json.
    package static func load(_ name: String, as type: Case.Type = Case.self) throws -> [Case] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appending(components: "Vectors", name + ".json")
        return try JSONDecoder().decode(VectorFile.self, from: Data(contentsOf: file)).cases
    }
}

/// Bytes that a vector file writes in hexadecimal.
package struct HexBytes: Decodable, Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let bytes = Hex.decode(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not hexadecimal")
        }
        self.bytes = bytes
    }

    package var description: String { Hex.encode(bytes) }
}

/// A value that is pinned by its name.
package struct NamedValue: Decodable, Sendable {
    package let source: String
    package let name: String
    package let value: String

    /// The pinned values of Tests/Vectors/`file`.json.
    package static func load(_ file: String) throws -> [String: String] {
        let cases = try VectorFile.load(file, as: NamedValue.self)
        return Dictionary(uniqueKeysWithValues: cases.map { ($0.name, $0.value) })
    }
}
