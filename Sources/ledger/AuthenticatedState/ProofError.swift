import Primitives

/// Why a proof about the state was refused. Codes 1250–1299.
package enum ProofError: CodedError, Equatable {
    package static let domain = "proof"

    /// The bytes are cut short, too many, or name an unknown kind of ending.
    case malformed
    /// The proof is written in a format this program does not know.
    case unknownFormat(UInt8)
    /// More bytes or levels than a proof can have.
    case tooLarge
    /// The bytes or the shape could not come from a tree: an honest prover never makes it.
    case notCanonical
    /// The proof shows presence where absence was claimed, or the other way round.
    case wrongClaim
    /// The leaf shown in the key's place does not belong there.
    case foreignLeaf
    /// The hashes do not lead to the root.
    case rootMismatch

    package var code: UInt32 {
        switch self {
        case .malformed: 1250
        case .unknownFormat: 1251
        case .tooLarge: 1252
        case .notCanonical: 1253
        case .wrongClaim: 1254
        case .foreignLeaf: 1255
        case .rootMismatch: 1256
        }
    }

    package var name: String {
        switch self {
        case .malformed: "proof.malformed"
        case .unknownFormat: "proof.unknownFormat"
        case .tooLarge: "proof.tooLarge"
        case .notCanonical: "proof.notCanonical"
        case .wrongClaim: "proof.wrongClaim"
        case .foreignLeaf: "proof.foreignLeaf"
        case .rootMismatch: "proof.rootMismatch"
        }
    }

    package var reason: String {
        switch self {
        case .malformed: "the proof does not decode"
        case .unknownFormat(let format): "proof format \(format) is unknown: it was made by a newer program"
        case .tooLarge: "a proof has at most \(StateProof.maximumLevels) levels and \(StateProof.maximumBytes) bytes"
        case .notCanonical: "the proof has a shape that no state tree has"
        case .wrongClaim: "the proof shows presence for a claim of absence, or absence for a claim of presence"
        case .foreignLeaf: "the leaf that the proof shows in the key's place does not belong there"
        case .rootMismatch: "the proof does not lead to this state root: another key, value or state"
        }
    }
}
