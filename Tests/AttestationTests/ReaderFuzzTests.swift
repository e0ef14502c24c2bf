import Attestation
import Foundation
import Primitives
import TestVectors
import Testing
import WireTypes

/// Every reader of outside bytes meets mutated vectors and noise: it answers or refuses, and never crashes or runs away.
@Suite struct `Readers of evidence (fuzz)` {
    private static let seeds = Result { try FuzzSeeds() }

    /// Mutated so that lengths break, and so that they hold; each reader accepts a vector as it is and refuses some of the mutations itself.
    @Test(arguments: EvidenceReader.all) func `meet mutated vectors, each directly`(reader: EvidenceReader) throws {
        let samples = try reader.samples(Self.seeds.get())
        #expect(samples.contains { (try? reader.read($0)) == true }, "as they are")
        var hostile = HostileBytes()
        var (reached, refused) = (0, 0)
        for round in 0..<HostileBytes.rounds {
            let sample = samples[hostile.below(samples.count)]
            let bytes = hostile.below(2) == 0 ? hostile.next(sample) : hostile.overwritten(sample)
            do { reached += try reader.read(bytes) ? 1 : 0 } catch {
                (reached, refused) = (reached + 1, refused + 1)
                #expect(error is AttestationError || error is ManifestError, "seed \(HostileBytes.seed) round \(round): \(error)")
            }
        }
        #expect(reached > HostileBytes.rounds / 20 && refused > 0, "seed \(HostileBytes.seed): \(reached) reached, \(refused) refused")
    }

    /// Whoever writes another reader has to say how mutated bytes reach it.
    @Test func `are all listed`() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let module = tests.deletingLastPathComponent().appending(components: "Sources", "evidence", "Attestation")
        let sources = try #require(FileManager.default.enumerator(atPath: module.path)).compactMap { $0 as? String }
        let listed = Set(EvidenceReader.all.map(\.file))
        #expect(Set(EvidenceReader.readersWithin.values).isSubset(of: listed))
        // What takes bytes apart, in the module's own terms.
        let marks = ["ByteCursor(", "FixedLayout(", "DER.parse(", "DERReading.", "JsonParser(", "CborReader(", ".octets(", ".lines("]
        var found: Set<String> = []
        for source in sources where source.hasSuffix(".swift") {
            let text = try String(contentsOf: module.appending(path: source), encoding: .utf8)
            guard marks.contains(where: text.contains) else { continue }
            found.insert(source)
            #expect(listed.contains(source) || EvidenceReader.readersWithin[source] != nil, "\(source)")
        }
        #expect(found.count > 12, "the marks mean something")
        #expect(listed.union(EvidenceReader.readersWithin.keys).isSubset(of: Set(sources)), "no name of the past")
    }

    @Test func `together judge whole pieces, and files of unknown purpose`() throws {
        let set = try VectorSet.committed()
        var hostile = HostileBytes()
        for entry in set.manifest.entries {
            let vector = try set.vector(entry.id)
            for round in 0..<max(4, HostileBytes.rounds / 40) {
                var changed = vector
                for role in vector.files.files.keys.sorted(by: { $0.rawValue < $1.rawValue }) where hostile.below(3) == 0 {
                    changed.files.files[role] = hostile.next(vector.files.files[role] ?? [])
                }
                if let result = changed.judge(recording: true).result {
                    // Padding, line ends and unsigned copies may change; what was attested may not.
                    #expect(result == vector.judge().result, "seed \(HostileBytes.seed) \(entry.name) round \(round)")
                }
                var sniffed = EvidenceFiles()
                for bytes in changed.files.files.values { try? sniffed.add(bytes) }
                _ = try? sniffed.piece()
            }
        }
    }

    @Test func `meet encoded evidence and endorsements`() throws {
        let evidence = try WireSamples.all().map { $0.evidence.encoded() }
        HostileBytes.each(evidence) { bytes in
            guard let wire = try? WireEvidence(strictly: bytes, limit: EvidenceAppraiser.maximumEvidence) else { return }
            _ = try? PlatformEvidence(wire)
            _ = try? EvidenceAppraiser.slots(of: bytes)
        }
        let (endorsements, time, anchors) = try WireSamples.endorsements()
        let samples = endorsements.map { $0.encoded() }
        HostileBytes.each(samples) { bytes in
            guard !samples.contains(bytes), let wire = try? WireEndorsement(strictly: bytes, limit: Endorsements.maximumBytes) else {
                return
            }
            #expect((try? Endorsements.record(of: wire, anchors: anchors, at: time)) == nil, "seed \(HostileBytes.seed)")
        }
    }
}
