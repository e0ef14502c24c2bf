import Attestation
import ChainTypes
import FoundationEssentials
import Primitives
import SwiftProtobuf
import WireTypes

/// What vendors signed about their platforms: submitted by anybody, believed for its signature, and only ever replaced by something newer.
package enum EndorsementRules {
    /// Bytes of one endorsement: what fits a transaction and a value of the state.
    package static let maximumBytes = 192 << 10
    /// How many slots there are: more than all vendors together have platforms.
    package static let mostSlots: UInt32 = 1_024

    package static func submit(_ message: WireSubmitEndorsement, _ context: MessageContext, _ state: inout ModuleState) throws {
        let bytes = [UInt8](message.endorsement)
        guard bytes.count <= maximumBytes else { throw Refusal.admissionEndorsementTooLarge }
        guard context.transaction.fee >= fee(bytes: bytes.count, minimum: context.parameters.minimumFee) else {
            throw Refusal.admissionEndorsementFee
        }
        let rules = try AdmissionState.rules(context.genesis, &state)
        let record: EndorsementRecord
        do {
            guard let wire = try? WireEndorsement(strictly: bytes, limit: maximumBytes) else { throw AttestationError.malformed }
            record = try Endorsements.record(of: wire, anchors: context.anchors.adding(rules), at: context.block.time)
            guard (1...255).contains(record.slot.utf8.count) else { throw AttestationError.malformed }
        } catch let error as AttestationError { throw Refusal(error) }
        try keep(record, message.endorsement, context, &state)
    }

    /// What a transaction with an endorsement pays at least, in micro-JUPT: its bytes stay in the state.
    package static func fee(bytes: Int, minimum: UInt64) -> UInt64 {
        let (fee, overflow) = minimum.multipliedReportingOverflow(by: UInt64(bytes / 1_024 + 1))
        return overflow ? .max : fee
    }

    private static func keep(
        _ record: EndorsementRecord, _ bytes: Data, _ context: MessageContext, _ state: inout ModuleState
    ) throws {
        let key = StateKey.endorsement(record.slot)
        let known: WireEndorsementEntry? = try state.message(key)
        if let known {
            guard record.number > known.number else { throw Refusal.admissionStaleEndorsement }
        } else {
            var count: WireEndorsementCount = try state.message(StateKey.endorsementCount) ?? WireEndorsementCount()
            guard count.slots < mostSlots else { throw Refusal.admissionEndorsementsFull }
            count.slots += 1
            state.set(StateKey.endorsementCount, count)
        }
        var entry = WireEndorsementEntry()
        (entry.slot, entry.number, entry.endorsement) = (record.slot, record.number, bytes)
        (entry.height, entry.expires) = (context.block.height, record.expires)
        state.set(key, entry)
        state.emit("admission.endorsementAccepted", id: Array(record.slot.utf8), account: context.sender, amount: record.number)
        if known != nil { try shorten(record.slot, context, &state) }
    }

    /// What was vouched for by something older has to show itself anew, within the grace that the rules give.
    private static func shorten(_ slot: String, _ context: MessageContext, _ state: inout ModuleState) throws {
        let end = context.block.time + (try AdmissionState.rules(context.genesis, &state)).renewalGrace
        try AdmissionState.update(&state) { enclave in
            guard enclave.endorsements.contains(slot), enclave.expires == 0 || enclave.expires > end else { return false }
            enclave.expires = end
            return true
        }
    }

    /// The newest endorsements of `slots`, as far as the chain has them.
    static func newest(_ slots: [String], _ state: inout ModuleState) throws -> Endorsements {
        var endorsements = Endorsements.none
        for slot in slots where slot.utf8.count <= 255 {
            guard let entry: WireEndorsementEntry = try state.message(StateKey.endorsement(slot)) else { continue }
            endorsements.slots[slot] = try WireEndorsement(serializedBytes: entry.endorsement)
        }
        return endorsements
    }
}
