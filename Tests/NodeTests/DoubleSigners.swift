import ChainTypes
import Cryptography
import Engine
import Foundation
import Ledger
import LightClient
import Node
import Primitives
import Simplex
import Storage
import Synchronization
import WireTypes

/// Engines over real ledgers that reach each other by calls. Some validators' keys are run twice, each time by an honest engine with a
/// log of its own: what two machines with a copied key do, and the most natural way to equivocate.
final class DoubleSigners {
    let folder = NSTemporaryDirectory() + "jupiter-double-" + UUID().uuidString
    let genesis: Genesis
    /// Run once each.
    let honest: [EngineInstance]
    /// Two with one key follow each other.
    let twins: [EngineInstance]
    /// The keys that are run twice.
    let offenders: Set<Hash32>
    private let senders: [SigningKey]

    init(validators: Int, doubled: Int) throws {
        let keys = (0..<validators).map { _ in SigningKey.ed25519() }
        senders = (0..<2).map { _ in SigningKey.ed25519() }
        genesis = try Self.genesis(keys, senders: senders)
        let hub = InstanceHub()
        let (genesis, folder) = (genesis, folder)
        func instance(_ position: Int, _ name: String) throws -> EngineInstance {
            try EngineInstance(keys[position], genesis: genesis, path: "\(folder)/\(position)\(name)", hub: hub)
        }
        twins = try (0..<doubled).flatMap { try [instance($0, "a"), instance($0, "b")] }
        honest = try (doubled..<validators).map { try instance($0, "") }
        offenders = Set(twins.map(\.key))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static func genesis(_ keys: [SigningKey], senders: [SigningKey]) throws -> Genesis {
        var wire = WireGenesis()
        (wire.version, wire.chainID, wire.profile) = (Genesis.version, "jupiter-test", .byzantine)
        wire.time = SystemClock().now()
        wire.validators.validators = keys.map { key in
            var validator = WireValidator()
            validator.publicKey = .init(key.verificationKey.bytes)
            (validator.votingWeight, validator.leaderWeight) = (1, 1)
            return validator
        }
        wire.operator = .init(senders[0].address.bytes)
        wire.allocations = senders.map { key in
            var allocation = WireAllocation()
            (allocation.account, allocation.amount) = (.init(key.address.bytes), 1_000_000)
            return allocation
        }
        wire.parameters = Genesis.defaultParameters
        (wire.parameters.epochLength, wire.parameters.epochMinimum, wire.parameters.idleInterval) = (200, 5, 20)
        return try Genesis(encoding: wire)
    }

    /// Gives every engine transfers of one sender; but of two with one key, one knows those of the first sender and the other those of the
    /// second, so that they never propose the same.
    func submit(nonces: ClosedRange<UInt64>) throws {
        for (position, sender) in senders.enumerated() {
            for nonce in nonces {
                let transaction = try transfer(sender, nonce: nonce)
                for instance in honest { try instance.mempool.insert(transaction) }
                for (index, instance) in twins.enumerated() where index % 2 == position { try instance.mempool.insert(transaction) }
            }
        }
    }

    private func transfer(_ sender: SigningKey, nonce: UInt64) throws -> SubmittedTransaction {
        var message = WireMessage()
        message.transfer.to = .init(sender.address.bytes)
        message.transfer.amount = 1
        var body = WireTransactionBody()
        body.chainID = genesis.chainID
        body.sender = .init(sender.address.bytes)
        (body.nonce, body.validUntil, body.fee) = (nonce, 50_000, genesis.parameters.minimumFee)
        body.messages = [message]
        return try SubmittedTransaction(SignedTransaction(signing: body, with: sender), sidecars: [])
    }

    /// Runs all engines while `body` does; an honest one that fails, fails the test.
    func run(_ body: () async throws -> Void) async throws {
        let honestRuns = honest.map { instance in Task { try await instance.engine.run() } }
        // What a double signer's engine makes of itself is its own affair.
        let twinRuns = twins.map { instance in Task { try? await instance.engine.run() } }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        for run in honestRuns { run.cancel() }
        for run in twinRuns { run.cancel() }
        for run in twinRuns { await run.value }
        for run in honestRuns { try await run.value }
        for instance in honest + twins { instance.store.close() }
        try result.get()
    }
}

/// One engine and what it works on.
final class EngineInstance: Sendable {
    let key: Hash32
    let ledger: LedgerApplication
    let store: ChainStore
    let mempool: Mempool
    let engine: SimplexEngine
    private let committed: BlockList

    init(_ signing: SigningKey, genesis: Genesis, path: String, hub: InstanceHub) throws {
        guard case .ed25519(let key) = signing.verificationKey else { throw EngineError.notTheValidator }
        self.key = key
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        store = try ChainStore(path: path + "/data")
        let ledger = try LedgerApplication(store: store, genesis: genesis)
        let mempool = Mempool(check: { try ledger.checkTransaction($0) }, stateNonce: { try ledger.account($0).nonce + 1 })
        let committed = BlockList()
        (self.ledger, self.mempool, self.committed) = (ledger, mempool, committed)
        var settings = SimplexEngine.Settings()
        (settings.blockInterval, settings.viewTimeout, settings.logPath) = (5, 300, path + "/votes.wal")
        try WriteAheadLog.create(path + "/votes.wal", chain: genesis.hash, validator: key)
        let network = InstanceNetwork(hub)
        engine = try SimplexEngine(
            genesis: genesis, key: signing, application: ledger, source: mempool, network: network,
            history: SimplexEngine.History(base: BlockReference(hash: genesis.hash, height: 0), certificate: nil), settings: settings
        ) { block in
            mempool.committed(block.block.transactions, height: block.block.header.height)
            committed.append(block)
        }
        network.join(engine, key: key, blocks: committed)
    }

