import ChainTypes
import Cryptography
import Engine
import Foundation
import Ledger
import Logging
import Primitives
import Relayer
import Simplex
import Storage
import Synchronization
import WireTypes

extension LedgerApplication: ReadableLedger {}

/// A node: the chain on disk, its engine, its mempool and the services around them. The API is another part's (`NodeServer`).
package final class JupiterNode: Sendable {
    /// The version that `/v1/status` and `--version` tell.
    package static let version = "0.1.0"

    package let configuration: NodeConfiguration
    package let view: ChainView
    package let mempool: Mempool
    package let intake: TransactionIntake
    package let events = EventHub()
    package let metrics = Metrics()
    package let log: Logger
    /// `nil` when no enclave is configured.
    package let enclave: EnclaveHost?

    private let store: ChainStore
    private let engine: SimplexEngine
    private let poster: CheckpointPoster?
    private let numbers: NodeMetrics

    /// Opens a node's home.
    ///
    /// - Throws: `NodeError`, `StorageError` or `BlockError`; nothing runs then.
    package init(home: NodeHome, configuration: NodeConfiguration, passphrase: String, log: Logger? = nil) throws {
        self.configuration = configuration
        let log = log ?? LineLogHandler.logger("jupiter.node", level: configuration.logLevel, json: configuration.logJSON)
        self.log = log
        let genesis = try home.genesis()
        let validatorKey = try KeyFile.read(home.validatorKeyFile, passphrase: passphrase)
        let operatorKey = try KeyFile.read(home.operatorKeyFile, passphrase: passphrase)
        store = try ChainStore(path: home.dataFolder)
        let ledger = try LedgerApplication(store: store, genesis: genesis)
        let view = ChainView(genesis: genesis, ledger: ledger, archive: store)
        self.view = view
        let limits = MempoolLimits(bytes: configuration.mempoolBytes, transactions: configuration.mempoolTransactions)
        let mempool = Mempool(
            limits: limits, check: { try ledger.checkTransaction($0) }, stateNonce: { try ledger.account($0).nonce + 1 })
        self.mempool = mempool
        intake = TransactionIntake(
            mempool: mempool, workers: WorkerPool(width: max(2, ProcessInfo.processInfo.activeProcessorCount)))
        numbers = NodeMetrics(metrics)
        NodeMetrics.register(metrics, view: view, mempool: mempool, events: events)
        enclave = Self.enclave(
            configuration, view: view, events: events, metrics: metrics, log: log,
            account: OperatorAccount(key: operatorKey, view: view, mempool: mempool, intake: intake))
        poster = try Self.poster(configuration, view: view, key: operatorKey)
        let parentTime = Mutex(view.head.time)
        var settings = SimplexEngine.Settings()
        settings.blockInterval = UInt64(configuration.blockInterval)
        engine = try SimplexEngine(
            genesis: genesis, key: validatorKey, application: ledger, source: mempool, history: try ChainCheckpoints(view: view).history(),
            settings: settings
        ) { [events, numbers, enclave] committed in
            mempool.committed(committed.block.transactions, height: committed.block.header.height)
            events.publish(committed)
            enclave?.committed(committed.block)
            let previous = parentTime.withLock { time in
                defer { time = committed.block.header.time }
                return time
            }
            numbers.observe(committed, parentTime: previous)
        }
    }

    private static func enclave(
        _ configuration: NodeConfiguration, view: ChainView, events: EventHub, metrics: Metrics, log: Logger, account: OperatorAccount
    ) -> EnclaveHost? {
        guard let socket = configuration.enclaveSocket else { return nil }
        let host = EnclaveHost(
            socket: socket, view: view, account: account, events: events,
            settings: EnclaveHost.Settings(registers: configuration.registerEnclave, batch: configuration.enclaveBatch),
            metrics: metrics, log: log)
        NodeMetrics.register(metrics, enclave: host)
        return host
    }

    private static func poster(_ configuration: NodeConfiguration, view: ChainView, key: SigningKey) throws -> CheckpointPoster? {
        guard let text = configuration.mainnetURL else { return nil }
        guard let base = URL(string: text) else { throw NodeError.invalidConfiguration("mainnetURL is not a URL") }
        let token = try configuration.mainnetTokenFile.map { try NodeHome.token($0) }
        return CheckpointPoster(
            chainID: view.chainID, key: key, source: ChainCheckpoints(view: view), target: HTTPCheckpointTarget(base: base, token: token))
    }

    /// Runs until the task is cancelled, or throws what stops the chain, such as a full disk.
    package func run() async throws {
        log.notice("The node starts.", metadata: ["chain": "\(view.chainID)", "height": "\(view.head.height)"])
        defer {
            events.close()
            store.close()
            log.notice("The node has stopped.", metadata: ["height": "\(view.head.height)"])
        }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let engine = engine
                group.addTask { try await engine.run() }
                if let enclave { group.addTask { await enclave.run() } }
                if let poster { group.addTask { await self.postCheckpoints(poster) } }
                group.addTask { await self.prune() }
                defer { group.cancelAll() }
                // None ends by itself: the first that does takes the others along.
                try await group.next()
            }
        } catch {
            log.critical("The chain cannot go on.", metadata: ["error": "\(EnclaveHost.text(error))"])
            throw error
        }
    }

    /// Why the node should not be sent work yet; empty when it is ready.
    package var notReady: [String] {
        var reasons: [String] = []
        if view.head.height == 0 { reasons.append("the chain has no block yet") }
        if let enclave, !enclave.status.isServing { reasons.append("the enclave does not serve yet") }
        return reasons
    }

    private func postCheckpoints(_ poster: CheckpointPoster) async {
        var pause = configuration.checkpointInterval
        while !Task.isCancelled {
            do {
                if case .posted(let height, let transactions) = try await poster.step() {
                    numbers.checkpoints.add(transactions)
                    log.debug("A checkpoint is on mainnet.", metadata: ["height": "\(height)"])
                }
                pause = configuration.checkpointInterval
            } catch {
                numbers.checkpointFailures.add()
                pause = min(pause * 2, max(60, configuration.checkpointInterval))
                log.warning("No checkpoint was posted.", metadata: ["error": "\(EnclaveHost.text(error))", "retry_seconds": "\(pause)"])
            }
            try? await Task.sleep(for: .seconds(pause))
        }
    }

    /// Removes state versions that nobody will ask for, a little at a time.
    private func prune() async {
        let (store, versions) = (store, UInt64(configuration.stateVersions))
        let worker = WorkerPool(width: 1)
        while !Task.isCancelled {
            // A failure here also fails the next commit, which tells.
            let hasMore = (try? await worker.run { (try? store.pruneState(keeping: versions, limit: 2_000)) ?? false }) ?? false
            try? await Task.sleep(for: hasMore ? .milliseconds(20) : .seconds(1))
        }
    }
}

