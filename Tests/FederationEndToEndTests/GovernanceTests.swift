import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Node
import Primitives
import Testing
import WireTypes

extension Federations {
    /// Validators come and go by vote, while the chain runs.
    struct `Governance of a running chain` {
        static let viewTimeout = 1_000

        @Test func `one validator becomes two and four, and one again`() async throws {
            let growing = try await GrowingFederation(newcomers: 3, viewTimeout: Self.viewTimeout)
            defer { growing.stop() }
            let monitor = HeightMonitor(growing.nodes)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await monitor.run() }
                defer { monitor.stop() }
                try await growing.add(1)
                try await growing.expectVoters(2)
                try await growing.add(2)
                try await growing.add(3)
                try await growing.expectVoters(4)
                try await growing.transfer(through: 3, seenBy: 4)
                try await growing.remove(3)
                try await growing.remove(2)
                try await growing.expectVoters(2)
                try await growing.remove(1)
                try await growing.expectVoters(1)
                try await growing.transfer(through: 0, seenBy: 1)
            }
            print("from one validator to four and back: \(monitor.height) blocks, longest wait for one \(monitor.longest)")
            #expect(monitor.longest.time <= .milliseconds(3 * Self.viewTimeout), "by the clock: the longest wait for a block")
        }
    }
}

/// A chain of one validator, and nodes that follow it from its first block and may become validators.
final class GrowingFederation {
    private struct Member {
        let node: NodeProcess
        let account: SigningKey
        let registration: WireValidatorNode
        let possession: [UInt8]

        var validator: Hash32 { Hash32(registration.validator) ?? .zero }
    }

    private let federation: ProcessFederation
    private var members: [Member] = []
    private let folder = NSTemporaryDirectory() + "jupiter-newcomers-" + UUID().uuidString

    var nodes: [NodeProcess] { members.map(\.node) }

    init(newcomers: Int, viewTimeout: Int) async throws {
        federation = try ProcessFederation(validators: 1, accounts: 1) { initialiser in
            (initialiser.parameters.epochLength, initialiser.parameters.epochMinimum) = (50, 4)
            initialiser.parameters.idleInterval = 100
            initialiser.configuration.viewTimeout = viewTimeout
        }
        let first = federation.members[0]
        members = [
            Member(
                node: federation.nodes[0], account: try Self.account(first.home),
                registration: Self.registration(first.validator, first.nodeID, first.endpoint, first.account), possession: [])
        ]
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for position in 1...newcomers {
            members.append(
                try Self.newcomer(
                    federation.genesis, home: "\(folder)/\(position)", bootstrap: "\(first.nodeID)@\(first.endpoint)",
                    viewTimeout: viewTimeout))
        }
        // The first node lets them follow before they are validators.
        let known = members.dropFirst().map { "\(Hash32($0.registration.nodeID) ?? .zero)@\($0.registration.endpoint)" }
        for (position, member) in members.enumerated() {
            try member.node.start(position == 0 ? ["JUPITER_BOOTSTRAP_PEERS": known.joined(separator: ",")] : [:])
        }
        try await federation.wait("a first block everywhere", for: nodes) { $0 >= 1 }
        var builder = try await nodes[0].client.builder(for: federation.accounts[0])
        for member in members.dropFirst() {
            var transfer = WireTransfer()
            (transfer.to, transfer.amount) = (.init(member.account.address.bytes), 1_000)
            try await nodes[0].client.commit(builder.sign(.transfer(transfer)))
        }
    }

    private static func account(_ home: NodeHome) throws -> SigningKey {
        try KeyFile.read(home.operatorKeyFile, passphrase: NodeProcess.passphrase)
    }

    private static func registration(
        _ validator: Hash32, _ node: Hash32, _ endpoint: String, _ account: Address
    ) -> WireValidatorNode {
        var registration = WireValidatorNode()
        (registration.validator, registration.nodeID) = (.init(validator.bytes), .init(node.bytes))
        (registration.endpoint, registration.account) = (endpoint, .init(account.bytes))
        return registration
    }

    private static func newcomer(_ genesis: Genesis, home path: String, bootstrap: String, viewTimeout: Int) throws -> Member {
        var initialiser = NodeInitialiser(chainID: genesis.chainID)
        initialiser.configuration.peerPort = try NodeInitialiser.freePort()
        initialiser.configuration.bootstrapPeers = bootstrap
        initialiser.configuration.viewTimeout = viewTimeout
        initialiser.configuration.logLevel = "warning"
        let home = NodeHome(jupiterHome: path, chainID: genesis.chainID)
        try FileManager.default.createDirectory(atPath: path + "/node", withIntermediateDirectories: true)
        let made = try initialiser.join(genesis, home, passphrase: NodeProcess.passphrase)
        let endpoint = "127.0.0.1:\(made.configuration.peerPort)"
        return Member(
            node: try NodeProcess(chainID: genesis.chainID, home: path, apiPort: made.configuration.apiPort),
            account: try account(home), registration: registration(made.validator, made.nodeID, endpoint, made.operatorAccount),
            possession: made.possession)
    }

    func stop() {
        for member in members { member.node.end() }
        federation.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Decisions

    func add(_ position: Int) async throws {
        let member = members[position]
        try await decide(.add(member.registration, votingWeight: 1, possession: member.possession))
    }

    func remove(_ position: Int) async throws {
        try await decide(.remove(members[position].validator))
    }

    /// The first validator proposes; the others agree, each through its own node, until that is enough.
    private func decide(_ change: WireChange) async throws {
        let height = try await nodes[0].client.status().height
        let proposed = try await commit(.propose(change, expires: height + 10_000), by: 0)
        let id = try #require(proposed.events.first { $0.type == "governance.proposed" }?.id.flatMap { Hash32(hex: $0) })
        var events = proposed.events
        for voter in members.indices.dropFirst() where !events.contains(where: { $0.type == "governance.passed" }) {
            // Who has no weight yet may not vote, and need not.
            events += (try? await commit(.vote(on: id, agrees: true), by: voter))?.events ?? []
        }
        #expect(events.contains { $0.type == "governance.passed" })
    }

    private func commit(_ message: WireMessage, by position: Int) async throws -> ReceiptAnswer {
        let client = members[position].node.client
        var builder = try await client.builder(for: members[position].account)
        return try await client.commit(builder.sign(message))
    }

    /// Waits until just the first `count` members vote.
    func expectVoters(_ count: Int) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        var votes: [Double?] = []
        while ContinuousClock.now < deadline {
            votes = []
            for node in nodes { votes.append((try? await node.metrics())?["jupiter_votes"]) }
            if votes == members.indices.map({ $0 < count ? 1 : 0 }) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ProcessFederation.Stuck(what: "the first \(count) do not vote alone: \(votes)")
    }

    /// A transfer through any node gets its receipt, and the first `count` members have its block.
    func transfer(through position: Int, seenBy count: Int) async throws {
        var builder = try await nodes[position].client.builder(for: federation.accounts[0])
        var transfer = WireTransfer()
        (transfer.to, transfer.amount) = (.init(federation.accounts[0].address.bytes), 1)
        let receipt = try await nodes[position].client.commit(builder.sign(.transfer(transfer)))
        try await federation.wait("the receipt's block", for: Array(nodes.prefix(count))) { $0 >= receipt.height }
    }
}
