import ChainTypes
import Engine
import Foundation
import LightClient
import Logging
import Modules
import Networking
import Primitives
import Simplex
import Synchronization
import WireTypes

/// What travels between the nodes of a chain, by meaning: consensus, payloads, transactions, evidence, heads.
///
/// `PeerNetwork` carries frames; this hands them to whom they concern and sends what the engine and the mempool have to say. Frames come on
/// event loops: what takes time goes to the worker pool.
package final class PeerService: ConsensusNetwork {
    private struct State {
        var nodes: [Hash32: Hash32] = [:]
        var keys: [Hash32: Hash32] = [:]
        var engine: SimplexEngine?
        var synchroniser: SyncService?
    }

    let network: PeerNetwork
    let view: ChainView
    let log: Logger
    private let state: Mutex<State>
    private let outbox: TransactionOutbox
    private let assembler: PayloadAssembler
    private let server: PayloadServer
    private let inbox: TransactionInbox
    private let evidence: EvidenceInbox

    package init(
        identity: NodeIdentity, view: ChainView, host: String, port: Int, registry: PeerRegistry, settings: PeerSettings,
        mempool: Mempool, workers: WorkerPool, log: Logger
    ) throws {
        (self.view, self.log) = (view, log)
        state = Mutex(State())
        // The network calls back into this object, which does not exist yet.
        let relay = Relay()
        network = try PeerNetwork(
            identity: identity, chainID: view.chainID, genesis: view.genesis.hash, host: host, port: port, registry: registry,
            settings: settings, onChange: { change in relay.service?.note(change) },
            onFrame: { received in relay.service?.receive(received) ?? .consumed })
        outbox = TransactionOutbox(network: network)
        // Proposals and what they need do not stand in line behind what may be proposed later.
        let lane = WorkerPool(width: max(2, ProcessInfo.processInfo.activeProcessorCount))
        inbox = TransactionInbox(mempool: mempool, lane: lane, workers: workers)
        let parts = EvidenceInbox.Parts(
            judge: { [view] in try view.trust().judge(evidence: $0) },
            deliver: { relay.service?.engine?.deliver($0) ?? false },
            punish: { [network] in network.punish($0, for: $1) })
        evidence = EvidenceInbox(parts, lane: lane)
        assembler = PayloadAssembler(mempool: mempool, inbox: inbox, workers: lane)
        server = PayloadServer(view: view, workers: lane)
        adopt(registry)
        relay.bind(self)
        assembler.bind(self)
    }

    /// Lets the engine hear what comes from now on.
    package func bind(_ engine: SimplexEngine, synchroniser: SyncService) {
        state.withLock { ($0.engine, $0.synchroniser) = (engine, synchroniser) }
    }

    var engine: SimplexEngine? { state.withLock { $0.engine } }
    private var synchroniser: SyncService? { state.withLock { $0.synchroniser } }

    /// Takes over who belongs to the chain.
    package func update(_ registry: PeerRegistry) {
        adopt(registry)
        network.update(registry)
    }

    private func adopt(_ registry: PeerRegistry) {
        state.withLock { state in
            (state.nodes, state.keys) = ([:], [:])
            for entry in registry.entries {
                guard let key = entry.validatorKey else { continue }
                state.nodes[key] = entry.nodeID
                state.keys[entry.nodeID] = key
            }
        }
    }

    func node(of validator: Hash32) -> Hash32? { state.withLock { $0.nodes[validator] } }
    func validator(at node: Hash32) -> Hash32? { state.withLock { $0.keys[node] } }

    /// Runs until the task is cancelled.
    package func run() async throws { try await network.run() }

    // MARK: From the mempool

    /// Tells the peers of transactions that this node took in.
    package func announce(_ transactions: [SubmittedTransaction]) { outbox.add(transactions) }

    /// Tells the peers where this node is.
    package func announceHead() {
        let head = view.head
        network.announce(headHeight: head.height)
        network.broadcast(.status(peerHead(head)))
    }

    private func peerHead(_ head: ApplicationHead) -> PeerHead {
        let certified = (try? view.certifiedHeader(head.height)) ?? nil
        return PeerHead(
            height: head.height, hash: head.blockHash, epoch: head.plan.epoch, finalised: certified?.wire.encoded() ?? [])
    }

    private func note(_ change: PeerChange) {
        switch change {
        case .connected(let node, let height):
            log.info("A peer is connected.", metadata: ["peer": "\(node)", "height": "\(height)"])
            _ = network.send(.status(peerHead(view.head)), to: node)
            synchroniser?.joined(node, headHeight: height)
        case .disconnected(let node, let error):
            log.info("A peer is gone.", metadata: ["peer": "\(node)", "why": "\(error.name)"])
            synchroniser?.left(node)
        case .banned(let node, let error):
            log.warning("A peer broke the protocol.", metadata: ["peer": "\(node)", "why": "\(error.name)"])
            synchroniser?.left(node)
        }
    }

    // MARK: Frames

    private func receive(_ received: ReceivedFrame) -> FrameDisposition {
        let peer = received.peer
        switch received.frame {
        case .consensus(let bytes): receive(consensus: bytes, from: peer)
        case .evidence(let bytes): evidence.receive(bytes, from: peer)
        case .status(let head): synchroniser?.status(head, from: peer)
        case .payloadRequest(let request): server.answer(request, engine: engine) { [network] in network.send(.payload($0), to: peer) }
        case .proposal(let block):
            assembler.receive(block, from: peer, proposer: validator(at: peer)) { [network] in network.release(received) }
            return .held
        case .payload(let response):
            assembler.receive(response, from: peer) { [network] in network.release(received) }
            return .held
        case .transactions(let transactions):
            inbox.receive(transactions) { [network, outbox] known in
                outbox.note(known: known)
                network.release(received)
            }
            return .held
        default: _ = synchroniser?.handle(received.frame, from: peer)
        }
        return .consumed
    }

    private func receive(consensus bytes: [UInt8], from peer: Hash32) {
        do throws(ConsensusError) {
            engine?.receive(try ConsensusMessage(decoding: bytes), from: validator(at: peer))
        } catch {
            network.punish(peer, for: error)
        }
    }

    // MARK: ConsensusNetwork

    package func began(_ context: EpochContext) { assembler.settle(view.head.height) }

    package func broadcast(_ message: ConsensusMessage) { network.broadcast(.consensus(message.encoded)) }

    package func send(_ message: ConsensusMessage, to validator: Hash32) {
        guard let node = node(of: validator) else { return }
        _ = network.send(.consensus(message.encoded), to: node)
    }

    package func distribute(_ payload: BlockPayload) {
        network.broadcast(.proposal(outbox.compact(payload)))
    }

    package func fetch(_ block: BlockReference, from validator: Hash32?) {
        assembler.want(block, from: validator.flatMap { node(of: $0) })
    }

    package func synchronise(_ block: BlockReference) { synchroniser?.synchronise(to: block.height) }
    package func behind(_ epoch: UInt64) { synchroniser?.behind(epoch: epoch) }
    package func share(_ evidence: ProvenEquivocation) { network.broadcast(.evidence(evidence.bytes)) }

    package func punish(_ validator: Hash32, _ error: ConsensusError) {
        guard let node = node(of: validator) else { return }
        network.punish(node, for: error)
    }

    /// Forgets what is of no use once `height` is committed.
    package func committed(_ height: UInt64) {
        assembler.settle(height)
        synchroniser?.committed(height)
    }
}

/// Reaches the service from the callbacks of its own network, and does not keep it alive.
private final class Relay: Sendable {
    private struct Weak: Sendable { weak var service: PeerService? }
    private let target = Mutex(Weak())

    var service: PeerService? { target.withLock { $0.service } }
    func bind(_ service: PeerService) { target.withLock { $0.service = service } }
}
