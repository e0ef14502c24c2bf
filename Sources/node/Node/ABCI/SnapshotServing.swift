import ABCI
import AuthenticatedState
import ChainTypes
import FoundationEssentials
import Ledger
import Primitives
import Storage
import Synchronization

/// The snapshots that this node has for others: of every so many heights, as long as their states are kept.
final class SnapshotServing: Sendable {
    private struct State {
        var known: [UInt64: CometSnapshot] = [:]
        /// The one that is being read; its state is not pruned meanwhile.
        var reader: SnapshotReader?
        var lastRead: UInt64 = 0
    }

    /// CometBFT passes on ten; fewer are enough.
    private static let offered = 4
    /// A state that was not asked for during so many blocks is let go of.
    private static let patience: UInt64 = 1_000

    private let ledger: LedgerApplication
    private let interval: UInt64
    private let state = Mutex(State())

    /// - Parameter interval: a snapshot every so many heights.
    init(_ ledger: LedgerApplication, interval: UInt64) {
        precondition(interval >= 1, "heights are counted")
        (self.ledger, self.interval) = (ledger, interval)
    }

    /// The newest first. The block after each is here, so that its state is proven.
    func list() throws -> [ABCISnapshot] {
        let head = ledger.head.height
        guard head > interval else { return [] }
        var found: [CometSnapshot] = []
        var height = (head - 1) / interval * interval
        let oldest = max(1, try ledger.oldest().state, try ledger.oldest().block)
        while height >= oldest, height > 0, found.count < Self.offered {
            if let snapshot = try snapshot(height) { found.append(snapshot) }
            height -= interval
        }
        let kept = Set(found.map(\.manifest.height))
        state.withLock { state in state.known = state.known.filter { kept.contains($0.key) } }
        return found.map(\.wire)
    }

    /// `nil` when the state or the block is not here, or the block is too large for a chunk.
    private func snapshot(_ height: UInt64) throws -> CometSnapshot? {
        if let known = state.withLock({ $0.known[height] }) { return known }
        guard let next = try ledger.header(height + 1), let base = try? ledger.snapshotBlock(height),
            base.encode().count + 4 <= CometSnapshot.chunkBytes, let reader = try? ledger.makeSnapshotReader(height)
        else { return nil }
        let snapshot = CometSnapshot(manifest: reader.manifest, receiptsRoot: next.receiptsRoot)
        state.withLock { $0.known[height] = snapshot }
        return snapshot
    }

    /// The chunk; empty when it is not here, or larger than ABCI can carry.
    func chunk(_ request: ABCILoadSnapshotChunkRequest) throws -> [UInt8] {
        guard request.format == CometSnapshot.format, request.height >= 1, request.height < ledger.head.height else { return [] }
        guard request.chunk > 0 else { return (try? SnapshotStart(ledger, height: request.height).encode()) ?? [] }
        guard let reader = reader(request.height), request.chunk <= reader.manifest.parts.count else { return [] }
        var rest: PathRange? = reader.manifest.parts[Int(request.chunk) - 1]
        var pieces: [[UInt8]] = []
        var bytes = 0
        while let range = rest {
            let chunk = try reader.chunk(range)
            let piece = chunk.encode()
            bytes += piece.count + 4
            guard bytes <= CometSnapshot.chunkBytes else { return [] }
            pieces.append(piece)
            rest = chunk.range.last == range.last ? nil : range.after(chunk.range.last)
        }
        return ChunkPieces.join(pieces)
    }

    private func reader(_ height: UInt64) -> SnapshotReader? {
        let head = ledger.head.height
        let known: SnapshotReader? = state.withLock { state in
            state.lastRead = head
            return state.reader?.manifest.height == height ? state.reader : nil
        }
        if let known { return known }
        guard let reader = try? ledger.makeSnapshotReader(height) else { return nil }
        let old = state.withLock { state in
            defer { state.reader = reader }
            return state.reader
        }
        // The last reference goes outside the lock.
        withExtendedLifetime(old) {}
        return reader
    }

    /// Lets go of a state that nobody reads any more.
    func committed(_ height: UInt64) {
        let old: SnapshotReader? = state.withLock { state in
            guard state.reader != nil, state.lastRead + Self.patience < height else { return nil }
            return state.reader.take()
        }
        withExtendedLifetime(old) {}
    }
}
