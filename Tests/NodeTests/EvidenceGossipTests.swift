import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Modules
import Networking
import Node
import Primitives
import Synchronization
import Testing
import WireTypes

/// Holds the place of a validator's node, with its keys: says what it wants, and writes down what it is told.
private final class LyingPeer: Sendable {
    let network: PeerNetwork
    let key: SigningKey
    private let heard: HeardEvidence
    private let genesis: Genesis
    private let position: Int

    init(_ chain: RunningChain, position: Int) throws {
        (genesis, self.position) = (chain.genesis, position)
        let home = chain.homes[position]
        key = try KeyFile.read(home.validatorKeyFile, passphrase: RunningChain.passphrase)
        let heard = HeardEvidence()
        self.heard = heard
        let entries = chain.genesis.wire.nodes.compactMap { node in
            Hash32(node.nodeID).map { PeerEntry(nodeID: $0, validatorKey: Hash32(node.validator), endpoint: node.endpoint) }
        }
        network = try PeerNetwork(
            identity: home.peerIdentity(passphrase: RunningChain.passphrase), chainID: genesis.chainID, genesis: genesis.hash,
            host: "127.0.0.1", port: 0, registry: PeerRegistry(entries),
            onFrame: { received in
                if case .evidence(let bytes) = received.frame { heard.add(bytes) }
                return .consumed
            })
    }

    /// The evidence that others sent.
    var evidence: [[UInt8]] { heard.all }

    func isConnected(to node: Hash32) -> Bool { network.peers.contains { $0.nodeID == node && $0.connected } }

    /// Two votes of one validator in one view, with signatures that hold only for its own key, and not when they are forged.
    func evidence(against signer: Int, view: UInt64, epoch: UInt64 = 0, isForged: Bool) throws -> [UInt8] {
        func vote(_ block: Hash32) throws -> WireVote {
            var vote = WireVote()
            (vote.epoch, vote.view, vote.height, vote.kind, vote.signer) = (epoch, view, 1, .notarise, UInt32(signer))
            vote.block = .init(block.bytes)
            let statement = EquivocationRules.statement(vote, profile: genesis.wire.profile, chainID: genesis.chainID)
            vote.signature = .init(isForged ? [UInt8](repeating: 7, count: 64) : try key.sign(statement, context: .vote))
            return vote
        }
        return EquivocationRules.evidence(try vote(Hash32(1, 1, 1, 1)), try vote(Hash32(2, 2, 2, 2))).encoded()
    }
}

private final class HeardEvidence: Sendable {
    private let pieces = Mutex<[[UInt8]]>([])
    var all: [[UInt8]] { pieces.withLock { $0 } }
    func add(_ bytes: [UInt8]) { pieces.withLock { $0.append(bytes) } }
}

@Suite struct `Evidence between nodes` {
    /// The fourth validator's node is the test's.
    @Test func `forgeries end with their sender's ban; what is true reaches a block all the same`() async throws {
        let chain = try RunningChain(validators: 4, absent: 1) { ($0.epochLength, $0.epochMinimum, $0.idleInterval) = (1_000, 5, 20) }
        chain.start()
        let liar = try LyingPeer(chain, position: 3)
        let running = Task { try await liar.network.run() }
        let ids = try chain.nodes.map { try #require($0.nodeID) }
        try await eventually("the peer is connected") { ids.allSatisfy(liar.isConnected) }

        // More than a pool holds, against everybody, each another pair of votes.
        for view in UInt64(1)...1_500 {
            _ = liar.network.send(.evidence(try liar.evidence(against: Int(view % 4), view: view, isForged: true)), to: ids[0])
        }
        func isBanned(by node: JupiterNode) -> Bool {
            node.peerViews.contains { $0.nodeId == "\(liar.network.identity.nodeID)" && $0.bannedForMilliseconds != nil }
        }
        try await eventually("the forger is banned") { isBanned(by: chain.nodes[0]) }

        // Of an epoch that has not begun: nobody can say that it is false.
        let early = try liar.evidence(against: 3, view: 1, epoch: 900, isForged: false)
        let proof = try liar.evidence(against: 3, view: 1, isForged: false)
        for bytes in [early, proof] { #expect(liar.network.send(.evidence(bytes), to: ids[1]) == .queued) }
        let offender = try #require(Hash32(liar.key.verificationKey.bytes))
        try await chain.wait("the conviction") { try $0.view.trust().validator(offender)?.status == .jailed }
        #expect(!isBanned(by: chain.nodes[1]) && !isBanned(by: chain.nodes[2]))
        for node in chain.nodes {
            let blocks = try (1...node.view.head.height).compactMap { try node.view.block($0) }
            #expect(blocks.flatMap(\.evidence) == [proof])
        }
        // It was passed on, to its sender too; nothing else was.
        try await eventually("the evidence is passed on") { !liar.evidence.isEmpty }
        #expect(Set(liar.evidence) == [proof])
        // Nobody passed a forgery on, or it would have been banned for it.
        for node in chain.nodes {
            let others = node.peerViews.filter { $0.nodeId != "\(liar.network.identity.nodeID)" }
            #expect(others.count == 2 && others.allSatisfy { $0.bannedForMilliseconds == nil })
        }
        running.cancel()
        try await running.value
        try await chain.stop()
    }
}
