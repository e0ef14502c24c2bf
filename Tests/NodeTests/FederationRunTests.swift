import ChainTypes
import Cryptography
import Foundation
import LightClient
import Node
import Primitives
import Synchronization
import Testing
import WireTypes

/// Nodes of one chain in this process, connected by real sockets.
final class RunningChain {
    static let passphrase = "a passphrase of the test"
    let folder = NSTemporaryDirectory() + "jupiter-federation-" + UUID().uuidString
    let genesis: Genesis
    let alice = SigningKey.ed25519()
    private(set) var nodes: [JupiterNode]
    /// Of all validators, also of those whose nodes do not run.
    let homes: [NodeHome]
    private var runs: [Task<Void, any Error>] = []
    /// The accounts that the validators govern with.
    let operators: [SigningKey]

    /// - Parameter absent: how many of the last validators have no node.
    init(validators: Int, absent: Int = 0, parameters change: (inout WireParameters) -> Void = { _ in }) throws {
        var initialiser = FederationInitialiser(
            chainID: "jupiter-test", seats: (0..<validators).map { _ in FederationInitialiser.Seat(host: "127.0.0.1") })
        initialiser.allocations = [(alice.address, 1_000_000_000)]
        initialiser.configuration.blockInterval = 5
        initialiser.configuration.logLevel = "critical"
        change(&initialiser.parameters)
        let made = try initialiser.initialise(folder, passphrases: .shared(Self.passphrase))
        genesis = made.genesis
        operators = try made.members.map { try KeyFile.read($0.home.operatorKeyFile, passphrase: Self.passphrase) }
        homes = made.members.map(\.home)
        nodes = try made.members.dropLast(absent).map {
            try JupiterNode(home: $0.home, configuration: $0.home.configuration(environment: [:]), passphrase: Self.passphrase)
        }
    }

    func start() { runs = nodes.map { node in Task { try await node.run() } } }

    func stop() async throws {
        for run in runs { run.cancel() }
        for run in runs { try await run.value }
        nodes = []
        try FileManager.default.removeItem(atPath: folder)
    }

    func transfer(nonce: UInt64, fee: UInt64? = nil) throws -> SubmittedTransaction {
        var message = WireMessage()
        message.transfer.to = .init(alice.address.bytes)
        message.transfer.amount = 1
        return try submitted(message, by: alice, nonce: nonce, fee: fee ?? genesis.parameters.minimumFee)
    }

    private func submitted(_ message: WireMessage, by key: SigningKey, nonce: UInt64, fee: UInt64) throws -> SubmittedTransaction {
        var body = WireTransactionBody()
        body.chainID = genesis.chainID
        body.sender = .init(key.address.bytes)
        (body.nonce, body.validUntil, body.fee) = (nonce, 50_000, fee)
        body.messages = [message]
        return try SubmittedTransaction(SignedTransaction(signing: body, with: key), sidecars: [])
    }

    /// Has all validators agree to other parameters.
    func decide(_ parameters: WireParameters) async throws {
        var proposal = WireMessage()
        proposal.proposeChange.change.setParameters = parameters
        proposal.proposeChange.expires = 10_000
        let first = try submitted(proposal, by: operators[0], nonce: 1, fee: genesis.parameters.minimumFee)
        try await nodes[0].intake.submit(first)
        try await wait("the proposal") { try $0.view.receipt(first.transaction.id)?.code == 0 }
        var vote = WireMessage()
        (vote.voteOnProposal.proposal, vote.voteOnProposal.agrees) = (.init(first.transaction.messageIdentifier(0).bytes), true)
        for key in operators[1...2] {
            try await nodes[0].intake.submit(try submitted(vote, by: key, nonce: 1, fee: genesis.parameters.minimumFee))
        }
    }

    /// Waits until `condition` holds for every node, or a minute is over.
    func wait(_ what: String, until condition: (JupiterNode) throws -> Bool) async throws {
        for _ in 0..<6_000 {
            if try nodes.allSatisfy(condition) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("\(what) did not come about: heights \(nodes.map { $0.view.head.height })")
    }
}

@Suite(.serialized) struct `Nodes of four validators` {
    @Test func `commit what any of them takes in, and agree`() async throws {
        let chain = try RunningChain(validators: 4)
        chain.start()
        let transactions = try (1...30).map { try chain.transfer(nonce: $0) }
        // Each node gets some; gaps in the nonces close by gossip.
        for (position, transaction) in transactions.enumerated() {
            try await chain.nodes[position % 4].intake.submit(transaction)
        }
        try await chain.wait("every receipt") { node in
            try transactions.allSatisfy { try node.view.receipt($0.transaction.id)?.code == 0 }
        }
        let height = chain.nodes.map(\.view.head.height).min() ?? 0
        let blocks = try chain.nodes.map { try $0.view.block(height)?.header.hash }
        #expect(height > 0 && Set(blocks).count == 1)
        let proof = try await provenReceipt(chain.nodes[2], transactions[7].transaction.id)
        let receipt = try ReceiptProof.verify(proof, trusted: TrustedState(genesis: chain.genesis))
        #expect(Hash32(receipt.transactionID) == transactions[7].transaction.id)
        try await chain.stop()
    }

    /// The header after the receipt's block takes a moment.
    private func provenReceipt(_ node: JupiterNode, _ id: Hash32) async throws -> WireReceiptProof {
        for _ in 0..<12_000 {
            if let proof = try? node.view.receiptProof(id) { return proof }
            try await Task.sleep(for: .milliseconds(10))
        }
        return try node.view.receiptProof(id)
    }

    @Test func `go through epochs, and light clients follow`() async throws {
        let chain = try RunningChain(validators: 4) { ($0.epochLength, $0.epochMinimum, $0.idleInterval) = (10, 5, 20) }
        chain.start()
        try await chain.wait("three epochs") { $0.view.head.plan.epoch >= 3 }
        var client = LightVerifier(genesis: chain.genesis)
        let view = chain.nodes[1].view
        for certified in try view.path(after: 0) { try client.accept(certified) }
        #expect(client.trusted.epoch >= 3)
        try await chain.stop()
    }

    @Test func `obey what governance decides about blocks and fees`() async throws {
        let chain = try RunningChain(validators: 4) { ($0.epochLength, $0.epochMinimum, $0.idleInterval) = (1_000, 5, 20) }
        chain.start()
        var parameters = chain.genesis.parameters
        (parameters.maximumBlockTransactions, parameters.minimumFee) = (2, 4)
        try await chain.decide(parameters)
        try await chain.wait("the new rules") { $0.view.head.plan.parameters == parameters }
        let height = chain.nodes.map(\.view.head.height).max() ?? 0
        await #expect(throws: TransactionError.feeTooLow) { try await chain.nodes[1].intake.submit(chain.transfer(nonce: 1)) }
        let transactions = try (1...12).map { try chain.transfer(nonce: $0, fee: 4) }
        for transaction in transactions { try await chain.nodes[2].intake.submit(transaction) }
        try await chain.wait("every receipt") { node in
            try transactions.allSatisfy { try node.view.receipt($0.transaction.id)?.code == 0 }
        }
        let view = chain.nodes[3].view
        let counts = try (height + 1...view.head.height).map { try view.block($0)?.transactions.count ?? 0 }
        #expect(counts.allSatisfy { $0 <= 2 } && counts.reduce(0, +) == 12)
        try await chain.stop()
    }
}
