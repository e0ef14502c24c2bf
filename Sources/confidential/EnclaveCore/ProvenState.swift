import AuthenticatedState
import ChainTypes
import EnclaveProtocol
import FoundationEssentials
import Primitives
import SwiftProtobuf
import WireTypes

/// The chain's state under the trusted header: nothing of it is believed without a proof.
struct ProvenState {
    let root: Hash32

    /// The value of `key`, or `nil` when `proven` proves that there is none (its value is empty then).
    func value<Value: SwiftProtobuf.Message>(
        _ proven: WireProvenValue, at key: [UInt8], as type: Value.Type = Value.self
    ) throws(EnclaveError) -> Value? {
        let bytes = [UInt8](proven.value)
        do {
            let proof = try StateProof.decode([UInt8](proven.proof))
            try proof.verify(root: root, key: key, value: bytes.isEmpty ? nil : bytes)
        } catch { throw .badProof }
        guard !bytes.isEmpty else { return nil }
        guard let value = try? Value(strictly: bytes, limit: Limits.stateValue) else { throw .badProof }
        return value
    }
}