/// A node's own chain as the poster reads it.
struct ChainCheckpoints: CheckpointSource {
    let view: ChainView

    func newest() throws -> (header: BlockHeader, certified: WireCertifiedHeader)? {
        try view.certifiedHeader(view.head.height).map { ($0.header, $0.wire) }
    }

    /// What an engine needs to know to go on from the head.
    func history() throws -> SimplexEngine.History {
        let head = view.head
        var base = BlockReference(hash: view.genesis.hash, height: 0)
        if head.plan.epoch > 0 {
            guard let last = try last(ofEpoch: head.plan.epoch - 1) else { throw NodeError.damagedChain("the last block of an epoch") }
            base = BlockReference(hash: last.header.hash, height: last.header.height)
        }
        let certified = head.height > base.height ? try view.certifiedHeader(head.height) : nil
        let certificate = try certified.map { try QuorumCertificate(decoding: [UInt8]($0.wire.certificate)).wire }
        return SimplexEngine.History(base: base, certificate: certificate)
    }

    func last(ofEpoch epoch: UInt64) throws -> (header: BlockHeader, certified: WireCertifiedHeader)? {
        // Heights and epochs rise together: find the last height of the epoch by halving.
        var (low, high) = (UInt64(1), view.head.height)
        while low < high {
            let middle = (low + high + 1) / 2
            guard let header = try view.certifiedHeader(middle)?.header else { return nil }
            if header.epoch <= epoch { low = middle } else { high = middle - 1 }
        }
        guard let found = try view.certifiedHeader(low), found.header.epoch == epoch, found.header.lastOfEpoch else { return nil }
        return (found.header, found.wire)
    }
}

extension NodeHome {
    /// The token in a file: its first line.
    package static func token(_ path: String) throws -> String {
        let text = String(decoding: try read(path, limit: 4 << 10), as: UTF8.self)
        let token = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard token.utf8.count >= 16, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw NodeError.invalidConfiguration("\(path) does not hold a token of at least 16 characters")
        }
        return token
    }
}
