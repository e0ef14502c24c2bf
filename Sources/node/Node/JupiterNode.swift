import ABCIServer
import ChainTypes
import CometRPC
import Cryptography
import EnclaveProtocol
import Engine
import Foundation
import Ledger
import Logging
import Networking
import Primitives
import Relayer
import Simplex
import Storage
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
    /// One for each socket that is configured, in that order.
    package let enclaves: [EnclaveHost]

    let engine: any ConsensusEngine
    /// The engine, when it is our own.
    let simplex: SimplexEngine?
    /// `nil` for a validator that is alone and listens to nobody, and under another engine, whose own peers these are.
    let peers: PeerService?
    /// Beside `peers`.
    let sync: SyncService?
    let membership: Membership
    private let ledger: LedgerApplication
    private let store: ChainStore
    private let poster: CheckpointPoster?
    /// On a chain that CometBFT runs.
    private let finality: FinalityCollector?
    private let numbers: NodeMetrics

    /// Opens a node's home.
    ///
    /// - Parameter socket: where another engine finds this node, when the configuration says so.
    /// - Throws: `NodeError`, `StorageError` or `BlockError`; nothing runs then.
    package init(
        home: NodeHome, configuration: NodeConfiguration, passphrase: String, socket: ABCISocket? = nil, log: Logger? = nil
    ) throws {
        self.configuration = configuration
        let log = log ?? LineLogHandler.logger("jupiter.node", level: configuration.logLevel, json: configuration.logJSON)
        self.log = log
        let genesis = try home.genesis()
        guard (genesis.wire.consensus == .cometbft) == (configuration.consensus == "abci"),
            (socket != nil) == (configuration.consensus == "abci")
        else { throw NodeError.invalidConfiguration("the genesis says which engine decides this chain: consensus has to agree") }
        let validatorKey = try KeyFile.read(home.validatorKeyFile, passphrase: passphrase)
        let operatorKey = try KeyFile.read(home.operatorKeyFile, passphrase: passphrase)
        store = try ChainStore(path: home.dataFolder)
        let ledger = try LedgerApplication(store: store, genesis: genesis)
        self.ledger = ledger
        let view = ChainView(genesis: genesis, ledger: ledger, archive: store)
        self.view = view
        let limits = MempoolLimits(bytes: configuration.mempoolBytes, transactions: configuration.mempoolTransactions)
        let mempool = Mempool(
            limits: limits, check: { try ledger.checkTransaction($0) }, stateNonce: { try ledger.account($0).nonce + 1 })
        self.mempool = mempool
        let workers = WorkerPool(width: max(2, ProcessInfo.processInfo.activeProcessorCount))
        membership = try Membership(ledger: ledger, validator: validatorKey, configuration: configuration)
        let peers =
            socket == nil
            ? try Self.peers(home, configuration, passphrase, view: view, mempool: mempool, membership: membership, log: log) : nil
        self.peers = peers
        let signatures = RecentSignatures()
        let broadcaster = socket == nil ? nil : Self.broadcaster(configuration)
        intake =
            socket == nil
            ? TransactionIntake(mempool: mempool, workers: workers, announce: { [weak peers] in peers?.announce($0) })
            : TransactionIntake(mempool: mempool, workers: workers, signatures: signatures) { submitted in
                guard let broadcaster else { throw NodeError.engineUnavailable }
                try await broadcaster.send(submitted)
            }
        numbers = NodeMetrics(metrics)
        NodeMetrics.register(metrics, view: view, mempool: mempool, events: events)
        let account = OperatorAccount(key: operatorKey, view: view, mempool: mempool, intake: intake)
        enclaves = try Self.enclaves(configuration, view: view, events: events, metrics: metrics, log: log, account: account)
        poster = try Self.poster(configuration, view: view, key: operatorKey)
        finality = try Self.finality(configuration, ledger, log)
        let report = CommitReport(
            mempool: mempool, events: events, numbers: numbers, enclaves: enclaves, membership: membership, peers: peers,
            parentTime: view.head.time)
        if let socket {
            let comet = CometEngine(
                CometEngine.Parts(
                    genesis: genesis, ledger: ledger, mempool: mempool, socket: socket, signatures: signatures,
                    rebroadcast: broadcaster.map { Rebroadcast(mempool: mempool, broadcaster: $0) },
                    dataFolder: home.dataFolder, snapshotInterval: UInt64(configuration.snapshotInterval),
                    keptBlocks: UInt64(configuration.blockHistory), log: log, onCommit: { report.note($0) }))
            (engine, simplex, sync) = (comet, nil, nil)
            return
        }
        let simplex = try SimplexEngine(
            genesis: genesis, key: validatorKey, application: ledger, source: mempool, network: peers ?? NoNetwork(),
            history: try ledger.history(), settings: try membership.settings(home, configuration),
            onCommit: { report.note($0) })
        (engine, self.simplex) = (simplex, simplex)
        sync = try Self.sync(ledger, membership, peers, simplex, log)
        if let peers, let sync { peers.bind(simplex, synchroniser: sync) }
        membership.bind(simplex, account: account)
        NodeMetrics.register(metrics, engine: simplex, peers: peers)
        if let sync { NodeMetrics.register(metrics, sync: sync) }
    }

    /// FOR TESTS ONLY: milliseconds by which every frame of a peer is delivered later, from the environment.
    private static var artificialPeerDelay: Int {
        ProcessInfo.processInfo.environment["JUPITER_TEST_PEER_DELAY"].flatMap(Int.init).map { min(max($0, 0), 1_000) } ?? 0
    }

    private static func peers(
        _ home: NodeHome, _ configuration: NodeConfiguration, _ passphrase: String, view: ChainView, mempool: Mempool,
        membership: Membership, log: Logger
    ) throws -> PeerService? {
        guard configuration.peerPort > 0 else { return nil }
        var settings = PeerSettings()
        settings.artificialDelay = .milliseconds(Self.artificialPeerDelay)
        return try PeerService(
            identity: home.peerIdentity(passphrase: passphrase), view: view, host: configuration.peerHost, port: configuration.peerPort,
            registry: membership.registry(), settings: settings, mempool: mempool,
            workers: WorkerPool(width: max(2, ProcessInfo.processInfo.activeProcessorCount)), log: log)
    }

    private static func sync(
        _ ledger: LedgerApplication, _ membership: Membership, _ peers: PeerService?, _ engine: SimplexEngine, _ log: Logger
    ) throws -> SyncService? {
        guard let peers else { return nil }
        return try SyncService(
            SyncService.Parts(
                ledger: ledger, validatorKey: membership.own, network: peers.network, log: log,
                install: { [weak engine] in engine?.install($0) }))
    }

    private static func enclaves(
        _ configuration: NodeConfiguration, view: ChainView, events: EventHub, metrics: Metrics, log: Logger, account: OperatorAccount
    ) throws -> [EnclaveHost] {
        var remote: RemoteReplica?
        if let text = configuration.replicaSource {
            guard let base = URL(string: text) else { throw NodeError.invalidConfiguration("replicaSource is not a URL") }
            remote = RemoteReplica(base: base, token: try configuration.replicaTokenFile.map { try NodeHome.token($0) })
        }
        let group = EnclaveGroup()
        let hosts = configuration.sockets.enumerated().map { index, socket in
            let host = EnclaveHost(
                socket: socket, index: index, group: group, view: view, account: account, events: events,
                settings: EnclaveHost.Settings(
                    registers: configuration.registerEnclave, batch: configuration.enclaveBatch, remote: remote),
                metrics: metrics, log: log)
            NodeMetrics.register(metrics, enclave: host)
            return host
        }
        group.bind(hosts)
        return hosts
    }

    /// The enclave that takes what any of them can do: the first that serves.
    package var enclave: EnclaveHost? { enclaves.first(where: \.status.isServing) ?? enclaves.first }

    /// Passes sealed enrolments on: to the enclave that takes them now, and what that one cannot open to the others.
    package func enrol(_ sealed: [WireSealedMessage]) async throws -> [WireEnrolOutcome] {
        let serving = enclaves.filter(\.status.isServing)
        guard let first = serving.first else { throw NodeError.enclaveUnavailable }
        var outcomes = try await first.enrol(sealed)
        for other in serving.dropFirst() {
            let left = outcomes.indices.filter { outcomes[$0].failure.code == EnclaveError.otherSession.code }
            guard !left.isEmpty else { break }
            for (position, outcome) in zip(left, try await other.enrol(left.map { sealed[$0] })) { outcomes[position] = outcome }
        }
        return outcomes
    }

    /// What hands transactions to the CometBFT beside the node; `nil` without its RPC.
    private static func broadcaster(_ configuration: NodeConfiguration) -> CometBroadcaster? {
        guard let url = configuration.cometRPC.flatMap(URL.init(string:)) else { return nil }
        return CometBroadcaster(url: url, timeout: Double(configuration.cometRPCTimeout) / 1_000)
    }

    private static func finality(
        _ configuration: NodeConfiguration, _ ledger: LedgerApplication, _ log: Logger
    ) throws -> FinalityCollector? {
        guard ledger.genesis.consensus == .cometbft else { return nil }
        guard let text = configuration.cometRPC else {
            log.warning("Without cometRPC this node cannot show others that blocks are final.")
            return nil
        }
        guard let base = URL(string: text) else { throw NodeError.invalidConfiguration("cometRPC is not a URL of HTTP") }
        return FinalityCollector(ledger: ledger, source: CometClient(base: base), log: log)
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
        if Self.artificialPeerDelay > 0 {
            log.warning("TEST SETTING: what peers send is delayed.", metadata: ["milliseconds": "\(Self.artificialPeerDelay)"])
        }
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
                for enclave in enclaves { group.addTask { await enclave.run() } }
                if let peers {
                    group.addTask { try await peers.run() }
                    group.addTask { await self.announceHeads(peers) }
                    if let sync { group.addTask { await sync.run() } }
                }
                group.addTask { await self.membership.run() }
                if let poster { group.addTask { await self.postCheckpoints(poster) } }
                if let finality { group.addTask { await finality.run() } }
                group.addTask { await self.prune() }
                defer { group.cancelAll() }
                // None ends by itself: the first that does takes the others along.
                try await group.next()
            }
        } catch let replaced as CometEngine.StateReplaced {
            log.notice("The chain begins anew with a snapshot.", metadata: ["height": "\(replaced.snapshot.height)"])
            throw replaced
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

    /// Tells the peers where this node is, whenever it has moved and now and then.
    private func announceHeads(_ peers: PeerService) async {
        var told: UInt64?
        var rounds = 0
        while !Task.isCancelled {
            let height = view.head.height
            if height != told || rounds % 10 == 0 { peers.announceHead() }
            (told, rounds) = (height, rounds + 1)
            try? await Task.sleep(for: .milliseconds(100))
        }
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

    private static let timeBetweenPurges = Duration.seconds(10)

    /// Removes what is not kept, a little at a time, from the start on.
    private func prune() async {
        let ledger = ledger
        let kept = configuration.blockHistory > 0 ? UInt64(configuration.blockHistory) : nil
        let retention = Retention(stateVersions: UInt64(configuration.stateVersions), blocks: kept)
        let worker = WorkerPool(width: 1)
        var lastPurge: ContinuousClock.Instant?
        while !Task.isCancelled {
            // Writing files anew is dear: what is erased in the meantime goes together.
            if lastPurge.map({ ContinuousClock.now - $0 >= Self.timeBetweenPurges }) ?? true {
                let hasPurged = (try? await worker.run { (try? ledger.store.purgeErased()) ?? false }) ?? false
                if hasPurged { lastPurge = .now }
            }
            // A failure here also fails the next commit, which tells.
            let hasMore = (try? await worker.run { (try? ledger.prune(retention)) ?? false }) ?? false
            try? await Task.sleep(for: hasMore ? .milliseconds(20) : .seconds(1))
        }
    }
}

/// A node's own chain as the poster reads it.
struct ChainCheckpoints: CheckpointSource {
    let view: ChainView

    func newest() throws -> (header: BlockHeader, certified: WireCertifiedHeader)? {
        try view.newestCertified().map { ($0.header, $0.wire) }
    }

    func last(ofEpoch epoch: UInt64) throws -> (header: BlockHeader, certified: WireCertifiedHeader)? {
        guard let certified = try view.ledger.epochEnd(epoch) else { return nil }
        guard let header = try? BlockHeader(decoding: [UInt8](certified.header)) else {
            throw NodeError.damagedChain("the end of an epoch")
        }
        return (header, certified)
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
