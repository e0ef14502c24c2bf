import Attestation
import Foundation
import Primitives
import TestVectors
import Testing

/// Any single flipped bit in what somebody signed makes evidence unacceptable, whichever file it is in.
@Suite struct `A flipped byte` {
    /// As they are, all of these are accepted.
    static let accepted = Result { try FlippedEvidence.accepted() }

    @Test func `is tried on evidence of every platform`() throws {
        let accepted = try Self.accepted.get()
        #expect(Set(accepted.map(\.platform)) == [.sevSnp, .tdx, .sgx, .nitro, .tpm, .azureSnp, .azureTdx])
        #expect(accepted.allSatisfy { $0.vector.judge().verdict == .accept })
    }

    @Test(arguments: (try? accepted.get()) ?? []) func `is refused in every signed file of evidence that is accepted`(
        evidence: FlippedEvidence
    ) {
        evidence.eachFlip { changed, place in
            #expect(changed.judge().verdict != .accept, "\(place)")
        }
    }

    /// The committed Azure evidence over TDX has no collateral, so that nobody can accept it; what is at hand of it is good.
    @Test func `is refused in evidence that is good as far as it goes`() throws {
        let vector = try VectorSet.committed().vector("az-tdx")
        let evidence = FlippedEvidence(name: "az-tdx", platform: .azureTdx, vector: vector, isFirst: true)
        #expect(evidence.vector.judge().verdict == .inconclusive)
        evidence.eachFlip { changed, place in
            #expect(changed.judge().verdict == .reject, "\(place)")
        }
    }
}

/// A piece of evidence and the places in it that are flipped.
struct FlippedEvidence: Sendable, CustomTestStringConvertible {
    let name: String
    let platform: EvidencePlatform
    let vector: EvidenceVector
    /// The others of a platform have the same form: less of them is tried.
    let isFirst: Bool

    var testDescription: String { name }

    /// Nobody signs these: an attestation key counts as enrolled, and its name is what enrolment is about; of an event log only the
    /// digests are vouched for, not the descriptions beside them.
    private static let unsigned: Set<EvidenceFiles.Role> = [.attestationKey, .eventLog]

    /// With the many rounds of `./dev fuzz` every position is tried.
    private static let isExhaustive = HostileBytes.rounds > 10_000
    /// How many positions are tried otherwise, beside those that always are. In a document of AWS's most is certificates.
    private var sampled: Int { !isFirst ? 100 : platform == .nitro ? 800 : 200 }

    /// Of all vectors at hand, and synthetic ones where none of a platform meets the strict policy.
    static func accepted() throws -> [FlippedEvidence] {
        let set = try VectorSet.shared() ?? VectorSet.committed()
        var platforms: Set<EvidencePlatform> = []
        let real: [FlippedEvidence] = try set.manifest.entries.compactMap { entry in
            var vector = try set.vector(entry.id)
            // SGX's only good quotes need an explicit policy.
            vector.policy.tcbStatuses.insert(.configurationAndSWHardeningNeeded)
            guard let platform = vector.judge().result?.platform else { return nil }
            let isFirst = platforms.insert(platform).inserted
            return FlippedEvidence(name: entry.name, platform: platform, vector: vector, isFirst: isFirst)
        }
        let sgx = try ForgedIntel(.sgx(mrEnclave: [UInt8](repeating: 0x3e, count: 32))).vector
        return real + [
            FlippedEvidence(name: "synthetic SGX", platform: .sgx, vector: sgx, isFirst: true),
            FlippedEvidence(name: "synthetic az-tdx", platform: .azureTdx, vector: try ForgedIntel.azure(), isFirst: true),
        ]
    }

    /// Calls `body` with the evidence after each flip, and where that was.
    func eachFlip(_ body: (EvidenceVector, String) -> Void) {
        var hostile = HostileBytes()
        let files = vector.files.files.filter { !Self.unsigned.contains($0.key) }.sorted { $0.key.rawValue < $1.key.rawValue }
        let count = files.reduce(0) { $0 + $1.value.count }
        let step = Self.isExhaustive ? 1 : max(1, count / sampled)
        for (role, bytes) in files {
            let (unsigned, always) = (free(role), isFirst ? always(role, bytes) : [])
            let first = hostile.below(step)
            for position in bytes.indices where !unsigned.contains(position) {
                guard position % step == first || always.contains(where: { $0.contains(position) }) else { continue }
                var changed = vector
                changed.files.files[role]?[position] ^= 1 << UInt8(position % 8)
                body(changed, "seed \(HostileBytes.seed) \(name): \(role.rawValue) byte \(position) bit \(position % 8)")
            }
        }
    }

    /// Where every position is always tried: the small pieces that a platform itself signed, and its signatures.
    private func always(_ role: EvidenceFiles.Role, _ bytes: [UInt8]) -> [Range<Int>] {
        switch (role, platform) {
        case (.evidence, .sevSnp), (.tpmQuote, _), (.tpmSignature, _), (.azureQuote, _), (.azureSignature, _): [0..<bytes.count]
        // The envelope's head and its signature.
        case (.evidence, .nitro): [0..<32, bytes.count - 98..<bytes.count]
        // Header and body of versions 3, 4 and 5; then the signature data's length and the signature.
        case (.evidence, _), (.tdQuote, _): [0..<(bytes[0] == 3 ? 432 : bytes[0] == 4 ? 632 : 702) + 4 + 64]
        // But for the processor's report inside.
        case (.hclReport, _): [0..<0x20, 0x4c0..<bytes.count]
        default: []
        }
    }

    /// Bytes that nobody far away can check: a paravisor over TDX puts a TDREPORT into its report, which only its own processor can tell
    /// from another. The TD quote beside it is what counts.
    private func free(_ role: EvidenceFiles.Role) -> Range<Int> { (role, platform) == (.hclReport, .azureTdx) ? 0x20..<0x4c0 : 0..<0 }
}
