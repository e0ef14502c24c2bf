import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import Glibc
import LightClient
import Primitives
import Simplex
import Synchronization
import WireTypes

/// A chain with some validators, and transactions for it.
struct TestFederation {
    let keys: [SigningKey]
    let genesis: Genesis
    let wallet: SigningKey

    init(validators: Int = 1, seed: UInt8 = 1, blockTransactions: UInt32 = 3, idleInterval: UInt64 = 20) throws {
        keys = try (0..<validators).map { try SigningKey.ed25519(seed: [UInt8](repeating: seed + UInt8($0), count: 32)) }
        wallet = try SigningKey.ed25519(seed: [UInt8](repeating: 200, count: 32))
        var wire = WireGenesis()
        wire.version = Genesis.version
        wire.chainID = "jupiter-test"
        wire.time = 1_000_000
        wire.profile = .byzantine
        wire.validators.validators = keys.map { key in
            var validator = WireValidator()
            validator.publicKey = .init(key.verificationKey.bytes)
            (validator.votingWeight, validator.leaderWeight) = (1, 1)
            return validator
        }
        wire.operator = .init(wallet.address.bytes)
        wire.parameters = Genesis.defaultParameters
        wire.parameters.maximumBlockTransactions = blockTransactions
        wire.parameters.idleInterval = idleInterval
        genesis = try Genesis(encoding: wire)
    }

    func transfer(nonce: UInt64) throws -> SubmittedTransaction {
        var transfer = WireTransfer()
        transfer.to = .init(wallet.address.bytes)
        transfer.amount = 1
        var message = WireMessage()
        message.transfer = transfer
        var body = WireTransactionBody()
        body.chainID = genesis.chainID
        body.sender = .init(wallet.address.bytes)
        (body.nonce, body.validUntil, body.fee) = (nonce, 100, 1)
        body.messages = [message]
        return try SubmittedTransaction(SignedTransaction(signing: body, with: wallet), sidecars: [])
    }
}

/// A folder for one test.
struct ScratchFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/jupiter-engine-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw CancellationError() }
        path = String(cString: made)
    }

    func remove() { FileSystem.remove(path) }
}

enum FileSystem {
    static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw CancellationError() }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(path, "wb") else { throw CancellationError() }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw CancellationError() }
    }

    static func remove(_ folder: String) {
        guard let directory = opendir(folder) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { unlink(folder + "/" + name) }
        }
        closedir(directory)
        rmdir(folder)
    }
}

/// One validator of a test: its engine over an application, in this process.
final class Member: Sendable {
    let engine: SimplexEngine
    let application: CountingApplication
    let source = ListedSource()
    let network: LoopbackNetwork
    let key: Hash32

    init(
        _ federation: TestFederation, _ index: Int, application: CountingApplication? = nil, hub: LoopbackHub, logPath: String? = nil,
        clock: any EngineClock = SystemClock(), viewTimeout: UInt64 = 300, adjust: (inout SimplexEngine.Settings) -> Void = { _ in },
        onCommit: @escaping @Sendable (CommittedBlock) -> Void = { _ in },
        witness: @escaping @Sendable (ConsensusMessage) -> Void = { _ in }
    ) throws {
        let signing = federation.keys[index]
        guard case .ed25519(let key) = signing.verificationKey else { throw CancellationError() }
        self.key = key
        let application = application ?? CountingApplication(genesis: federation.genesis)
        self.application = application
        network = LoopbackNetwork(key, hub, witness: witness)
        var settings = SimplexEngine.Settings()
        (settings.blockInterval, settings.viewTimeout, settings.logPath) = (5, viewTimeout, logPath)
        adjust(&settings)
        let head = application.log.withLock { $0.certificates.last ?? nil }
        let history = SimplexEngine.History(base: BlockReference(hash: federation.genesis.hash, height: 0), certificate: head?.wire)
        engine = try SimplexEngine(
            genesis: federation.genesis, key: signing, application: application, source: source, network: network, history: history,
            clock: clock, settings: settings
        ) { [source] committed in
            source.committed(committed.block.transactions)
            onCommit(committed)
        }
        hub.join(key, engine, application)
    }

    /// Runs the engine until `condition` holds.
    func run(until condition: @escaping @Sendable (CountingApplication) -> Bool) async throws {
        let run = Task { try await self.engine.run() }
        while !condition(application), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
        run.cancel()
        try await run.value
    }
}

