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
        guard !bytes.isEmpty else {
            try verify(proven, key: key, value: nil)
            return nil
        }
        try verify(proven, key: key, value: bytes)
        guard let value = try? Value(strictly: bytes, limit: Limits.stateValue) else { throw .badProof }
        return value
    }

    /// A value that names its own place: `key` says where it must stand, and the proof that it stands there.
    func value<Value: SwiftProtobuf.Message>(
        _ proven: WireProvenValue, placed key: (Value) -> [UInt8]?
    ) throws(EnclaveError) -> Value {
        let bytes = [UInt8](proven.value)
        guard !bytes.isEmpty, let value = try? Value(strictly: bytes, limit: Limits.stateValue), let place = key(value) else {
            throw .badProof
        }
        try verify(proven, key: place, value: bytes)
        return value
    }

    /// The bytes at `key`, which hold no message.
    func bytes(_ proven: WireProvenValue, at key: [UInt8]) throws(EnclaveError) -> [UInt8] {
        let bytes = [UInt8](proven.value)
        guard !bytes.isEmpty else { throw .badProof }
        try verify(proven, key: key, value: bytes)
        return bytes
    }

    private func verify(_ proven: WireProvenValue, key: [UInt8], value: [UInt8]?) throws(EnclaveError) {
        do { try StateProof.decode([UInt8](proven.proof)).verify(root: root, key: key, value: value) } catch { throw .badProof }
    }
}
