import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Why a block cannot be executed at all (codes 2040–2049): never a refusal in a receipt.
package enum TrustError: UInt32, CodedError {
    case missingState = 2040
    case wrongEpoch = 2041

    package static let domain = "trust"
    package var reason: String {
        switch self {
        case .missingState: "the state does not hold the chain's validators: it was not made from a genesis"
        case .wrongEpoch: "the block's header contradicts the state about its epoch"
        }
    }
}

/// Reads and writes what the state knows of validators.
enum TrustState {
    static func epoch(_ state: inout ModuleState) throws -> WireEpochRecord {
        guard let record: WireEpochRecord = try state.message(StateKey.epoch) else { throw TrustError.missingState }
        return record
    }

    /// The set of `epoch`, while it is kept.
    static func set(_ epoch: UInt64, _ state: inout ModuleState) throws -> ValidatorSet? {
        try state.value(StateKey.validatorSet(epoch)).map { try ValidatorSet(decoding: $0) }
    }

    /// The set that votes on the next block.
    static func presentSet(_ state: inout ModuleState) throws -> ValidatorSet {
        guard let set = try set(epoch(&state).epoch, &state) else { throw TrustError.missingState }
        return set
    }

    static func record(_ key: Hash32, _ state: inout ModuleState) throws -> WireValidatorRecord? {
        try state.message(StateKey.validator(key))
    }

    static func store(_ record: WireValidatorRecord, of key: Hash32, _ state: inout ModuleState) {
        state.set(StateKey.validator(key), record)
    }

    /// The keys of everybody who is or will be in a set, in the order of admission.
    static func list(_ state: inout ModuleState) throws -> [Hash32] {
        guard let list: WireValidatorList = try state.message(StateKey.validatorList) else { throw TrustError.missingState }
        return list.validators.compactMap { Hash32($0) }
    }

    static func store(list: [Hash32], _ state: inout ModuleState) {
        var wire = WireValidatorList()
        wire.validators = list.map { .init($0.bytes) }
        state.set(StateKey.validatorList, wire)
    }

    /// Lets the epoch end early.
    static func noteChange(_ state: inout ModuleState) throws {
        var epoch = try epoch(&state)
        guard !epoch.changeWaits else { return }
        epoch.changeWaits = true
        state.set(StateKey.epoch, epoch)
    }

    static func parameters(_ state: inout ModuleState) throws -> WireChainParameters {
        guard let parameters: WireChainParameters = try state.message(StateKey.parameters) else { throw TrustError.missingState }
        return parameters
    }
}