/// Engines of one process that reach each other, except where a test cuts them off.
final class LoopbackHub: Sendable {
    private struct State {
        var engines: [Hash32: SimplexEngine] = [:]
        var applications: [Hash32: CountingApplication] = [:]
        var cut: Set<Hash32> = []
        var evidence: [[UInt8]] = []
    }

    private let state = Mutex(State())

    func join(_ key: Hash32, _ engine: SimplexEngine, _ application: CountingApplication) {
        state.withLock { ($0.engines[key], $0.applications[key]) = (engine, application) }
    }

    func height(_ key: Hash32) -> UInt64 { state.withLock { $0.applications[key]?.head.height ?? 0 } }

    /// The blocks of whoever is farthest, after those of `key`.
    func blocks(after key: Hash32) throws -> [SyncedBlock] {
        let (own, others) = state.withLock { state in
            (
                state.applications[key]?.head.height ?? 0,
                state.cut.contains(key) ? [] : state.applications.filter { !state.cut.contains($0.key) }.map(\.value)
            )
        }
        guard let farthest = others.max(by: { $0.head.height < $1.head.height }) else { return [] }
        let (blocks, certificates) = farthest.log.withLock { ($0.blocks, $0.certificates) }
        return try zip(blocks, certificates).dropFirst(Int(own)).map { block, certificate in
            let content = BlockContent(try block.transactions.map { try SubmittedTransaction($0, sidecars: []) }, evidence: block.evidence)
            return SyncedBlock(payload: try BlockPayload(header: block.header, content: content), certificate: certificate?.wire)
        }
    }
    func cut(_ key: Hash32) { state.withLock { _ = $0.cut.insert(key) } }
    func heal() { state.withLock { $0.cut = [] } }
    var evidence: [[UInt8]] { state.withLock { $0.evidence } }

    func others(of key: Hash32) -> [SimplexEngine] {
        state.withLock { state in
            state.cut.contains(key) ? [] : state.engines.filter { $0.key != key && !state.cut.contains($0.key) }.map(\.value)
        }
    }

    func engine(_ key: Hash32, from sender: Hash32) -> SimplexEngine? {
        state.withLock { state in state.cut.contains(key) || state.cut.contains(sender) ? nil : state.engines[key] }
    }

    func note(evidence bytes: [UInt8]) { state.withLock { $0.evidence.append(bytes) } }
}

/// A network of calls.
final class LoopbackNetwork: ConsensusNetwork {
    let key: Hash32
    let hub: LoopbackHub
    /// Sees what is broadcast before anybody else.
    let witness: @Sendable (ConsensusMessage) -> Void

    init(_ key: Hash32, _ hub: LoopbackHub, witness: @escaping @Sendable (ConsensusMessage) -> Void) {
        (self.key, self.hub, self.witness) = (key, hub, witness)
    }

    func began(_ context: EpochContext) {}
    func broadcast(_ message: ConsensusMessage) {
        witness(message)
        for engine in hub.others(of: key) { engine.receive(message, from: key) }
    }
    func send(_ message: ConsensusMessage, to validator: Hash32) { hub.engine(validator, from: key)?.receive(message, from: key) }
    func distribute(_ payload: BlockPayload) { for engine in hub.others(of: key) { engine.deliver(payload) } }

    func fetch(_ block: BlockReference, from validator: Hash32?) {
        // Whoever has it answers, as often as it takes: the block may not be anywhere yet.
        Task {
            for _ in 0..<2_000 {
                guard let own = hub.engine(key, from: key), own.payload(block.hash) == nil else { return }
                if let payload = hub.others(of: key).lazy.compactMap({ $0.payload(block.hash) }).first { own.deliver(payload) }
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    func synchronise(_ block: BlockReference) {
        Task {
            while hub.height(key) < block.height, !Task.isCancelled {
                if let blocks = try? hub.blocks(after: key), !blocks.isEmpty { hub.engine(key, from: key)?.install(blocks) }
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
    }
    func behind(_ epoch: UInt64) {}

    func share(_ evidence: ProvenEquivocation) {
        hub.note(evidence: evidence.bytes)
        for engine in hub.others(of: key) { engine.deliver(evidence) }
    }

    func punish(_ validator: Hash32, _ error: ConsensusError) {}
}
