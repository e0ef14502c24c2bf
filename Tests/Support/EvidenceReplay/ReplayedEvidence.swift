import Attestation
import ChainTypes
import EnclavePlatforms
import Foundation

/// Evidence that was made once, given again whatever it should bind: what a thief of evidence has.
///
/// It lives among the tests' supports, so no shipped program can stand on it; `--platform replay` is refused like any unknown name.
package struct ReplayedEvidence: EvidenceSource {
    package let platform: String
    package let reference: ReferenceValue
    private let report: [UInt8]

    /// - Parameters:
    ///   - file: a report, encoded as in evidence.proto.
    ///   - reference: what that report measured.
    package init(platform: EvidencePlatform, file: URL, reference: ReferenceValue) throws {
        (self.platform, self.reference) = (platform.rawValue, reference)
        report = [UInt8](try Data(contentsOf: file))
    }

    package func evidence(for binding: AttestationBinding) -> [UInt8] { report }
}
