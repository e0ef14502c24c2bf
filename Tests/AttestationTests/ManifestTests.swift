import Attestation
import Foundation
import Primitives
import Testing

@Suite struct `A manifest of evidence` {
    func refusal(_ text: String) -> ManifestError? {
        do throws(ManifestError) { _ = try EvidenceManifest(Array(text.utf8)) } catch { return error }
        return nil
    }

    func entry(
        id: String = "\"a\"", files: String = "{\"evidence\":{\"path\":\"a/b.bin\"}}", at: String = "\"2025-06-25T12:00:00Z\"",
        anchor: String = "\"root.der\"", more: String = ""
    ) -> String { "{\"vectors\":[{\"id\":\(id),\"files\":\(files),\"verify_at\":\(at),\"trust_anchor\":\(anchor)\(more)}]}" }

    @Test func `is refused as a whole when it cannot be understood`() {
        #expect(refusal(entry()) == nil)
        #expect(refusal("{") == .notJson && refusal("[]") == .noVectors && refusal("{\"vectors\":{}}") == .noVectors)
        #expect(refusal("{\"format\":2,\"vectors\":[]}") == .unknownFormat)
        #expect(refusal(entry(id: "7")) == .badEntry(0, "id"))
        #expect(refusal(entry(files: "[]")) == .badEntry(0, "files"))
        #expect(refusal(entry(files: "{\"evidence\":\"a\"}")) == .badEntry(0, "files"))
        #expect(refusal(entry(at: "\"yesterday\"")) == .badEntry(0, "verify_at"))
        #expect(refusal(entry(anchor: "null")) == .badEntry(0, "trust_anchor"))
        #expect(refusal(entry(more: ",\"inputs\":7")) == .badEntry(0, "inputs"))
        #expect(refusal(entry(more: ",\"inputs\":{\"expected_nonce\":\"xy\"}")) == .badEntry(0, "inputs"))
        #expect(refusal(entry(more: ",\"inputs\":{\"reference_values\":{\"md5\":{}}}")) == .badEntry(0, "inputs"))
        #expect(refusal(entry(more: ",\"inputs\":{\"reference_values\":{\"sha256\":{\"1\":\"00\"}}}")) == .badEntry(0, "inputs"))
        #expect(refusal(entry(id: "\"\(String(repeating: "i", count: 513))\"")) == .badEntry(0, "id"))
        #expect(refusal(entry(more: ",\"inputs\":null,\"kind\":[1],\"expect\":3,\"notes\":{}")) == nil)
    }

    @Test func `needs no ids: they only tell answers apart`() throws {
        let named = entry()
        let nameless = named.replacing("\"id\":\"a\",", with: "")
        #expect(nameless != named)
        #expect(try EvidenceManifest(Array(nameless.utf8)).entries.map(\.id) == [nil])
        #expect(try EvidenceManifest(Array(entry(id: "null").utf8)).entries.map(\.id) == [nil])
        #expect(try EvidenceManifest(Array(entry(id: "\"\"").utf8)).entries.map(\.id) == [""])
    }

    @Test func `names no file outside its folder`() {
        for path in ["/etc/passwd", "../a", "a/../../b", "a/..", "./a", "a//b", "", "a\\u0000b"] {
            #expect(refusal(entry(files: "{\"evidence\":{\"path\":\"\(path)\"}}")) == .pathOutside(0), "\(path)")
            #expect(refusal(entry(anchor: "\"\(path)\"")) == .pathOutside(0), "\(path)")
        }
    }

    @Test func `refuses evidence under a condition that it does not know`() throws {
        let manifest = try EvidenceManifest(Array(entry(more: ",\"inputs\":{\"expected_moon\":\"full\"}").utf8))
        let set = try VectorSet.committed()
        let vector = try set.vector("nitro-good-nonce")
        let judgement = manifest.entries[0].judge(files: vector.files.files, anchor: vector.anchors.nitro[0])
        #expect(judgement.verdict == .reject)
    }

    @Test func `tells files apart by their bytes alone`() throws {
        for set in try VectorSet.all() {
            for entry in set.manifest.entries {
                let vector = try set.vector(entry.id)
                guard vector.judge().verdict == .accept else { continue }
                var sniffed = EvidenceFiles()
                for bytes in vector.files.files.values.sorted(by: { $0.count > $1.count }) { try sniffed.add(bytes) }
                var other = vector
                other.files = sniffed
                #expect(other.judge().result == vector.judge().result, "\(entry.name): \(sniffed.files.keys.map(\.rawValue).sorted())")
            }
        }
    }
}
