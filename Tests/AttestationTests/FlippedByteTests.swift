import Attestation
import Foundation
import Primitives
import TestVectors
import Testing

/// Any single flipped bit in what somebody signed makes evidence unacceptable, whichever file it is in.
@Suite struct `A flipped byte` {
    /// Nobody signs these: an attestation key counts as enrolled, and its name is what enrolment is about; of an event log only the
    /// digests are vouched for, not the descriptions beside them.
    private static let unsigned: Set<EvidenceFiles.Role> = [.attestationKey, .eventLog]

    /// How many positions of a vector are tried; all of them with `JUPITER_FUZZ_ROUNDS` above 10,000.
    private static let positions = HostileBytes.rounds > 10_000 ? Int.max : 300

    @Test func `is refused in every signed file of every accepted vector`() throws {
        let set = try VectorSet.shared() ?? VectorSet.committed()
        var platforms: Set<EvidencePlatform> = []
        for entry in set.manifest.entries {
            var vector = try set.vector(entry.id)
            // SGX's only good quotes need an explicit policy.
            vector.policy.tcbStatuses.insert(.configurationAndSWHardeningNeeded)
            guard let result = vector.judge().result else { continue }
            platforms.insert(result.platform)
            flip(vector, entry.name)
        }
        #expect(platforms == [.sevSnp, .tdx, .sgx, .nitro, .tpm, .azureSnp])
    }

    private func flip(_ vector: EvidenceVector, _ id: String) {
        let signed = vector.files.files.filter { !Self.unsigned.contains($0.key) }.sorted { $0.key.rawValue < $1.key.rawValue }
        let total = signed.reduce(0) { $0 + $1.value.count }
        let stride = max(1, total / Self.positions)
        for (role, bytes) in signed {
            for position in Swift.stride(from: role.rawValue.utf8.count * 7 % stride, to: bytes.count, by: stride) {
                var changed = vector
                changed.files.files[role]?[position] ^= 1 << UInt8(position % 8)
                let judgement = changed.judge()
                #expect(judgement.verdict != .accept, "\(id): \(role.rawValue) byte \(position) bit \(position % 8)")
            }
        }
    }
}