    var blocks: [Block] { committed.all.map(\.block) }
    var height: UInt64 { ledger.head.height }

    /// What a validator weighs in the set of the next block.
    func weight(_ key: Hash32) -> UInt64 { ledger.head.plan.validators.members.first { $0.key == key }?.votingWeight ?? 0 }
}

final class BlockList: Sendable {
    private let blocks = Mutex<[CommittedBlock]>([])
    var all: [CommittedBlock] { blocks.withLock { $0 } }
    func append(_ block: CommittedBlock) { blocks.withLock { $0.append(block) } }
}

/// Engines of one process. Those with one key do not hear each other: no validator listens to itself.
final class InstanceHub: Sendable {
    private struct Place: Sendable {
        let key: Hash32
        let engine: SimplexEngine
        let blocks: BlockList
    }

    private let places = Mutex<[Place]>([])

    func join(_ engine: SimplexEngine, key: Hash32, blocks: BlockList) {
        places.withLock { $0.append(Place(key: key, engine: engine, blocks: blocks)) }
    }

    func others(of key: Hash32) -> [SimplexEngine] { places.withLock { $0.filter { $0.key != key }.map(\.engine) } }
    func engines(of key: Hash32) -> [SimplexEngine] { places.withLock { $0.filter { $0.key == key }.map(\.engine) } }

    /// What the one that is farthest has committed.
    var longest: [CommittedBlock] { places.withLock { $0.map(\.blocks.all).max { $0.count < $1.count } ?? [] } }
}

/// One engine's place in the hub.
private final class InstanceNetwork: ConsensusNetwork {
    private let hub: InstanceHub
    private let own = Mutex<(engine: SimplexEngine, key: Hash32, blocks: BlockList)?>(nil)
    /// The height that blocks are being fetched up to.
    private let target = Mutex<UInt64?>(nil)

    init(_ hub: InstanceHub) { self.hub = hub }

    func join(_ engine: SimplexEngine, key: Hash32, blocks: BlockList) {
        own.withLock { $0 = (engine, key, blocks) }
        hub.join(engine, key: key, blocks: blocks)
    }

    private var others: [SimplexEngine] { own.withLock { $0?.key }.map { hub.others(of: $0) } ?? [] }

    func began(_ context: EpochContext) {}

    func broadcast(_ message: ConsensusMessage) {
        guard let key = own.withLock({ $0?.key }) else { return }
        for engine in hub.others(of: key) { engine.receive(message, from: key) }
    }

    func send(_ message: ConsensusMessage, to validator: Hash32) {
        guard let key = own.withLock({ $0?.key }), validator != key else { return }
        for engine in hub.engines(of: validator) { engine.receive(message, from: key) }
    }

    func distribute(_ payload: BlockPayload) { for engine in others { engine.deliver(payload) } }

    func fetch(_ block: BlockReference, from validator: Hash32?) {
        guard let engine = own.withLock({ $0?.engine }) else { return }
        // Whoever has it answers, as often as it takes: the block may not be anywhere yet.
        Task {
            for _ in 0..<2_000 where engine.payload(block.hash) == nil {
                if let payload = others.lazy.compactMap({ $0.payload(block.hash) }).first { engine.deliver(payload) }
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// Brings what is missing in short deliveries, one after the other: whoever starts late on a busy machine has thousands of blocks to get.
    func synchronise(_ block: BlockReference) {
        guard let own = own.withLock({ $0 }) else { return }
        let isFirst = target.withLock { target in
            defer { target = max(target ?? 0, block.height) }
            return target == nil
        }
        guard isFirst else { return }
        Task { [self] in
            while goesOn(with: own.blocks.all.count) {
                let count = own.blocks.all.count
                own.engine.install(try hub.longest.dropFirst(count).prefix(64).map(Self.delivery))
                for _ in 0..<200 where own.blocks.all.count == count { try await Task.sleep(for: .milliseconds(5)) }
            }
        }
    }

    /// Whether blocks are lacking. Ends the fetching in the same moment if not: a goal that is set after it begins a new one.
    private func goesOn(with blocks: Int) -> Bool {
        target.withLock { target in
            if let height = target, blocks < Int(height) { return true }
            target = nil
            return false
        }
    }

    private static func delivery(_ committed: CommittedBlock) throws -> SyncedBlock {
        let transactions = try committed.block.transactions.map { try SubmittedTransaction($0, sidecars: []) }
        let content = BlockContent(transactions, evidence: committed.block.evidence)
        return SyncedBlock(
            payload: try BlockPayload(header: committed.block.header, content: content), certificate: committed.certificate?.wire)
    }

    func behind(_ epoch: UInt64) {}
    func share(_ evidence: ProvenEquivocation) { for engine in others { engine.deliver(evidence) } }
    func punish(_ validator: Hash32, _ error: ConsensusError) {}
}
