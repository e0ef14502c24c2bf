import Primitives

/// Why a peer's message about consensus is not accepted (codes 1790–1809).
package enum ConsensusError: UInt32, CodedError {
    case malformed = 1790
    case badSignature = 1791
    case badCertificate = 1792
    case badProposal = 1794

    package static let domain = "consensus"
    package var reason: String {
        switch self {
        case .malformed: "the bytes are not a message of validators in its only encoding"
        case .badSignature: "the signature is not that of the validator named"
        case .badCertificate: "the certificate has no quorum of valid votes"
        case .badProposal: "the proposal's header does not fit its view, epoch or leader"
        }
    }
}
