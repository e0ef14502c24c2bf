import Attestation
import Foundation
import Primitives
import TestVectors
import Testing

@Suite struct `Vectors of evidence` {
    @Test func `yield the verdict and the word that their author expects`() throws {
        for set in try VectorSet.all() {
            #expect(set.manifest.entries.count == set.expectations.count)
            for (entry, expected) in zip(set.manifest.entries, set.expectations) {
                let judgement = try set.judge(entry)
                #expect(judgement.verdict.rawValue == expected.expect.defaultPolicy, "\(entry.name): \(judgement.code)")
                guard judgement.verdict != .inconclusive else { continue }
                #expect(judgement.code == expected.expect.reason, "\(entry.name)")
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
            let prefix = String(entry.name.prefix { $0 != "-" })
            switch try set.judge(entry).verdict {
            case .accept: accepted.insert(prefix)
            case .reject: refused.insert(prefix)
            case .inconclusive: break
            }
        }
        #expect(refused == ["az", "nitro", "sgx", "snp", "tdx", "tpm"])
        // SGX's real quotes all have open advisories: the explicit policy below accepts one. The strict one's is synthetic (ForgedIntel).
        #expect(accepted.union(["sgx"]) == refused)
        var sgx = try set.vector("sgx-v3-conf-swhardening")
        sgx.policy.tcbStatuses.insert(.configurationAndSWHardeningNeeded)
        let result = try #require(sgx.judge().result)
        #expect(result.platform == .sgx && result.assurance == .confidential && result.tcbStatus == .configurationAndSWHardeningNeeded)
        #expect(!result.advisories.isEmpty && result.machine?.kind == .ppid)
    }

    @Test(arguments: [true, false]) func `need no hints: other names, other folders, other order, nothing but what a verifier is given`(
        named: Bool
    ) throws {
        for set in try VectorSet.all() {
            let blind = try BlindCopy(of: set.folder, seed: 0xB11D, named: named)
            defer { blind.remove() }
            let copy = try EvidenceManifest([UInt8](Data(contentsOf: blind.manifest)))
            #expect(copy.entries.count == set.manifest.entries.count && copy.entries.allSatisfy { ($0.id != nil) == named })
            for (entry, original) in zip(copy.entries, blind.order) {
                let judgement = try entry.judge(files: entry.paths.mapValues(blind.bytes), anchor: blind.bytes(entry.anchorPath))
                let expected = try set.judge(set.manifest.entries[original])
                #expect(
                    judgement.verdict == expected.verdict && judgement.code == expected.code,
                    "seed 0xB11D \(set.manifest.entries[original].name)")
            }
        }
    }

    @Test func `explain themselves: every step until the first that fails`() throws {
        let set = try VectorSet.committed()
        for entry in set.manifest.entries {
            let judgement = try entry.judge(files: set.files(entry), anchor: set.bytes(entry.anchorPath), recording: true)
            let failed = judgement.trail.steps.filter { $0.outcome == .failed }
            #expect(judgement.trail.steps.count >= 2 && failed.count <= 1, "\(entry.name)")
            if judgement.verdict == .accept { #expect(failed.isEmpty, "\(entry.name)") }
            if let last = failed.first { #expect(last == judgement.trail.steps.last && last.detail == judgement.error?.reason) }
        }
    }
}
