import ChainTypes
import Engine
import FoundationEssentials
import Ledger
import LightClient
import Primitives
import Simplex
import Storage
import SwiftProtobuf
import Synchronization
import WireTypes

/// The certified last header of every epoch, with the set that follows: the way for others from the genesis to now.
///
/// The store keeps each under the name `epoch/<number>` for good: blocks and states may be pruned, and a node that began with a snapshot never
/// had the old ones.
package final class EpochRecords: Sendable {
    private let ledger: LedgerApplication
    /// How many epochs are known to be recorded, from the first.
    private let recorded = Mutex<UInt64>(0)

    package init(_ ledger: LedgerApplication) { self.ledger = ledger }

    package static func name(_ epoch: UInt64) -> String { "epoch/\(epoch)" }

    /// The last header of `epoch`, when that is over.
    package func certified(_ epoch: UInt64) throws -> WireCertifiedHeader? {
        guard let bytes = try ledger.store.getMeta(Self.name(epoch)) else { return nil }
        guard let wire = try? WireCertifiedHeader(serializedBytes: bytes) else { throw NodeError.damagedChain("the end of epoch \(epoch)") }
        return wire
    }

    /// Records the end of the epoch before the present one, unless that is done. To be called before the engine runs, and while no other
    /// block is committed after each that is.
    package func record() throws {
        let head = ledger.head
        guard head.plan.epoch > recorded.withLock({ $0 }) else { return }
        let ended = head.plan.epoch - 1
        if try ledger.store.getMeta(Self.name(ended)) == nil {
            try ledger.store.putMeta(Self.name(ended), try last(of: ended, before: head).encoded())
        }
        recorded.withLock { $0 = head.plan.epoch }
    }

    private func last(of epoch: UInt64, before head: ApplicationHead) throws -> WireCertifiedHeader {
        let state = try ledger.query(StateKey.epoch, height: head.height, prove: false).value
        guard let state, let present = try? WireEpochRecord(serializedBytes: state), present.firstHeight > 1,
            let header = try ledger.header(present.firstHeight - 1), header.epoch == epoch, header.lastOfEpoch,
            header.nextValidatorsHash == head.plan.validators.hash,
            let certificate = try ledger.store.certificate(header.height)
        else { throw NodeError.damagedChain("the end of epoch \(epoch)") }
        var wire = WireCertifiedHeader()
        wire.header = .init(header.bytes)
        wire.certificate = .init(certificate)
        wire.nextValidators = .init(head.plan.validators.bytes)
        return wire
    }

    /// The header at `height` as a light client takes it; `nil` when it has no certificate of its own, or is not here.
    package func certifiedHeader(_ height: UInt64) throws -> WireCertifiedHeader? {
        guard let certificate = try ledger.store.certificate(height), let header = try ledger.header(height) else { return nil }
        if header.lastOfEpoch { return try certified(header.epoch) }
        var wire = WireCertifiedHeader()
        wire.header = .init(header.bytes)
        wire.certificate = .init(certificate)
        return wire
    }

    /// What an engine needs to know to go on from the head, also on a chain that began with a snapshot.
    package func history() throws -> SimplexEngine.History {
        try record()
        let head = ledger.head
        var base = BlockReference(hash: ledger.genesis.hash, height: 0)
        if head.plan.epoch > 0 {
            guard let last = try certified(head.plan.epoch - 1), let header = try? LightVerifier.header(last) else {
                throw NodeError.damagedChain("the end of epoch \(head.plan.epoch - 1)")
            }
            base = BlockReference(hash: header.hash, height: header.height)
        }
        let bytes = head.height > base.height ? try ledger.store.certificate(head.height) : nil
        return SimplexEngine.History(base: base, certificate: try bytes.map { try QuorumCertificate(decoding: $0).wire })
    }
}
