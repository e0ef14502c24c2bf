import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Node
import Primitives
import Testing
import WireTypes

/// A chain whose validators are processes of this machine.
final class ProcessFederation {
    let folder: String
    let genesis: Genesis
    let nodes: [NodeProcess]
    let members: [FederationInitialiser.Member]
    /// What each account begins with, in micro-JUPT.
    static let balance: UInt64 = 1_000_000_000
    /// Funded accounts to send from.
    let accounts: [SigningKey]
    /// Between the nodes, if they can be cut.
    let lines: PeerLines?

    init(
        validators: Int, accounts count: Int = 4, environment: [String: String] = [:], canBeCut: Bool = false,
        adjust: (inout FederationInitialiser) -> Void = { _ in }
    ) throws {
        folder = NSTemporaryDirectory() + "jupiter-processes-" + UUID().uuidString
        var initialiser = FederationInitialiser(
            chainID: "jupiter-test", seats: (0..<validators).map { _ in FederationInitialiser.Seat(host: "127.0.0.1") })
        accounts = (0..<count).map { _ in SigningKey.ed25519() }
        initialiser.allocations = accounts.map { ($0.address, Self.balance) }
        initialiser.configuration.logLevel = "warning"
        adjust(&initialiser)
        let made = try initialiser.initialise(folder, passphrases: .shared(NodeProcess.passphrase))
        (genesis, members) = (made.genesis, made.members)
        var places: [PeerLines.Place] = []
        nodes = try made.members.map { member in
            var environment = environment
            // The port by which the others know it leads to this one.
            let actual = try NodeInitialiser.freePort()
            if canBeCut { environment["JUPITER_PEER_PORT"] = "\(actual)" }
            let node = try NodeProcess(
                chainID: "jupiter-test", home: member.jupiterHome, apiPort: member.configuration.apiPort, environment: environment)
            places.append(
                PeerLines.Place(known: member.configuration.peerPort, actual: actual, processID: { node.processID }))
            return node
        }
        lines = canBeCut ? try PeerLines(places) : nil
    }

    /// Starts all of them, and waits until each has a block.
    func start() async throws {
        for node in nodes { try node.start() }
        try await wait("a first block everywhere", for: nodes) { height in height >= 1 }
    }

    func stop() {
        for node in nodes { node.end() }
        lines?.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    deinit { stop() }

    /// Waits until the heights of `some` nodes satisfy `condition`, or `seconds` are over.
    func wait(
        _ what: String, for some: [NodeProcess], seconds: Double = 60, until condition: (UInt64) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
        var heights: [UInt64?] = []
        while ContinuousClock.now < deadline {
            heights = []
            for node in some { heights.append(await node.height()) }
            if heights.allSatisfy({ $0.map(condition) ?? false }) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        let logs = some.map { "\($0.home): \($0.isRunning) \($0.logTail)" }.joined(separator: "\n")
        throw Stuck(what: "\(what) did not come about: heights \(heights)\n\(logs)")
    }

    /// Waits until the node has the receipt of a transaction, longer than one request may take.
    func receipt(_ id: Hash32, at node: NodeProcess, seconds: Double = 60) async throws -> ReceiptAnswer {
        let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
        while ContinuousClock.now < deadline {
            if let receipt = try? await node.client.receipts([id])[id] { return receipt }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Stuck(what: "no receipt at \(node.home): \(node.logTail)")
    }

    /// The test cannot go on.
    struct Stuck: Error, CustomStringConvertible {
        let what: String
        var description: String { what }
    }

    /// The greatest height of the nodes that are up.
    func tallest() async -> UInt64 {
        var tallest: UInt64 = 0
        for node in nodes where node.isUp { tallest = max(tallest, await node.height() ?? 0) }
        return tallest
    }

    /// Headers of `heights` as one node has them; each must have a certificate of its own.
    func headers(_ heights: some Sequence<UInt64>, of node: NodeProcess) async throws -> [BlockHeader] {
        var headers: [BlockHeader] = []
        for height in heights { headers.append(try await node.header(height)) }
        return headers
    }

    /// A transfer of `key`'s account to itself.
    static func transfer(_ genesis: Genesis, from key: SigningKey, nonce: UInt64) throws -> SubmittedTransaction {
        var message = WireMessage()
        message.transfer.to = .init(key.address.bytes)
        message.transfer.amount = 1
        var body = WireTransactionBody()
        body.chainID = genesis.chainID
        body.sender = .init(key.address.bytes)
        (body.nonce, body.validUntil, body.fee) = (nonce, 50_000, genesis.parameters.minimumFee)
        body.messages = [message]
        return try SubmittedTransaction(SignedTransaction(signing: body, with: key), sidecars: [])
    }
}

/// The one line of tests that start whole federations: two at once would take each other's processors.
@Suite(.serialized, .enabled(if: Program.path != nil, "jupiter is not built")) enum Federations {}
