import Attestation
import Foundation
import Primitives
import TestVectors

/// A manifest of evidence on disk, with what its author expects: read apart from the manifest that is judged.
struct VectorSet {
    struct Expectation: Decodable {
        struct Verdict: Decodable {
            let defaultPolicy: String
            let reason: String
            let tcbStatus: String?
            let advisories: [String]?
            let claims: Claims?
        }

        struct Claims: Decodable {
            let mrtd: String?
            let rtmr: [String]?
            let measurement: String?
            let chipId: String?
            let pcrs: [String: String]?
        }

        let id: String
        let expect: Verdict
    }

    private struct Document: Decodable { let vectors: [Expectation] }

    let folder: URL
    let manifest: EvidenceManifest
    let expectations: [Expectation]

    init(_ folder: URL) throws {
        self.folder = folder
        let data = try Data(contentsOf: folder.appending(component: "manifest.json"))
        manifest = try EvidenceManifest([UInt8](data))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        expectations = try decoder.decode(Document.self, from: data).vectors
    }

    private static var tests: URL { URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent() }

    /// Committed with the project.
    static func committed() throws -> VectorSet { try VectorSet(tests.appending(components: "Vectors", "attestation")) }

    /// All of them, which lie beside the project; `nil` with a printed reason in a clone of the project alone.
    static func shared() throws -> VectorSet? {
        try SharedVectors.folder("attestation").map { try VectorSet($0) }
    }

    /// Both, or the committed ones alone.
    static func all() throws -> [VectorSet] { try [committed()] + [shared()].compactMap { $0 } }

    func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: path))) }
    func files(_ entry: EvidenceManifest.Entry) throws -> [EvidenceFiles.Role: [UInt8]] { try entry.paths.mapValues(bytes) }
    func anchor(_ entry: EvidenceManifest.Entry) throws -> [UInt8] {
        try EvidenceFiles.certificates(bytes(entry.anchorPath)).first ?? []
    }
    func judge(_ entry: EvidenceManifest.Entry) throws -> EvidenceVector.Judgement {
        try entry.judge(files: files(entry), anchor: bytes(entry.anchorPath))
    }

    /// The vector `id`, ready to be changed.
    func vector(_ id: String?) throws -> EvidenceVector {
        guard let id, let entry = manifest.entries.first(where: { $0.id == id }) else { throw CocoaError(.fileNoSuchFile) }
        return EvidenceVector(
            files: EvidenceFiles(try files(entry)), time: entry.time, anchors: .only(try anchor(entry)), nonce: entry.nonce,
            registers: entry.registers)
    }
}

extension EvidenceManifest.Entry {
    /// For a failure's text.
    var name: String { id ?? "-" }
}
