import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What the accounts that answer for validators may do alone (docs/spec/trust.md §6).
package enum TrustModule {
    /// Records that a validator votes with a new log: from the epoch after the one that holds this block on.
    ///
    /// What it signed in the present epoch, and no longer knows of, can then contradict nothing.
    package static func rejoin(_ message: WireRejoin, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (key, record) = try own(message.validator, context, &state)
        guard let log = Hash32(message.log), log != .zero else { throw Refusal.trustMalformed }
        guard message.log != record.log else { throw Refusal.trustKnownLog }
        let statement = ValidatorStatement.rejoin(chainID: context.genesis.chainID, account: context.sender, log: log)
        do { try VerificationKey.ed25519(key).verify([UInt8](message.signature), of: statement, context: .rejoin) } catch {
            throw Refusal.trustBadSignature
        }
        record.log = message.log
        record.votesFrom = max(record.votesFrom, context.block.epoch + 1)
        let present = try TrustState.epoch(&state).epoch
        if record.status == .active, record.votesFrom > present {
            (record.status, record.statusEpoch) = (.rejoining, present)
            try TrustState.noteChange(&state)
        }
        TrustState.store(record, of: key, &state)
        state.emit("trust.rejoined", id: key.bytes, account: context.sender, amount: record.votesFrom)
    }

    /// Says where the validator's node is found, at once.
    package static func updateEndpoint(_ message: WireUpdateEndpoint, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (key, record) = try own(message.validator, context, &state)
        let former = Hash32(record.node.nodeID)
        record.node.nodeID = message.nodeID
        record.node.endpoint = message.endpoint
        guard record.node.isWellFormed, let node = Hash32(message.nodeID) else { throw Refusal.trustMalformed }
        if node != former {
            guard try state.value(StateKey.node(node)) == nil else { throw Refusal.trustNodeTaken }
            if let former { state.remove(StateKey.node(former)) }
            state.set(StateKey.node(node), bytes: key.bytes)
        }
        TrustState.store(record, of: key, &state)
        state.emit("trust.endpointUpdated", id: key.bytes, account: context.sender)
    }

    /// The validator that the sender answers for.
    private static func own(
        _ validator: Data, _ context: MessageContext, _ state: inout ModuleState
    ) throws -> (key: Hash32, record: WireValidatorRecord) {
        guard let key = Hash32(validator), let record = try TrustState.record(key, &state), record.status != .left else {
            throw Refusal.trustUnknownValidator
        }
        guard record.node.account == Data(context.sender.bytes) else { throw Refusal.trustNotOwner }
        return (key, record)
    }
}

extension Refusal {
    package static let trustMalformed = Refusal(2000, "trust.malformed", "a key, log, node id or endpoint is not well formed")
    package static let trustUnknownValidator = Refusal(2001, "trust.unknownValidator", "no such validator is or will be in the set")
    package static let trustNotOwner = Refusal(2002, "trust.notOwner", "another account answers for this validator")
    package static let trustBadSignature = Refusal(2003, "trust.badSignature", "the validator's key did not sign this")
    package static let trustKnownLog = Refusal(
        2004, "trust.knownLog", "the validator votes with this log already; a new one has a new name")
    package static let trustNodeTaken = Refusal(2005, "trust.nodeTaken", "another validator's node has this identifier")

    package static let allTrust: [Refusal] = [
        trustMalformed, trustUnknownValidator, trustNotOwner, trustBadSignature, trustKnownLog, trustNodeTaken,
    ]
}
