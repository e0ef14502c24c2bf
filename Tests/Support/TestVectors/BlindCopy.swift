import Foundation
import Primitives

/// The pieces of evidence of a manifest once more, without anything that a verifier is not given: in random order, with files of random
/// names in random folders, and with no word about what they are or what somebody expects of them.
package struct BlindCopy {
    /// Of the copy.
    package let manifest: URL
    /// The positions of the original entries.
    package let order: [Int]
    private let folder: URL

    /// - Parameters:
    ///   - source: the folder of the original `manifest.json`.
    ///   - named: whether entries have a (random) id, or none.
    package init(of source: URL, seed: UInt64, named: Bool) throws {
        var generator = SeededGenerator(seed: seed)
        folder = FileManager.default.temporaryDirectory.appending(component: "blind-\(UUID().uuidString)")
        let document = try JSONSerialization.jsonObject(with: Data(contentsOf: source.appending(component: "manifest.json")))
        let vectors = (document as? [String: Any])?["vectors"] as? [[String: Any]] ?? []
        order = Array(vectors.indices).shuffled(using: &generator)
        var blind: [[String: Any]] = []
        for position in order {
            var entry = vectors[position].filter { ["verify_at", "inputs"].contains($0.key) }
            var files: [String: Any] = [:]
            for (role, file) in vectors[position]["files"] as? [String: [String: Any]] ?? [:] {
                files[role] = ["path": try Self.copy(file["path"], from: source, into: folder, &generator)]
            }
            entry["files"] = files
            entry["trust_anchor"] = try Self.copy(vectors[position]["trust_anchor"], from: source, into: folder, &generator)
            if named { entry["id"] = Hex.encode(generator.bytes(6)) }
            blind.append(entry)
        }
        manifest = folder.appending(component: Hex.encode(generator.bytes(4)))
        try JSONSerialization.data(withJSONObject: ["vectors": blind]).write(to: manifest)
    }

    private static func copy(
        _ path: Any?, from source: URL, into folder: URL, _ generator: inout SeededGenerator
    ) throws -> String {
        let (parent, name) = (Hex.encode(generator.bytes(1)), Hex.encode(generator.bytes(12)))
        let place = folder.appending(component: parent)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let bytes = try Data(contentsOf: source.appending(path: path as? String ?? ""))
        try bytes.write(to: place.appending(component: name))
        return "\(parent)/\(name)"
    }

    package func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: manifest.deletingLastPathComponent().appending(path: path)))
    }

    package func remove() { try? FileManager.default.removeItem(at: folder) }
}
