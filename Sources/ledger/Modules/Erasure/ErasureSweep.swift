import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Lets go of the ciphertexts of erased datasets and subjects: so many records a block, in the order of the erasures.
package enum ErasureSweep {
    /// Records looked at in one block.
    package static let recordsPerBlock = 512

    /// Remembers an erasure whose records are to go, from this place in the subject's holdings on.
    static func schedule(_ erasure: Hash32, from position: Int, _ state: inout ModuleState) throws {
        let end = try Amounts.value(StateKey.sweepEnd, &state)
        var sweep = WireErasureSweep()
        (sweep.erasure, sweep.position) = (.init(erasure.bytes), UInt32(position))
        state.set(StateKey.sweep(end), sweep)
        Amounts.write(end + 1, StateKey.sweepEnd, &state)
    }

    /// Goes on where the last block stopped; before a block's transactions.
    package static func run(_ state: inout ModuleState) throws {
        let end = try Amounts.value(StateKey.sweepEnd, &state)
        guard end > 0 else { return }
        var budget = recordsPerBlock
        var next = try Amounts.value(StateKey.sweepStart, &state)
        while next < end, budget > 0 {
            guard try advance(StateKey.sweep(next), &budget, &state) else { break }
            state.remove(StateKey.sweep(next))
            next += 1
        }
        Amounts.write(next, StateKey.sweepStart, &state)
    }

    /// Continues one erasure; whether all of its records are gone.
    private static func advance(_ key: [UInt8], _ budget: inout Int, _ state: inout ModuleState) throws -> Bool {
        guard var sweep: WireErasureSweep = try state.message(key), let id = Hash32(sweep.erasure),
            var erasure: WireErasure = try state.message(StateKey.erasure(id)), let subject = Address(erasure.subject)
        else { return true }
        var holdings = try HoldingsState.of(subject, &state)
        while Int(sweep.position) < holdings.datasets.count {
            let position = Int(sweep.position)
            guard holdings.datasets[position].erasing,
                erasure.kind == .subject || holdings.datasets[position].dataset == erasure.dataset
            else {
                sweep.position += 1
                continue
            }
            guard try erase(&holdings.datasets[position], of: subject, &sweep, &erasure, &budget, &state) else {
                state.set(StateKey.holdings(subject), holdings)
                state.set(StateKey.erasure(id), erasure)
                state.set(key, sweep)
                return false
            }
            sweep.position += 1
        }
        erasure.sweeping = false
        state.set(StateKey.holdings(subject), holdings)
        state.set(StateKey.erasure(id), erasure)
        return true
    }

    /// Follows the records of one dataset back to the first; whether it got there.
    private static func erase(
        _ holding: inout WireHolding, of subject: Address, _ sweep: inout WireErasureSweep, _ erasure: inout WireErasure,
        _ budget: inout Int, _ state: inout ModuleState
    ) throws -> Bool {
        if sweep.record.isEmpty {
            try destroyKeys(holding, of: subject, &state)
            sweep.record = holding.lastRecord
        }
        while let id = Hash32(sweep.record) {
            guard budget > 0 else { return false }
            budget -= 1
            let key = StateKey.record(subject, dataset: holding.dataset, record: id)
            guard let record: WireRecord = try state.message(key) else { break }
            if record.status == .live {
                try RecordsModule.letGo(record, &state)
                holding.live -= min(1, holding.live)
                erasure.records += 1
            }
            sweep.record = record.previous
        }
        (sweep.record, holding.lastRecord, holding.erasing) = (.init(), .init(), false)
        return true
    }

    private static func destroyKeys(_ holding: WireHolding, of subject: Address, _ state: inout ModuleState) throws {
        for held in holding.keys {
            guard let vault = Hash32(held.vault) else { continue }
            let place = StateKey.subjectKey(subject, dataset: holding.dataset, enclave: vault, epoch: held.keyEpoch)
            guard var key: WireSubjectKey = try state.message(place), !key.destroyed else { continue }
            key.destroyed = true
            state.set(place, key)
        }
    }
}
