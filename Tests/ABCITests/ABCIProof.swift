import ABCI
import AuthenticatedState
import Cryptography
import Primitives
import ScriptedEngine

/// What a client does with the proof of a query: from the value to the application hash that CometBFT's header bears out.
enum ABCIProof {
    static func verify(_ answer: ABCIQueryResponse, appHash: [UInt8]) throws {
        guard answer.proofOps.ops.map(\.type) == [QueryCalls.stateProof, QueryCalls.commitmentProof] else {
            throw ABCIClientError.unexpected
        }
        let opening = [UInt8](answer.proofOps.ops[1].data)
        guard opening.count == 96, Digest.hash(.cometCommitment, opening).bytes == appHash, let root = Hash32(opening[32..<64]) else {
            throw ABCIClientError.unexpected
        }
        let proof = try StateProof.decode([UInt8](answer.proofOps.ops[0].data))
        try proof.verify(root: root, key: [UInt8](answer.key), value: answer.value.isEmpty ? nil : [UInt8](answer.value))
    }
}
