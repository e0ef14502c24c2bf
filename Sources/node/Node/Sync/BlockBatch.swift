import ChainTypes
import Engine
import FoundationEssentials
import LightClient
import Networking
import Primitives
import WireTypes

/// Blocks that a peer sent, checked: each follows the one before, and each is final by its own certificate or by a later one's.
package struct BlockBatch: Sendable {
    package var blocks: [Engine.SyncedBlock] = []
    /// What follows the last block.
    package var trusted: TrustedState
    /// Whether some of the sidecars that the blocks commit to did not come with them.
    package var lacksSidecars = false

    /// Judges `entries`, which the peer says follow `trusted`. Blocks after the last certificate are dropped. Pure.
    package init(_ entries: [Networking.SyncedBlock], after trusted: TrustedState) throws(SyncError) {
        self.trusted = trusted
        var verifier = LightVerifier(trusted: trusted)
        var waiting: [(payload: BlockPayload, isComplete: Bool)] = []
        var parent = (hash: trusted.headerHash, height: trusted.height, time: trusted.time)
        var hasEnded = false
        for entry in try Self.joined(entries) {
            guard !hasEnded, let block = try? Block(decoding: entry.block) else { throw .wrongAnswer }
            let header = block.header
            guard header.chainID == trusted.chainID, header.height == parent.height + 1, header.parent == parent.hash,
                header.time > parent.time, header.epoch == trusted.epoch
            else { throw .wrongBlock }
            parent = (header.hash, header.height, header.time)
            let payload = try Self.payload(block, entry.sidecars)
            waiting.append((payload, payload.content.transactions.allSatisfy(\.isComplete)))
            guard !entry.certificate.isEmpty else {
                // Nothing in the epoch comes after its last block that could prove it.
                guard !header.lastOfEpoch, entry.nextValidators.isEmpty else { throw .badCertificate }
                continue
            }
            let certificate = try Self.accept(entry, header, &verifier)
            let count = waiting.count
            for (position, (payload, isComplete)) in waiting.enumerated() {
                blocks.append(Engine.SyncedBlock(payload: payload, certificate: position + 1 == count ? certificate : nil))
                if !isComplete { lacksSidecars = true }
            }
            waiting = []
            hasEnded = header.lastOfEpoch
            self.trusted = verifier.trusted
        }
    }

    private static func accept(
        _ entry: Networking.SyncedBlock, _ header: BlockHeader, _ verifier: inout LightVerifier
    ) throws(SyncError) -> WireCertificate {
        var wire = WireCertifiedHeader()
        wire.header = .init(header.bytes)
        wire.certificate = .init(entry.certificate)
        wire.nextValidators = .init(entry.nextValidators)
        guard (try? verifier.accept(wire)) != nil, let certificate = try? QuorumCertificate(decoding: entry.certificate) else {
            throw .badCertificate
        }
        return certificate.wire
    }

    /// The entries with all sidecars of a block in one.
    private static func joined(_ entries: [Networking.SyncedBlock]) throws(SyncError) -> [Networking.SyncedBlock] {
        var joined: [Networking.SyncedBlock] = []
        for entry in entries {
            if joined.last?.continued == true {
                guard entry.block.isEmpty else { throw .wrongAnswer }
                joined[joined.count - 1].sidecars += entry.sidecars
                joined[joined.count - 1].continued = entry.continued
            } else {
                guard !entry.block.isEmpty else { throw .wrongAnswer }
                joined.append(entry)
            }
        }
        guard joined.last?.continued != true else { throw .wrongAnswer }
        return joined
    }

    /// The block with the sidecars that came with it: in the order of the messages, some missing.
    private static func payload(_ block: Block, _ sidecars: [[UInt8]]) throws(SyncError) -> BlockPayload {
        guard sidecars.allSatisfy({ $0.count <= Limits.sidecar }) else { throw .wrongSidecar }
        let hashes = sidecars.map(Sidecar.commitment)
        var next = 0
        var transactions: [SubmittedTransaction] = []
        transactions.reserveCapacity(block.transactions.count)
        for transaction in block.transactions {
            let first = next
            for message in transaction.body.messages where next < sidecars.count {
                if message.sidecarCommitment?.hash == hashes[next] { next += 1 }
            }
            guard let submitted = try? SubmittedTransaction(final: transaction, available: Array(sidecars[first..<next])) else {
                throw .wrongSidecar
            }
            transactions.append(submitted)
        }
        guard next == sidecars.count else { throw .wrongSidecar }
        guard let payload = try? BlockPayload(header: block.header, content: BlockContent(transactions, evidence: block.evidence)) else {
            throw .wrongBlock
        }
        return payload
    }
}
