import API
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Logging
import Node
import Primitives
import Testing
import WireTypes

/// Four validators in this process, connected by real sockets; the first serves its API.
private final class FourValidators {
    private static let passphrase = "a passphrase of the test"
    let members: [FederationInitialiser.Member]
    let client: NodeClient
    private let folder = NSTemporaryDirectory() + "jupiter-api-" + UUID().uuidString
    private let runs: [Task<Void, any Error>]

    init() async throws {
        var initialiser = FederationInitialiser(
            chainID: "jupiter-test", seats: (0..<4).map { _ in FederationInitialiser.Seat(host: "127.0.0.1") })
        initialiser.configuration.blockInterval = 5
        (initialiser.parameters.idleInterval, initialiser.parameters.epochMinimum) = (20, 5)
        members = try initialiser.initialise(folder, passphrases: .shared(Self.passphrase)).members
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let nodes = try members.map {
            try JupiterNode(home: $0.home, configuration: $0.configuration, passphrase: Self.passphrase, log: log)
        }
        let (ready, continuation) = AsyncStream<Int>.makeStream()
        let served = nodes[0]
        var runs = [
            Task {
                defer { continuation.finish() }
                try await NodeServer.run(served, token: nil) { continuation.yield($0) }
            }
        ]
        for node in nodes[1...] { runs.append(Task { try await node.run() }) }
        self.runs = runs
        var ports = ready.makeAsyncIterator()
        guard let port = await ports.next() else { throw NodeError.stopping }
        client = try NodeClient(url: "http://127.0.0.1:\(port)")
    }

    /// Commits `message`, signed by the account of a validator.
    @discardableResult
    func commit(_ message: WireMessage, by position: Int) async throws -> ReceiptAnswer {
        let key = try KeyFile.read(members[position].home.operatorKeyFile, passphrase: Self.passphrase)
        var builder = try await client.builder(for: key)
        return try await client.commit(builder.sign(message))
    }

    /// Waits until all are connected and make blocks: on a busy machine that alone takes longer than a receipt is waited for.
    @discardableResult
    func ready() async throws -> NodeStatus {
        try await wait("four connected nodes", client.status) { $0.peers.connected == 3 && $0.height > 0 }
    }

    /// Asks until `condition` holds, or two minutes are over.
    func wait<Value>(_ what: String, _ ask: () async throws -> Value, until condition: (Value) -> Bool) async throws -> Value {
        for _ in 0..<2_400 {
            let value = try await ask()
            if condition(value) { return value }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("\(what) did not come about")
        return try await ask()
    }

    func stop() async throws {
        for run in runs { run.cancel() }
        for run in runs { _ = await run.result }
        try FileManager.default.removeItem(atPath: folder)
    }
}

@Suite(.serialized) struct `Four validators over HTTP` {
    @Test func `decide a weight by three votes, and the plan becomes the set`() async throws {
        let chain = try await FourValidators()
        let (client, target) = (chain.client, chain.members[3].validator)
        let status = try await chain.ready()
        #expect(status.peers.known == 3 && status.validators.voting == 4 && status.validators.totalWeight == 4)
        #expect(status.consensus?.validator == "\(chain.members[0].validator)")
        let leaders = Set(chain.members.map { "\($0.validator)" })
        _ = try await chain.wait("a leader", client.status) { $0.consensus?.leader.map(leaders.contains) == true }
        let peers = try await client.peers()
        #expect(peers.nodeId == "\(chain.members[0].nodeID)")
        #expect(Set(peers.peers.map(\.nodeId)) == Set(chain.members[1...].map { "\($0.nodeID)" }))
        #expect(peers.peers.allSatisfy { $0.validator != nil && $0.direction != nil })

        let expires = try await client.status().height + 100_000
        let receipt = try await chain.commit(.propose(.setVotingWeight(of: target, to: 2), expires: expires), by: 0)
        let id = try #require(receipt.events.first { $0.type == "governance.proposed" }?.id.flatMap { Hash32(hex: $0) })
        let open = try await client.proposals().proposals
        #expect(open.map(\.id) == ["\(id)"] && open.first?.weightFor == 1 && open.first?.quorumWeight == 3)
        #expect(open.first?.status == "open" && open.first?.change["kind"] == "setVotingWeight")
        try await chain.commit(.vote(on: id, agrees: false), by: 1)
        #expect(try await client.proposal(id).weightAgainst == 1)
        try await chain.commit(.vote(on: id, agrees: true), by: 1)
        #expect(try await client.proposal(id).weightAgainst == 0)
        try await chain.commit(.vote(on: id, agrees: true), by: 2)
        let decided = try await client.proposal(id)
        #expect(decided.status == "passed")
        #expect(try await client.proposals().proposals.isEmpty)
        let after = try await chain.wait("the new weight", client.validators) { $0.totalWeight == 5 }
        #expect(after.pending.isEmpty && after.epoch >= 1 && after.quorumWeight == 4)
        #expect(after.validators.first { $0.key == "\(target)" }?.votingWeight == 2)
        try await chain.stop()
    }

    @Test func `an endpoint moves at once, by its own account only`() async throws {
        let chain = try await FourValidators()
        try await chain.ready()
        let member = chain.members[1]
        let endpoint = "localhost:\(member.configuration.peerPort)"
        let move = WireMessage.updateEndpoint(validator: member.validator, nodeID: member.nodeID, endpoint: endpoint)
        do {
            try await chain.commit(move, by: 2)
            Issue.record("somebody else moved it")
        } catch let refusal as NodeRefusal { #expect(refusal.code == 2002, "\(refusal)") }
        try await chain.commit(move, by: 1)
        let validators = try await chain.client.validators().validators
        #expect(validators.first { $0.key == "\(member.validator)" }?.endpoint == endpoint)
        let peers = try await chain.wait("the new endpoint among the peers", chain.client.peers) { answer in
            answer.peers.contains { $0.nodeId == "\(member.nodeID)" && $0.endpoint == endpoint }
        }
        #expect(peers.peers.count == 3)
        try await chain.stop()
    }
}
