import ABCI
import AuthenticatedState
import ChainTypes
import FoundationEssentials
import Ledger
import Primitives
import Storage
import Synchronization

/// A snapshot that is all here: what the node begins its chain with, once its store is closed.
package struct RestoredSnapshot: Sendable {
    private let target: LedgerImport
    private let start: SnapshotStart

    init(_ target: LedgerImport, _ start: SnapshotStart) { (self.target, self.start) = (target, start) }

    package var height: UInt64 { target.manifest.height }

    /// Puts the chain in the place of the empty one. Nobody may have the store open.
    package func finish() throws {
        let names = { (put: (String, [UInt8]) throws -> Void) in for entry in self.start.names { try put(entry.name, entry.value) } }
        try target.finish(start.block, certificate: nil, names: names, replacing: true)
    }
}

/// The snapshot that the engine gives to a node without a chain, chunk by chunk in their order.
///
/// The application hash is verified by the engine's light client; everything else proves itself under it, so that a false chunk is asked for
/// again from somebody else.
final class SnapshotRestoring: Sendable {
    private struct Import: Sendable {
        let snapshot: CometSnapshot
        let target: LedgerImport
        var start: SnapshotStart?
        var next: UInt32 = 0

        /// - Throws: `SnapshotError` for what the sender got wrong, `StorageError` for what the disk did.
        mutating func take(_ request: ABCIApplySnapshotChunkRequest, _ genesis: Genesis) throws {
            let bytes = [UInt8](request.chunk)
            guard request.index > 0 else {
                let start = try SnapshotStart.decode(bytes)
                try target.check(start.block)
                try start.verify(genesis)
                self.start = start
                return
            }
            let part = snapshot.manifest.parts[Int(request.index) - 1]
            // What came before an error stays: its rest is what is asked for.
            for piece in try ChunkPieces.split(bytes) {
                let chunk = try StateChunk.decode(piece)
                guard part.contains(chunk.range) else { throw SnapshotError.notCanonical }
                if target.missing.contains(where: { $0.first == chunk.range.first }) { try target.add(piece) }
            }
            guard !target.missing.contains(where: { part.contains($0) }) else { throw SnapshotError.incomplete }
        }
    }

    private let genesis: Genesis
    private let path: String
    private let state = Mutex<Import?>(nil)

    /// - Parameter path: of the chain's store.
    init(genesis: Genesis, path: String) { (self.genesis, self.path) = (genesis, path) }

    /// - Parameter height: of the application: only an empty chain is replaced.
    func offer(_ request: ABCIOfferSnapshotRequest, height: UInt64) throws -> ABCIOfferSnapshotResponse.Result {
        guard height == 0 else { return .abort }
        guard request.snapshot.format == CometSnapshot.format else { return .rejectFormat }
        guard let snapshot = CometSnapshot(request.snapshot), snapshot.isProven(by: request.appHash) else { return .reject }
        return try state.withLock { state in
            // The engine always begins anew.
            state?.target.close()
            state = nil
            try SnapshotImporter.abandon(path)
            let target = try LedgerImport(path: path, genesis: genesis, manifest: snapshot.manifest, target: snapshot.target)
            state = Import(snapshot: snapshot, target: target)
            return .accept
        }
    }

    struct Applied {
        var response = ABCIApplySnapshotChunkResponse()
        /// When that was the last chunk.
        var restored: RestoredSnapshot?
    }

    /// - Throws: only what makes the disk useless: a false chunk is an answer.
    func apply(_ request: ABCIApplySnapshotChunkRequest) throws -> Applied {
        try state.withLock { state in
            var applied = Applied()
            guard var current = state else {
                applied.response.result = .abort
                return applied
            }
            guard request.index == current.next, request.index < current.snapshot.chunks else {
                // Chunks come in order; which one is due is the engine's to know.
                (applied.response.result, applied.response.refetchChunks) = (.retry, [current.next])
                return applied
            }
            do { try current.take(request, genesis) } catch is SnapshotError {
                applied.response.result = .retry
                applied.response.refetchChunks = [request.index]
                applied.response.rejectSenders = request.sender.isEmpty ? [] : [request.sender]
                return applied
            }
            current.next += 1
            state = current
            applied.response.result = .accept
            if current.next == current.snapshot.chunks, current.target.missing.isEmpty, let start = current.start {
                applied.restored = RestoredSnapshot(current.target, start)
                state = nil
            }
            return applied
        }
    }
}
