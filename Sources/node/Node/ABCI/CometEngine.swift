import ABCI
import ABCIServer
import ChainTypes
import Dispatch
import Engine
import Foundation
import Ledger
import Logging
import Primitives
import Synchronization

/// Another engine's seat: CometBFT decides the blocks and calls for them through ABCI 2.0 (docs/spec/abci.md).
///
/// Consensus calls run on one thread; everything else beside it. An engine that breaks the protocol loses its connection, and this node goes
/// on; what stops the application stops the node.
package final class CometEngine: ConsensusEngine {
    /// What the engine is made from.
    struct Parts: Sendable {
        let genesis: Genesis
        let ledger: LedgerApplication
        let mempool: Mempool
        let socket: ABCISocket
        let signatures: RecentSignatures
        /// `nil` without an RPC of the engine.
        let rebroadcast: Rebroadcast?
        let dataFolder: String
        let snapshotInterval: UInt64
        /// The newest blocks that are kept; 0 for all.
        let keptBlocks: UInt64
        let log: Logger
        let onCommit: @Sendable (CommittedBlock) -> Void
    }

    /// The chain is to begin with a snapshot that is all here: the node closes its store, lets it be put in place, and opens again.
    package struct StateReplaced: Error {
        package let snapshot: RestoredSnapshot
    }

    private let parts: Parts
    private let consensus: Mutex<ConsensusCalls>
    private let queries: QueryCalls
    private let checks: CheckCalls
    private let serving: SnapshotServing
    private let restoring: SnapshotRestoring
    /// As many wait as connections can ask for: a check must not fail because others are made.
    private let workers = WorkerPool(width: max(2, ProcessInfo.processInfo.activeProcessorCount), maximumWaiting: 32 * 512)
    private let queue = DispatchQueue(label: "jupiter.abci.consensus", qos: .userInitiated)
    private let snapshotQueue = DispatchQueue(label: "jupiter.abci.snapshots", qos: .utility)
    private let ending: AsyncStream<any Error>
    private let end: AsyncStream<any Error>.Continuation

    init(_ parts: Parts) {
        self.parts = parts
        let ledger = parts.ledger
        let serving = SnapshotServing(ledger, interval: parts.snapshotInterval)
        self.serving = serving
        let signatures = parts.signatures
        let onCommit = parts.onCommit
        consensus = Mutex(
            ConsensusCalls(
                ConsensusCalls.Parts(
                    genesis: parts.genesis, application: ledger, keptBlocks: parts.keptBlocks,
                    checkSignatures: { SignatureChecks.errors($0, signatures) },
                    onCommit: { committed in
                        onCommit(committed)
                        serving.committed(committed.block.header.height)
                    })))
        queries = QueryCalls(application: ledger, header: { try ledger.header($0) })
        checks = CheckCalls(mempool: parts.mempool, signatures: parts.signatures)
        restoring = SnapshotRestoring(genesis: parts.genesis, path: parts.dataFolder)
        (ending, end) = AsyncStream.makeStream()
    }

    package func run() async throws {
        parts.socket.install { [weak self] call in
            guard let self else { throw ABCIError.notReady }
            return try await self.answer(call)
        }
        defer {
            parts.socket.install(nil)
            // Whoever closes the store next must find nobody writing.
            queue.sync {}
            snapshotQueue.sync {}
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let rebroadcast = parts.rebroadcast { group.addTask { await rebroadcast.run() } }
            group.addTask { [ending] in for await error in ending { throw error } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func answer(_ call: ABCIRequest.OneOf_Kind) async throws -> ABCIResponse {
        switch call {
        case .info, .query, .checkTx: try await workers.run { [self] in Result { try light(call) } }.get()
        case .listSnapshots, .offerSnapshot, .loadSnapshotChunk, .applySnapshotChunk:
            try await perform(on: snapshotQueue) { [self] in try snapshots(call) }
        default: try await perform(on: queue) { [self] in try decide(call) }
        }
    }

    private func perform(
        on queue: DispatchQueue, _ work: @escaping @Sendable () throws -> ABCIResponse
    ) async throws -> ABCIResponse {
        let result: Result<ABCIResponse, any Error> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result { try work() }) }
        }
        do { return try result.get() } catch let error as ABCIError {
            parts.log.error("The engine broke the protocol.", metadata: ["error": "\(error.text)"])
            throw error
        } catch {
            end.yield(error)
            throw error
        }
    }

    private func decide(_ call: ABCIRequest.OneOf_Kind) throws -> ABCIResponse {
        guard let response = try consensus.withLock({ try $0.answer(call) }) else { throw ABCIError.unknownKind }
        return response
    }

    private func light(_ call: ABCIRequest.OneOf_Kind) throws -> ABCIResponse {
        switch call {
        case .info:
            parts.rebroadcast?.engineBegan()
            var info = queries.info()
            info.version = JupiterNode.version
            return ABCIResponse(.info(info))
        case .query(let request): return ABCIResponse(.query(queries.answer(request)))
        case .checkTx(let request): return ABCIResponse(.checkTx(checks.answer(request)))
        default: throw ABCIError.unknownKind
        }
    }

    private func snapshots(_ call: ABCIRequest.OneOf_Kind) throws -> ABCIResponse {
        switch call {
        case .listSnapshots:
            var response = ABCIListSnapshotsResponse()
            response.snapshots = try serving.list()
            return ABCIResponse(.listSnapshots(response))
        case .loadSnapshotChunk(let request):
            var response = ABCILoadSnapshotChunkResponse()
            response.chunk = Data(try serving.chunk(request))
            return ABCIResponse(.loadSnapshotChunk(response))
        case .offerSnapshot(let request):
            var response = ABCIOfferSnapshotResponse()
            response.result = try restoring.offer(request, height: parts.ledger.head.height)
            return ABCIResponse(.offerSnapshot(response))
        case .applySnapshotChunk(let request):
            let applied = try restoring.apply(request)
            if let snapshot = applied.restored {
                // The engine's next call is for the application that opens with this state.
                parts.socket.install(nil)
                end.yield(StateReplaced(snapshot: snapshot))
            }
            return ABCIResponse(.applySnapshotChunk(applied.response))
        default: throw ABCIError.unknownKind
        }
    }
}

/// Signatures of a block, on all cores.
enum SignatureChecks {
    /// One piece of work for a thread.
    private static let chunk = 64

    static func errors(_ transactions: [SubmittedTransaction], _ signatures: RecentSignatures) -> [TransactionError?] {
        guard transactions.count > chunk else { return transactions.map { error(of: $0, signatures) } }
        let pieces = (transactions.count + chunk - 1) / chunk
        let found = Mutex([Int: TransactionError]())
        DispatchQueue.concurrentPerform(iterations: pieces) { piece in
            for position in piece * chunk..<min((piece + 1) * chunk, transactions.count) {
                if let error = error(of: transactions[position], signatures) { found.withLock { $0[position] = error } }
            }
        }
        return found.withLock { found in transactions.indices.map { found[$0] } }
    }

    private static func error(of submitted: SubmittedTransaction, _ signatures: RecentSignatures) -> TransactionError? {
        do throws(TransactionError) { try signatures.check(submitted.transaction) } catch { return error }
        return nil
    }
}
