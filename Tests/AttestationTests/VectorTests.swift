import Attestation
import Foundation
import Primitives
import Testing

@Suite struct `Vectors of evidence` {
    @Test func `yield the verdict and the word that their author expects`() throws {
        for set in try VectorSet.all() {
            #expect(set.manifest.entries.count == set.expectations.count)
            for (entry, expected) in zip(set.manifest.entries, set.expectations) {
                let judgement = try set.judge(entry)
                #expect(judgement.verdict.rawValue == expected.expect.defaultPolicy, "\(entry.id): \(judgement.code)")
                guard judgement.verdict != .inconclusive else { continue }
                #expect(judgement.code == expected.expect.reason, "\(entry.id)")
            }
        }
    }

    @Test func `yield the claims that other verifiers read from them`() throws {
        for set in try VectorSet.all() {
            for (entry, expected) in zip(set.manifest.entries, set.expectations) {
                guard let result = try set.judge(entry).result, let claims = expected.expect.claims else { continue }
                let registers = result.measurement.registers.mapValues { Hex.encode($0) }
                if let mrtd = claims.mrtd { #expect(registers["mrtd"] == mrtd) }
                for (index, value) in (claims.rtmr ?? []).enumerated() { #expect(registers["rtmr\(index)"] == value) }
                if let measurement = claims.measurement { #expect(registers["measurement"] == measurement) }
                for (index, value) in claims.pcrs ?? [:] { #expect(registers["pcr\(index)"] == value) }
                if let chip = claims.chipId, chip.contains(where: { $0 != "0" }) {
                    #expect(result.machine == MachineIdentity(kind: .chip, bytes: Hex.decode(chip) ?? []))
                }
                if let status = expected.expect.tcbStatus { #expect(result.tcbStatus?.rawValue == status) }
                if let advisories = expected.expect.advisories { #expect(result.advisories == advisories.sorted()) }
                #expect(result.expires.map { $0 >= entry.time } ?? true)
            }
        }
    }

    @Test func `cover every platform with hardware, accepted and refused, in the project itself`() throws {
        let set = try VectorSet.committed()
        var accepted: Set<String> = []
        var refused: Set<String> = []
        for entry in set.manifest.entries {
            let prefix = String(entry.id.prefix { $0 != "-" })
            switch try set.judge(entry).verdict {
            case .accept: accepted.insert(prefix)
            case .reject: refused.insert(prefix)
            case .inconclusive: break
            }
        }
        #expect(refused == ["az", "nitro", "sgx", "snp", "tdx", "tpm"])
        // SGX's real quotes all have open advisories: the explicit policy below accepts one.
        #expect(accepted.union(["sgx"]) == refused)
        var sgx = try set.vector("sgx-v3-conf-swhardening")
        sgx.policy.tcbStatuses.insert(.configurationAndSWHardeningNeeded)
        let result = try #require(sgx.judge().result)
        #expect(result.platform == .sgx && result.assurance == .confidential && result.tcbStatus == .configurationAndSWHardeningNeeded)
        #expect(!result.advisories.isEmpty && result.machine?.kind == .ppid)
    }

    @Test func `need no hints: other names, other folders, other order, nothing but what a verifier is given`() throws {
        for set in try VectorSet.all() {
            let blind = try BlindCopy(of: set, seed: 0xB11D)
            defer { blind.remove() }
            let copy = try EvidenceManifest(blind.manifest)
            #expect(copy.entries.count == set.manifest.entries.count)
            for (entry, original) in zip(copy.entries, blind.order) {
                let judgement = try entry.judge(files: entry.paths.mapValues(blind.bytes), anchor: blind.bytes(entry.anchorPath))
                let expected = try set.judge(set.manifest.entries[original])
                #expect(
                    judgement.verdict == expected.verdict && judgement.code == expected.code,
                    "seed 0xB11D \(set.manifest.entries[original].id)")
            }
        }
    }

    @Test func `explain themselves: every step until the first that fails`() throws {
        let set = try VectorSet.committed()
        for entry in set.manifest.entries {
            let judgement = try entry.judge(files: set.files(entry), anchor: set.bytes(entry.anchorPath), recording: true)
            let failed = judgement.trail.steps.filter { $0.outcome == .failed }
            #expect(judgement.trail.steps.count >= 2 && failed.count <= 1, "\(entry.id)")
            if judgement.verdict == .accept { #expect(failed.isEmpty, "\(entry.id)") }
            if let last = failed.first { #expect(last == judgement.trail.steps.last && last.detail == judgement.error?.reason) }
        }
    }
}

/// A manifest's vectors under random names in random order, without anything that a verifier is not given.
struct BlindCopy {
    let folder: URL
    let manifest: [UInt8]
    /// The positions of the original entries.
    let order: [Int]

    init(of set: VectorSet, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let folder = FileManager.default.temporaryDirectory.appending(component: "blind-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        order = Array(set.manifest.entries.indices).shuffled(using: &generator)
        let source = try JSONSerialization.jsonObject(with: Data(contentsOf: set.folder.appending(component: "manifest.json")))
        let vectors = (source as? [String: Any])?["vectors"] as? [[String: Any]] ?? []
        var blind: [[String: Any]] = []
        for position in order {
            let vector = vectors[position]
            func copy(_ path: String) throws -> String {
                let name = Hex.encode(generator.bytes(12))
                try FileManager.default.copyItem(at: set.folder.appending(path: path), to: folder.appending(component: name))
                return name
            }
            var files: [String: Any] = [:]
            for (role, file) in vector["files"] as? [String: [String: Any]] ?? [:] {
                files[role] = ["path": try copy(file["path"] as? String ?? "")]
            }
            var entry: [String: Any] = ["id": Hex.encode(generator.bytes(6)), "files": files, "verify_at": vector["verify_at"] ?? ""]
            entry["trust_anchor"] = try copy(vector["trust_anchor"] as? String ?? "")
            if let inputs = vector["inputs"] { entry["inputs"] = inputs }
            blind.append(entry)
        }
        self.folder = folder
        manifest = [UInt8](try JSONSerialization.data(withJSONObject: ["vectors": blind]))
    }

    func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: path))) }
    func remove() { try? FileManager.default.removeItem(at: folder) }
}
