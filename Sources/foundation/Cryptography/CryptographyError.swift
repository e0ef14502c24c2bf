import Primitives

/// Refusals of the cryptographic face (codes 900–949).
package enum CryptographyError: UInt32, CodedError {
    case malformedKey = 900
    case malformedSignature = 901
    case badSignature = 902
    case unknownSuite = 903
    case cannotOpen = 904
    case malformedBox = 905
    case wrongPassphrase = 906
    case malformedAddress = 907
    case unknownVersion = 908
    case punctured = 909
    case indexOutOfRange = 910
    case entropy = 911
    case badShare = 920
    case tooFewShares = 921

    package static let domain = "cryptography"
    package var reason: String {
        switch self {
        case .malformedKey: "the key is not a valid key of its type"
        case .malformedSignature: "the signature does not have the form of its type"
        case .badSignature: "the signature does not match"
        case .unknownSuite: "the sealing suite is not known here"
        case .cannotOpen: "the sealed message cannot be opened: another key, other context or altered bytes"
        case .malformedBox: "the sealed bytes are too short or too long"
        case .wrongPassphrase: "the passphrase is wrong or the file was altered"
        case .malformedAddress: "not a Jupiter address (jup1…)"
        case .unknownVersion: "written by a version this program does not know"
        case .punctured: "this key was destroyed"
        case .indexOutOfRange: "no such key index"
        case .entropy: "the system gave no memory or randomness for the key derivation"
        case .badShare: "a share of a secret is malformed, given twice or does not fit the others"
        case .tooFewShares: "fewer shares than the threshold: nothing can be recovered"
        }
    }
}
