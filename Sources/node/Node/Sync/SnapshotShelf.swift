import AuthenticatedState
import ChainTypes
import FoundationEssentials
import Ledger
import Networking
import Primitives
import Storage
import Synchronization
import WireTypes

/// The few states that are being served. While one is here its version is not pruned, so that none stays for long.
package final class SnapshotShelf: Sendable {
    private struct Place {
        let reader: SnapshotReader
        let made: ContinuousClock.Instant
        var used: ContinuousClock.Instant
    }

    /// However often it is asked for, a state goes after so many times the time that an unused one stays.
    private static let longest = 30
    /// A state is offered again while the head is at most so far ahead.
    private static let offered: UInt64 = 1_000
    /// What a block with its receipts may take in an offer, if there is a choice.
    private static let preferredBlock = 4 << 20

    private let ledger: LedgerApplication
    private let settings: SyncSettings
    private let places = Mutex<[UInt64: Place]>([:])

    package init(_ ledger: LedgerApplication, settings: SyncSettings) {
        (self.ledger, self.settings) = (ledger, settings)
    }

    /// Lets go of states that nobody asks for any more.
    package func expire() {
        let now = ContinuousClock.now
        let kept = places.withLock { places in
            let old = places
            places = places.filter { $0.value.used + settings.shelfTime > now && $0.value.made + settings.shelfTime * Self.longest > now }
            return old
        }
        // The last reference goes outside the lock.
        withExtendedLifetime(kept) {}
    }

    /// What serves the state after block `height`; `nil` when it is not kept, or too many others are being served.
    private func reader(_ height: UInt64) -> SnapshotReader? {
        let now = ContinuousClock.now
        let known: SnapshotReader? = places.withLock { places in
            places[height]?.used = now
            return places[height]?.reader
        }
        if let known { return known }
        guard places.withLock({ $0.count < SyncLimits.shelf }), let reader = try? ledger.makeSnapshotReader(height) else { return nil }
        return places.withLock { places in
            if let other = places[height] { return other.reader }
            guard places.count < SyncLimits.shelf else { return nil }
            places[height] = Place(reader: reader, made: now, used: now)
            return reader
        }
    }

    /// The encoded chunk that was asked for; empty when it cannot be served.
    package func chunk(_ request: SnapshotChunkRequest) -> [UInt8] {
        guard let range = PathRange(first: request.first, last: request.last), let reader = reader(request.height),
            reader.manifest.blockHash == request.block
        else { return [] }
        return (try? reader.chunk(range, targetBytes: settings.chunkBytes).encode()) ?? []
    }

    /// The encoded offer for the question; one without a snapshot when there is none, or when more epochs than fit lie before it.
    package func offer(_ request: SnapshotRequest) throws -> [UInt8] {
        var offer = WireSnapshotOffer()
        guard let (reader, next, block) = try choice(request.height), let nextHeader = try? BlockHeader(decoding: [UInt8](next.header))
        else { return offer.encoded() }
        var bytes = 0
        var epoch = request.epoch
        while epoch < nextHeader.epoch, bytes < settings.offerBytes {
            // Without one the way is broken, and the offer worth nothing.
            guard let end = try ledger.epochEnd(epoch) else { return WireSnapshotOffer().encoded() }
            bytes += end.header.count + end.certificate.count + end.nextValidators.count
            offer.epochs.append(end)
            epoch += 1
        }
        guard epoch >= nextHeader.epoch else { return offer.encoded() }
        offer.manifest = .init(reader.manifest.encode())
        offer.next = next
        offer.block = .init(block)
        if let certificate = try ledger.store.certificate(reader.manifest.height) { offer.certificate = .init(certificate) }
        offer.oldest = try ledger.oldest().block
        return offer.encoded()
    }

    /// A state to offer, the certified header after it, and its block with receipts.
    private func choice(_ wanted: UInt64) throws -> (SnapshotReader, WireCertifiedHeader, block: [UInt8])? {
        let head = ledger.head.height
        if wanted > 0, let chosen = try snapshot(wanted) { return chosen }
        // One that others are getting already, so that they can all be asked.
        let shelved = places.withLock { $0.keys.filter { $0 + Self.offered >= head }.max() }
        if let shelved, let chosen = try snapshot(shelved) { return chosen }
        guard head >= 2 else { return nil }
        // A few heights behind the head, where others are too.
        let newest = head > 8 ? head - 4 : head - 1
        let oldest = max(1, try ledger.oldest().state, newest > 64 ? newest - 64 : 1)
        guard oldest <= newest else { return nil }
        for limit in [Self.preferredBlock, SnapshotBlock.maximumBytes] {
            for height in (oldest...newest).reversed() {
                if let chosen = try snapshot(height, blockLimit: limit) { return chosen }
            }
        }
        return nil
    }

    private func snapshot(
        _ height: UInt64, blockLimit: Int = SnapshotBlock.maximumBytes
    ) throws -> (SnapshotReader, WireCertifiedHeader, block: [UInt8])? {
        guard let next = try ledger.certifiedHeader(height + 1), let block = try? ledger.snapshotBlock(height).encode(),
            block.count <= blockLimit, let reader = reader(height)
        else { return nil }
        return (reader, next, block)
    }
}
