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
/// The newest ends are in memory, for offers of snapshots that lie a little back; all of them leave through `drain`, to be kept elsewhere.
///
/// Without it, each offer would have to begin at the genesis. Whoever once had the keys of more than two thirds of an old set could lead another
/// way; a node that knows a newer header by other means should be given it with its genesis.
package struct EpochWay: Sendable {
    private(set) var verifier: LightVerifier
    /// The newest certified headers, the last of them that of the epoch before `epoch`.
    private var recent: [[UInt8]] = []
    private var recentBytes = 0
    private var undrained: [[UInt8]] = []

    private let recentLimit: Int
    private let beginning: TrustedState

    /// - Parameter recentLimit: after so many bytes of headers the oldest are forgotten.
    package init(genesis: Genesis, recentLimit: Int = 16 << 20) {
        self.recentLimit = recentLimit
        beginning = TrustedState(genesis: genesis)
        verifier = LightVerifier(trusted: beginning)
    }

    /// The first epoch whose end is not known.
    package var epoch: UInt64 { verifier.trusted.epoch }

    package enum Step: Sendable {
        case offer(SnapshotOffer)
        /// The peer's snapshot lies so far back that it cannot be judged any more.
        case stale
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
            way.add(end.encoded())
        }
        guard !wire.manifest.isEmpty else {
            let isLonger = way.epoch > epoch
            self = way
            return isLonger ? .further : .nothing
        }
        let step = try way.judge(wire)
        self = way
        return step
    }

    /// The certified headers that came since the last call, from epoch 0 on.
    package mutating func drain() -> [[UInt8]] {
        defer { undrained = [] }
        return undrained
    }

    private mutating func add(_ end: [UInt8]) {
        recent.append(end)
        undrained.append(end)
        recentBytes += end.count
        let count = recent.count
        var forgotten = 0
        // The newest one stays: a snapshot may begin after it.
        while recentBytes > recentLimit, forgotten + 1 < count {
            recentBytes -= recent[forgotten].count
            forgotten += 1
        }
        recent.removeFirst(forgotten)
    }

    /// The end of an epoch, while it is remembered.
    private func end(of epoch: UInt64) -> WireCertifiedHeader? {
        let first = self.epoch - UInt64(recent.count)
        guard (first..<self.epoch).contains(epoch) else { return nil }
        return try? WireCertifiedHeader(serializedBytes: recent[Int(epoch - first)])
    }

    private func judge(_ wire: WireSnapshotOffer) throws(SyncError) -> Step {
        guard let manifest = try? SnapshotManifest.decode([UInt8](wire.manifest)), let next = try? LightVerifier.header(wire.next),
            next.epoch <= epoch
        else { throw .wrongSnapshot }
        guard let trusted = start(of: next.epoch) else { return .stale }
        var ahead = LightVerifier(trusted: trusted)
        guard (try? ahead.accept(wire.next)) != nil, next.height == manifest.height + 1, next.parent == manifest.blockHash,
            next.stateRoot == manifest.stateRoot, let base = try? SnapshotBlock.decode([UInt8](wire.block)),
            let block = try? Block(decoding: base.block), block.header.hash == next.parent, block.header.height == manifest.height,
            base.receipts.count == block.transactions.count, MerkleList.root(base.receipts.map(MerkleList.leaf)) == next.receiptsRoot
        else { throw .wrongSnapshot }
        return .offer(
            SnapshotOffer(
                manifest: manifest, next: next, base: base, certificate: try certificate(wire, of: block.header, trusted),
                oldest: wire.oldest))
    }

    /// What is trusted when `epoch` begins; `nil` when that is forgotten. Others may have led further than one peer's snapshot.
    private func start(of epoch: UInt64) -> TrustedState? {
        if epoch == self.epoch { return verifier.trusted }
        if epoch == 0 { return beginning }
        guard let end = self.end(of: epoch - 1), let header = try? LightVerifier.header(end),
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
            return self.end(of: header.epoch).map { [UInt8]($0.certificate) }
        }
        var certified = WireCertifiedHeader()
        certified.header = .init(header.bytes)
        certified.certificate = wire.certificate
        guard (try? LightVerifier.verify(certified, header: header, under: trusted)) != nil else { throw .wrongSnapshot }
        return [UInt8](wire.certificate)
    }
}
