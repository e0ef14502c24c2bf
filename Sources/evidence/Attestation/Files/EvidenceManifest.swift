import Primitives

/// A list of evidence to judge, with what a verifier is told of each piece.
///
/// Of what a manifest holds only `id` (to answer with, if there is one), the files' roles and paths, `verify_at`, `trust_anchor` and `inputs` are read:
/// whatever its author expects of a vector cannot reach the judgement.
package struct EvidenceManifest: Sendable {
    package struct Entry: Sendable {
        /// `nil` where the manifest names none: it only tells answers apart.
        package let id: String?
        /// Relative to the manifest.
        package let paths: [EvidenceFiles.Role: String]
        package let anchorPath: String
        /// Milliseconds since 1970.
        package let time: UInt64
        package let nonce: [UInt8]?
        package let registers: [String: [UInt8]]
        /// Whether `inputs` ask for something that is not understood: such evidence is refused.
        package let hasUnknownInputs: Bool

        /// The judgement of this entry with its files' bytes.
        package func judge(files: [EvidenceFiles.Role: [UInt8]], anchor: [UInt8], recording: Bool = false) -> EvidenceVector.Judgement {
            do throws(AttestationError) {
                guard !hasUnknownInputs else { throw .malformed }
                let roots = try EvidenceFiles.certificates(anchor)
                guard roots.count == 1 else { throw .malformed }
                let vector = EvidenceVector(
                    files: EvidenceFiles(files), time: time, anchors: .only(roots[0]), nonce: nonce, registers: registers)
                return vector.judge(recording: recording)
            } catch {
                return .init(verdict: .reject, code: error.word, result: nil, trail: .none, error: error)
            }
        }
    }

    package let entries: [Entry]

    package static let maximumBytes = 8 << 20
    package static let maximumEntries = 4096
    private static let maximumText = 512

    /// - Throws: why the manifest as a whole is refused; the position is the entry's, from 0.
    package init(_ bytes: [UInt8]) throws(ManifestError) {
        let document: JsonValue
        do { document = try JsonValue(bytes, limit: Self.maximumBytes) } catch { throw .notJson }
        if let format = document.object?["format"] {
            guard format.unsigned == 1 else { throw .unknownFormat }
        }
        guard let items = document.object?["vectors"]?.array else { throw .noVectors }
        guard items.count <= Self.maximumEntries else { throw .tooMany }
        var entries: [Entry] = []
        for (position, item) in items.enumerated() { entries.append(try Self.entry(item, position)) }
        self.entries = entries
    }

    private static func entry(_ item: JsonValue, _ position: Int) throws(ManifestError) -> Entry {
        let named = item.object?["id"].flatMap { $0.isNull ? nil : $0 }
        let id = named?.string
        guard named == nil || id != nil, id?.utf8.count ?? 0 <= maximumText else { throw .badEntry(position, "id") }
        guard let files = item.object?["files"]?.object, files.count <= 64 else { throw .badEntry(position, "files") }
        var paths: [EvidenceFiles.Role: String] = [:]
        for (key, value) in files {
            guard let path = value.object?["path"]?.string else { throw .badEntry(position, "files") }
            if let role = EvidenceFiles.Role(rawValue: key) { paths[role] = try inside(path, position) }
        }
        guard let time = item.object?["verify_at"]?.string.flatMap({ CivilTime.milliseconds($0) }) else {
            throw .badEntry(position, "verify_at")
        }
        guard let anchor = item.object?["trust_anchor"]?.string else { throw .badEntry(position, "trust_anchor") }
        var inputs = item.object?["inputs"]?.object ?? [:]
        if let value = item.object?["inputs"], value.object == nil, !value.isNull { throw .badEntry(position, "inputs") }
        var nonce: [UInt8]?
        if let value = inputs.removeValue(forKey: "expected_nonce"), !value.isNull {
            guard let bytes = value.string.flatMap({ Hex.decode($0) }), bytes.count <= maximumText else {
                throw .badEntry(position, "inputs")
            }
            nonce = bytes
        }
        let references = try inputs.removeValue(forKey: "reference_values").map { (value) throws(ManifestError) in
            try registers(value, position)
        }
        return Entry(
            id: id, paths: paths, anchorPath: try inside(anchor, position), time: time, nonce: nonce, registers: references ?? [:],
            hasUnknownInputs: !inputs.isEmpty)
    }

    /// `{"sha256": {"11": "…"}}`: one bank, register number to value.
    private static func registers(_ value: JsonValue, _ position: Int) throws(ManifestError) -> [String: [UInt8]] {
        guard let banks = value.object, banks.count == 1, let (bank, values) = banks.first, let values = values.object,
            let size = ["sha256": 32, "sha384": 48][bank]
        else { throw .badEntry(position, "inputs") }
        var registers: [String: [UInt8]] = [:]
        for (name, value) in values {
            guard let index = UInt8(name), index < 32, String(index) == name, let bytes = value.string.flatMap({ Hex.decode($0) }),
                bytes.count == size
            else { throw .badEntry(position, "inputs") }
            registers["pcr\(name)"] = bytes
        }
        return registers
    }

    /// A path that stays below the manifest's folder, as far as its text tells; links are the reader's to judge.
    private static func inside(_ path: String, _ position: Int) throws(ManifestError) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard 1...maximumText ~= path.utf8.count, !path.utf8.contains(0), parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else {
            throw .pathOutside(position)
        }
        return path
    }
}

/// Why a manifest is refused as a whole (codes 1690–1699).
package enum ManifestError: CodedError, Equatable {
    case notJson
    case unknownFormat
    case noVectors
    case tooMany
    /// The entry at this position has no, or a malformed, member of this name.
    case badEntry(Int, String)
    case pathOutside(Int)
    case fileUnreadable(String)
    case fileTooLarge(String)

    package static let domain = "manifest"

    package var code: UInt32 {
        switch self {
        case .notJson: 1690
        case .unknownFormat: 1691
        case .noVectors: 1692
        case .tooMany: 1693
        case .badEntry: 1694
        case .pathOutside: 1695
        case .fileUnreadable: 1696
        case .fileTooLarge: 1697
        }
    }

    package var reason: String {
        switch self {
        case .notJson: "the manifest is not strict JSON of at most \(EvidenceManifest.maximumBytes) bytes"
        case .unknownFormat: "the manifest's format is not 1"
        case .noVectors: "the manifest has no list of vectors"
        case .tooMany: "the manifest has more than \(EvidenceManifest.maximumEntries) vectors"
        case .badEntry(let position, let member): "vector \(position) has no valid \(member)"
        case .pathOutside(let position): "vector \(position) names a file outside the manifest's folder"
        case .fileUnreadable(let path): "\(path) cannot be read"
        case .fileTooLarge(let path): "\(path) has more than \(EvidenceFiles.maximumBytes) bytes"
        }
    }
}

extension JsonValue {
    var isNull: Bool { if case .null = content { true } else { false } }
}
