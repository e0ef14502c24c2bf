import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Proven equivocation: no voting weight from the next epoch on, until governance decides otherwise (docs/spec/trust.md §5).
package enum TrustEvidence {
    /// For how many epochs an offence can be proven; the sets of so many are kept.
    package static let window = EquivocationRules.window

    /// How a chain knows an offence from its evidence: `punish` by contradicting votes, `convict` by its engine's judgement.
    package typealias Rule = (
        _ evidence: [UInt8], _ block: BlockContext, _ genesis: Genesis, _ state: inout ModuleState
    ) throws -> Bool

    /// Those of `candidates` that a block in this context may hold, in their order: valid on this state, and no offender twice.
    /// - Throws: only when the state cannot be read.
    package static func admissible(
        _ candidates: [[UInt8]], by rule: Rule, in block: BlockContext, _ genesis: Genesis, on committed: any CommittedState
    ) throws -> [[UInt8]] {
        var state = ModuleState(committed)
        var chosen: [[UInt8]] = []
        for bytes in candidates where chosen.count < Limits.evidencePerBlock {
            if try rule(bytes, block, genesis, &state) { chosen.append(bytes) }
        }
        return chosen
    }

    /// Jails whom the evidence convicts; answers whether it was valid, and changes nothing when it is not.
    ///
    /// One punishment covers whatever the validator did until its weight is gone, so the same offence counts once, and so does a
    /// second one of that time.
    @discardableResult
    package static func punish(_ bytes: [UInt8], in block: BlockContext, _ genesis: Genesis, _ state: inout ModuleState) throws -> Bool {
        guard case .due(let evidence) = try judge(bytes, in: block.epoch, genesis, &state),
            var record = try TrustState.record(evidence.offender, &state)
        else { return false }
        try jail(evidence.offender, &record, offence: evidence.epoch, &state)
        return true
    }

    /// What the state makes of `bytes` in a block of `epoch`.
    static func judge(
        _ bytes: [UInt8], in epoch: UInt64, _ genesis: Genesis, _ state: inout ModuleState
    ) throws -> EvidenceJudgement {
        let evidence: WireEquivocation
        do throws(LightClientError) { evidence = try EquivocationRules.decode(bytes) } catch { return .forged(error) }
        let offence = evidence.first.epoch
        guard offence <= epoch, epoch - offence < window, let set = try TrustState.set(offence, &state) else { return .unknownEpoch }
        let position = Int(evidence.first.signer)
        guard set.members.indices.contains(position) else { return .forged(.unknownValidator) }
        // Who had no weight could harm nobody, and must not end epochs by accusing itself.
        guard set.members[position].votingWeight > 0, let record = try TrustState.record(set.members[position].key, &state),
            record.accountableFrom <= offence
        else { return .settled }
        do throws(LightClientError) {
            return .due(
                try ProvenEquivocation(evidence, validators: set, profile: genesis.wire.profile, chainID: genesis.chainID))
        } catch {
            return .forged(error)
        }
    }

    /// Jails whom the engine of the chain has judged, where its genesis names an engine that does; answers whether that is still due.
    ///
    /// Who decided the block decided the judgement, so nothing is proven again. One punishment covers everything up to its block.
    @discardableResult
    package static func convict(_ bytes: [UInt8], in block: BlockContext, _ genesis: Genesis, _ state: inout ModuleState) throws -> Bool {
        guard let conviction = try? WireConviction(strictly: bytes, limit: Limits.evidence), let key = Hash32(conviction.validator),
            conviction.kind == .duplicateVote || conviction.kind == .lightClientAttack,
            conviction.height >= 1, conviction.height < block.height, var record = try TrustState.record(key, &state),
            record.accountableFromHeight <= conviction.height, record.status != .left
        else { return false }
        record.accountableFromHeight = block.height
        try jail(key, &record, offence: block.epoch, &state)
        return true
    }

    private static func jail(
        _ key: Hash32, _ record: inout WireValidatorRecord, offence epoch: UInt64, _ state: inout ModuleState
    ) throws {
        let present = try TrustState.epoch(&state).epoch
        record.accountableFrom = present + 1
        if record.status != .left, record.status != .jailed {
            (record.status, record.statusEpoch) = (.jailed, present)
            try TrustState.noteChange(&state)
        }
        TrustState.store(record, of: key, &state)
        state.emit("trust.jailed", id: key.bytes, account: Address(record.node.account), amount: epoch)
    }
}
