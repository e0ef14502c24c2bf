import Primitives

/// Why an enclave's evidence is not accepted (codes 1650–1699).
package enum AttestationError: UInt32, CodedError {
    case malformed = 1650
    case unsupportedPlatform = 1651
    case simulatedNotAllowed = 1652
    case wrongBinding = 1653
    case wrongChallenge = 1654
    case staleChallenge = 1655
    case badIdentity = 1656

    package static let domain = "attestation"
    package var reason: String {
        switch self {
        case .malformed: "the bytes are not evidence in its only encoding"
        case .unsupportedPlatform: "no verifier for this platform is built in"
        case .simulatedNotAllowed: "the chain's genesis does not allow simulated enclaves"
        case .wrongBinding: "the report does not bind this chain and these keys"
        case .wrongChallenge: "the evidence answers no block of this chain"
        case .staleChallenge: "the block that the evidence answers is too old"
        case .badIdentity: "the enclave's keys or measurement are malformed"
        }
    }
}
