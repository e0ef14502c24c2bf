import ChainTypes
import Cryptography
import Primitives
import WireTypes

/// The engine of a chain with one validator, on the same seam and with the same certificates as the many-validator engine.
///
/// A block's certificate is shown to nobody before the block is durable, so a process that is killed at any moment never has
/// two visible blocks of one height.
package final class SoloEngine: ConsensusEngine {
    /// Sidecars that travel beside one block, in bytes.
    package static let sidecarBytesPerBlock = 64 << 20

    private let maker: BlockMaker
    private let application: any Application
    private let source: any ProposalSource
    private let clock: any EngineClock
    private let bounds: ProposalBounds
    private let idleInterval: UInt64
    private let blockInterval: UInt64
    private let onCommit: @Sendable (CommittedBlock) -> Void

    /// - Parameters:
    ///   - key: the validator's; it must be the genesis's only one.
    ///   - blockInterval: the least time from one block's start to the next's, in milliseconds, so that transactions gather
    ///     instead of paying one disk synchronisation each; a backlog of a full block does not wait for it.
    ///   - onCommit: called after each durable commit, in order of height.
    package init(
        genesis: Genesis, key: SigningKey, application: any Application, source: any ProposalSource,
        clock: any EngineClock = SystemClock(), blockInterval: UInt64 = 50,
        onCommit: @escaping @Sendable (CommittedBlock) -> Void
    ) throws(EngineError) {
        maker = try BlockMaker(genesis: genesis, key: key)
        self.application = application
        self.source = source
        self.clock = clock
        self.onCommit = onCommit
        self.blockInterval = blockInterval
        idleInterval = genesis.parameters.idleInterval
        bounds = ProposalBounds(
            // The header and the length prefixes of the transactions need room too.
            bytes: Int(genesis.parameters.maximumBlockBytes) * 15 / 16 - Limits.header / 8,
            transactions: Int(genesis.parameters.maximumBlockTransactions), sidecarBytes: Self.sidecarBytesPerBlock)
    }

    package func run() async throws {
        // After a start nobody knows whether the last block's results were proven: prove them at once.
        var mustProve = true
        var started: UInt64 = 0
        while !Task.isCancelled {
            await pause(since: started, mustProve: mustProve)
            if Task.isCancelled { return }
            started = clock.now()
            mustProve = try await produce() > 0
        }
    }

    /// Waits until the next block is due: at once after one with transactions, else with the next arrival or the idle interval.
    private func pause(since started: UInt64, mustProve: Bool) async {
        if source.backlog >= bounds.transactions { return }
        await clock.sleep(until: started + blockInterval)
        guard !mustProve, source.backlog == 0 else { return }
        let (source, clock, deadline) = (source, clock, started + idleInterval)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await source.arrival() }
            group.addTask { await clock.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Makes, executes and commits one block; answers how many transactions it holds.
    package func produce() async throws -> Int {
        let head = application.head
        let context = maker.context(after: head, now: clock.now())
        let candidates = source.take(bounds)
        let chosen = try application.prepareProposal(BlockContent(candidates), context: context).transactions
        if chosen.count < candidates.count {
            let kept = Set(chosen.map(\.transaction.id))
            source.putBack(candidates.filter { !kept.contains($0.transaction.id) })
        }
        // The header proves the state before this block, so it is built while the block executes.
        let block = try maker.block(chosen.map(\.transaction), after: head, context: context)
        async let certified = maker.certificate(for: block.header)
        let outcome = try application.finalizeBlock(BlockContent(chosen), hash: block.header.hash, context: context)
        let certificate = try await certified
        try application.commit(block, certificate: certificate)
        guard application.head.blockHash == block.header.hash else { throw EngineError.wrongHead }
        onCommit(CommittedBlock(block: block, certificate: certificate, receipts: outcome.receipts))
        return chosen.count
    }
}
