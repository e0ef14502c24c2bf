import Primitives

/// Why a light client does not believe a header, a certificate or a receipt (codes 700–749).
package enum LightClientError: UInt32, CodedError {
    case malformed = 700
    case wrongChain = 701
    case wrongProfile = 702
    case notHigher = 703
    case conflicting = 704
    case wrongTime = 705
    case wrongEpoch = 706
    case wrongValidators = 707
    case notFinalised = 708
    case certificateMismatch = 709
    case malformedSigners = 710
    case badSignature = 711
    case noQuorum = 712
    case wrongNextValidators = 713
    case notAncestor = 714
    case wrongReceipt = 715
    case unknownValidator = 716
    case notEquivocation = 717
    case wrongCommitment = 718
    case trustPeriodOver = 719

    package static let domain = "lightClient"
    package var reason: String {
        switch self {
        case .malformed: "the bytes are not a header, certificate, validator set or receipt in its only encoding"
        case .wrongChain: "it belongs to another chain"
        case .wrongProfile: "the certificate promises another kind of quorum than the chain's genesis"
        case .notHigher: "the header is older than the one already trusted"
        case .conflicting: "the header contradicts the one already trusted"
        case .wrongTime: "the header's time does not rise"
        case .wrongEpoch: "the header is of another epoch; epochs cannot be skipped"
        case .wrongValidators: "the header names another validator set than the one of its epoch"
        case .notFinalised: "the certificate does not hold votes that finalise"
        case .certificateMismatch: "the certificate is for another header"
        case .malformedSigners: "the certificate's signers and signatures do not fit the validator set"
        case .badSignature: "a vote's signature does not match"
        case .noQuorum: "the votes weigh no more than the quorum demands"
        case .wrongNextValidators: "the set that follows the epoch is missing, superfluous or another than the header commits to"
        case .notAncestor: "the headers do not lead to the trusted one"
        case .wrongReceipt: "the receipt is not under this header"
        case .unknownValidator: "the key is not in the validator set"
        case .notEquivocation: "an honest validator may cast both votes"
        case .trustPeriodOver: "too much time lies between the trusted header and this one; begin anew, as a replica"
        case .wrongCommitment: "CometBFT's next header does not commit to this header"
        }
    }
}
