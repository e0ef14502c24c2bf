import AuthenticatedState
import ChainTypes
import FoundationEssentials
import Ledger
import LightClient
import Networking
import Primitives
import SwiftProtobuf
import WireTypes

/// A snapshot that a certified header proves, reached from the genesis.
package struct SnapshotOffer: Sendable {
    package let manifest: SnapshotManifest
    /// The header after the snapshot's block.
    package let next: BlockHeader
    package let base: SnapshotBlock
    /// What makes the snapshot's block final, when it has proof of its own.
    package let certificate: [UInt8]?
    /// The first block that the peer has; only its word.
    package let oldest: UInt64

    /// The most bytes of an encoded offer that are looked at.
    static let maximumBytes = SnapshotBlock.maximumBytes + SyncLimits.offerEpochs + 4 * (Limits.finality + Limits.validatorSet)
}

/// The way from the genesis to now, over the last header of every epoch: what one peer proves holds for all that are asked later.
///
/// Without it, each offer would have to begin at the genesis. Whoever once had the keys of more than two thirds of an old set could lead another
/// way; a node that knows a newer header by other means should be given it with its genesis.
package struct EpochWay: Sendable {
    private(set) var verifier: LightVerifier
    /// The certified headers, from epoch 0 on.
    private(set) var ends: [[UInt8]] = []
    private var bytes = 0

    /// So many bytes of headers are kept in memory while a snapshot is imported.
    static let maximumBytes = 512 << 20

    private let beginning: TrustedState

    package init(genesis: Genesis) {
        beginning = TrustedState(genesis: genesis)
        verifier = LightVerifier(trusted: beginning)
    }

    /// The first epoch whose end is not known.
    package var epoch: UInt64 { verifier.trusted.epoch }

    package enum Step: Sendable {
        case offer(SnapshotOffer)
        /// The way has become longer, and goes on.
        case further
        /// The peer has nothing to offer.
        case nothing
    }

    /// Judges an encoded offer and goes along with what it proves, or throws and stays. Pure.
    package mutating func take(_ encoded: [UInt8]) throws(SyncError) -> Step {
        guard let wire = try? WireSnapshotOffer(strictly: encoded, limit: SnapshotOffer.maximumBytes) else { throw .wrongAnswer }
        var way = self
        for end in wire.epochs {
            // Another peer may have led here meanwhile.
            guard let header = try? LightVerifier.header(end) else { throw .wrongAnswer }
            if header.epoch < epoch { continue }
            guard header.lastOfEpoch, (try? way.verifier.accept(end)) != nil else { throw .wrongSnapshot }
            let bytes = end.encoded()
            way.bytes += bytes.count
            guard way.bytes <= Self.maximumBytes else { throw .tooMuch }
            way.ends.append(bytes)
        }
        guard !wire.manifest.isEmpty else {
            let isLonger = way.epoch > epoch
            self = way
            return isLonger ? .further : .nothing
        }
        let offer = try way.offer(wire)
        self = way
        return .offer(offer)
    }

    private func offer(_ wire: WireSnapshotOffer) throws(SyncError) -> SnapshotOffer {
        guard let manifest = try? SnapshotManifest.decode([UInt8](wire.manifest)), let next = try? LightVerifier.header(wire.next),
            let trusted = start(of: next.epoch)
        else { throw .wrongSnapshot }
        var ahead = LightVerifier(trusted: trusted)
        guard (try? ahead.accept(wire.next)) != nil, next.height == manifest.height + 1, next.parent == manifest.blockHash,
            next.stateRoot == manifest.stateRoot, let base = try? SnapshotBlock.decode([UInt8](wire.block)),
            let block = try? Block(decoding: base.block), block.header.hash == next.parent, block.header.height == manifest.height,
            base.receipts.count == block.transactions.count, MerkleList.root(base.receipts.map(MerkleList.leaf)) == next.receiptsRoot
        else { throw .wrongSnapshot }
        return SnapshotOffer(
            manifest: manifest, next: next, base: base, certificate: try certificate(wire, of: block.header, trusted), oldest: wire.oldest)
    }

    /// What is trusted when `epoch` begins; `nil` when the way does not lead there. Others may have led further than one peer's snapshot.
    private func start(of epoch: UInt64) -> TrustedState? {
        if epoch == self.epoch { return verifier.trusted }
        guard epoch < ends.count else { return nil }
        if epoch == 0 { return beginning }
        guard let end = try? WireCertifiedHeader(serializedBytes: ends[Int(epoch) - 1]), let header = try? LightVerifier.header(end),
            let validators = try? ValidatorSet(decoding: [UInt8](end.nextValidators))
        else { return nil }
        return try? TrustedState(after: header, validators: validators, rules: verifier.trusted.rules)
    }

    /// The certificate of the snapshot's block, proven like any other.
    private func certificate(
        _ wire: WireSnapshotOffer, of header: BlockHeader, _ trusted: TrustedState
    ) throws(SyncError) -> [UInt8]? {
        guard !wire.certificate.isEmpty else { return nil }
        if header.height == trusted.height {
            // The last of the epoch before: the way holds votes of that epoch's set.
            guard header.epoch < ends.count, let end = try? WireCertifiedHeader(serializedBytes: ends[Int(header.epoch)]) else {
                return nil
            }
            return [UInt8](end.certificate)
        }
        var certified = WireCertifiedHeader()
        certified.header = .init(header.bytes)
        certified.certificate = wire.certificate
        guard (try? LightVerifier.verify(certified, header: header, under: trusted)) != nil else { throw .wrongSnapshot }
        return [UInt8](wire.certificate)
    }
}
