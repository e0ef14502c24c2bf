import Attestation
import Foundation
import Primitives
import TestVectors
import Testing
import WireTypes

/// Every reader of outside bytes meets mutated vectors and noise: it answers or refuses, and never crashes or runs away.
@Suite struct `Readers of evidence (fuzz)` {
    let seeds: [EvidenceFiles.Role: [[UInt8]]]

    init() throws {
        let set = try VectorSet.committed()
        var seeds: [EvidenceFiles.Role: [[UInt8]]] = [:]
        for entry in set.manifest.entries {
            for (role, bytes) in try set.files(entry) where !(seeds[role] ?? []).contains(bytes) { seeds[role, default: []].append(bytes) }
        }
        self.seeds = seeds
    }

    private func fuzz(_ roles: [EvidenceFiles.Role], _ read: ([UInt8]) throws -> Void) {
        let samples = roles.flatMap { seeds[$0] ?? [] }
        #expect(!samples.isEmpty, "\(roles)")
        var refused = 0
        HostileBytes.each(samples) { bytes in
            do { try read(bytes) } catch {
                refused += 1
                #expect(error is AttestationError, "seed \(HostileBytes.seed): \(error)")
            }
        }
        #expect(refused > HostileBytes.rounds / 10, "seed \(HostileBytes.seed): mutations are noticed")
    }

    @Test func `certificates and lists`() {
        fuzz([.endorsementKey, .intermediate, .endorsementCertificate]) { _ = try VendorCertificate($0) }
        fuzz([.amdList, .pckList, .rootList]) { _ = try RevocationList($0) }
        fuzz([.tcbSigners, .pckListIssuers]) { for certificate in try PemChain.read($0) { _ = try VendorCertificate(certificate) } }
    }

    @Test func `signed JSON`() {
        fuzz([.tcbInfo, .qeIdentity]) { bytes in
            let document = try JsonValue(bytes, limit: 1 << 20)
            if let content = document.object?["tcbInfo"] { _ = try TcbInfo(content) }
            if let content = document.object?["enclaveIdentity"] { _ = try QeIdentity(content) }
            guard document.object != nil else { throw AttestationError.malformed }
            // Mutations inside a string are still JSON: the signature notices those.
            guard seeds[.tcbInfo]?.contains(bytes) == true || seeds[.qeIdentity]?.contains(bytes) == true else {
                throw AttestationError.collateralSignature
            }
        }
    }

    @Test func `reports, quotes and documents`() throws {
        let nitro = try VectorSet.committed().vector("nitro-good-nonce").files.files[.evidence] ?? []
        let quotes = (seeds[.evidence] ?? []).filter { (try? IntelQuoteReader($0)) != nil }
        let reports = (seeds[.evidence] ?? []).filter { (try? SnpReport($0)) != nil }
        #expect(quotes.count >= 4 && reports.count >= 4)
        HostileBytes.each(quotes) { _ = try? IntelQuoteReader($0) }
        HostileBytes.each(reports) { _ = try? SnpReport($0) }
        HostileBytes.each([nitro]) { bytes in
            guard let envelope = try? CoseSignature(bytes, limit: 16 << 10) else { return }
            _ = try? NitroDocument(envelope.payload)
        }
        let payload = try CoseSignature(nitro, limit: 16 << 10).payload
        HostileBytes.each([Array(payload)]) { _ = try? NitroDocument($0[...]) }
        fuzz([.hclReport]) { bytes in
            _ = try HclReport(bytes).attestationKey()
            guard seeds[.hclReport]?.contains(bytes) == true else { throw AttestationError.akBinding }
        }
    }

    @Test func `TPM structures and event logs`() throws {
        HostileBytes.each((seeds[.tpmQuote] ?? []) + (seeds[.azureQuote] ?? [])) { _ = try? TpmQuote($0) }
        HostileBytes.each(seeds[.tpmSignature] ?? []) { _ = try? TpmSignature($0) }
        HostileBytes.each(seeds[.attestationKey] ?? []) { _ = try? TpmPublicArea($0) }
        HostileBytes.each([EventLogTests.log()]) { _ = try? EventLog($0) }
    }

    @Test func `whole pieces, their manifest, and files of unknown purpose`() throws {
        let set = try VectorSet.committed()
        let manifest = try [UInt8](Data(contentsOf: set.folder.appending(component: "manifest.json")))
        HostileBytes.each([manifest]) { _ = try? EvidenceManifest($0) }
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

    @Test func `encoded evidence and endorsements`() throws {
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
