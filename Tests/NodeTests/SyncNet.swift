import ChainTypes
import Cryptography
import Engine
import Foundation
import Ledger
import Logging
import Networking
import Node
import Primitives
import Synchronization
import Testing
import WireTypes

/// Connections in memory between the nodes of a test; every frame is encoded and decoded on its way.
final class SyncNet: Sendable {
    typealias Handler = @Sendable (PeerFrame, Hash32) -> Bool
    typealias Tamper = @Sendable (PeerFrame) -> [PeerFrame]

    private struct State {
        var handlers: [Hash32: Handler] = [:]
        var tampers: [Hash32: Tamper] = [:]
        var cut: Set<[Hash32]> = []
        var punished: [Hash32: [UInt32]] = [:]
        var sent: [Hash32: [PeerFrame]] = [:]
    }

    private let state = Mutex(State())

    func join(_ node: Hash32, _ handler: @escaping Handler) { state.withLock { $0.handlers[node] = handler } }
    func leave(_ node: Hash32) { state.withLock { $0.handlers[node] = nil } }

    /// What `node` sends is changed on its way.
    func tamper(_ node: Hash32, _ tamper: Tamper?) { state.withLock { $0.tampers[node] = tamper } }

    /// The codes of the errors that a node was punished for, by anybody.
    func punishments(_ node: Hash32) -> [UInt32] { state.withLock { $0.punished[node] ?? [] } }

    /// What a node has sent, before anybody changed it.
    func sent(by node: Hash32) -> [PeerFrame] { state.withLock { $0.sent[node] ?? [] } }

    fileprivate func others(of node: Hash32) -> [Hash32] {
        state.withLock { state in state.handlers.keys.filter { $0 != node && !state.cut.contains([node, $0]) }.sorted() }
    }

    fileprivate func send(_ frame: PeerFrame, from: Hash32, to: Hash32) -> SendResult {
        let (handler, tamper) = state.withLock { state in
            state.sent[from, default: []].append(frame)
            return (state.cut.contains([from, to]) ? nil : state.handlers[to], state.tampers[from])
        }
        guard let handler else { return .notConnected }
        for frame in tamper?(frame) ?? [frame] {
            guard let carried = try? Self.carry(frame) else { return .tooLarge }
            _ = handler(carried, from)
        }
        return .queued
    }

    /// As it would arrive over a wire.
    private static func carry(_ frame: PeerFrame) throws -> PeerFrame {
        var assembler = FrameAssembler(takesOnlyControl: false)
        assembler.append(try EncodedFrame(frame).bytes)
        guard let whole = try assembler.next(), case .carried(let carried) = try TransportFrame(decoding: whole.frame, lane: whole.lane)
        else { throw PeerError.malformed }
        return carried
    }

    fileprivate func punish(_ node: Hash32, by other: Hash32, _ error: any CodedError) {
        state.withLock { state in
            state.punished[node, default: []].append(error.code)
            state.cut.formUnion([[node, other], [other, node]])
        }
    }

    func link(_ node: Hash32) -> SyncLink { SyncLink(net: self, own: node) }
}

/// A node's end of the connections.
struct SyncLink: PeerSending {
    let net: SyncNet
    let own: Hash32
    var connected: [Hash32] { net.others(of: own) }
    func send(_ frame: PeerFrame, to node: Hash32) -> SendResult { net.send(frame, from: own, to: node) }
    func punish(_ node: Hash32, for error: any CodedError) { net.punish(node, by: own, error) }
}

/// A node with a real ledger, engine and synchronisation, without consensus messages.
final class SyncNode: Sendable {
    let id: Hash32
    let ledger: LedgerApplication
    let service: SyncService
    let engine: SimplexEngine
    private let net: SyncNet
    private let running = Mutex<[Task<Void, any Error>]>([])

    /// What refers to the service before there is one.
    private final class Later: Sendable {
        let service = Mutex<SyncService?>(nil)
    }

    init(
        _ id: UInt64, _ net: SyncNet, _ ledger: LedgerApplication, key: SigningKey? = nil, settings: SyncSettings = SyncNode.settings
    ) throws {
        self.id = Hash32(0, 0, 0, id)
        (self.net, self.ledger) = (net, ledger)
        let later = Later()
        let mempool = Mempool(check: { try ledger.checkTransaction($0) }, stateNonce: { try ledger.account($0).nonce + 1 })
        engine = try SimplexEngine(
            genesis: ledger.genesis, key: key, application: ledger, source: mempool, history: try ledger.history()
        ) { committed in
            later.service.withLock { $0 }?.committed(committed.block.header.height)
        }
        let ownKey = key.flatMap { Hash32($0.verificationKey.bytes) }
        service = try SyncService(
            SyncService.Parts(
                ledger: ledger, validatorKey: ownKey, network: net.link(self.id), settings: settings, log: SyncNode.log,
                install: { [engine] in engine.install($0) }))
        later.service.withLock { $0 = service }
        net.join(self.id) { [service] in service.handle($0, from: $1) }
    }

    /// Short waits, so that tests are over soon; none decides an outcome.
    static var settings: SyncSettings {
        var settings = SyncSettings()
        settings.answerTimeout = .seconds(20)
        settings.tick = .milliseconds(5)
        settings.rest = .milliseconds(20)
        settings.stall = .milliseconds(20)
        settings.sidecarPause = .milliseconds(10)
        settings.patience = .seconds(20)
        settings.chunkBytes = 400
        settings.batchHeights = 16
        return settings
    }

    static let log = Logger(label: "sync-test") { _ in SwiftLogNoOpLogHandler() }

    func start() {
        let (service, engine) = (service, engine)
        running.withLock { running in
            running.append(Task { await service.run() })
            running.append(Task { try await engine.run() })
        }
    }

    func stop() async throws {
        net.leave(id)
        let tasks = running.withLock { running in
            defer { running = [] }
            return running
        }
        for task in tasks { task.cancel() }
        for task in tasks { try await task.value }
    }

    /// As its status frames say it.
    func announce(to other: SyncNode, height: UInt64? = nil) {
        let head = ledger.head
        other.service.status(
            PeerHead(height: height ?? head.height, hash: head.blockHash, epoch: head.plan.epoch, finalised: []), from: id)
    }
}

/// Waits until `condition` holds; no test depends on how long that takes.
func eventually(_ what: Comment, _ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while try !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("waited in vain: \(what.rawValue)")
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(3))
    }
}

/// A new directory that goes away with the value's last use.
final class SyncFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("jupiter-sync-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}
