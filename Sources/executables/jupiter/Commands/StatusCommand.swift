import ArgumentParser
import Foundation
import JupiterClient

/// `jupiter status`
struct StatusCommand: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how a chain and its node are: head, epoch, votes, plan, peers.",
        discussion: """
            EXAMPLE
              jupiter status --node http://127.0.0.1:7340
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions

    func answer() async throws -> Answer { try await StatusText.answer(node.client()) }
}

/// `jupiter peers`
struct PeersCommand: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers", abstract: "List the chain's other nodes and whether this one is connected to them.",
        discussion: """
            EXAMPLE
              jupiter peers --node http://127.0.0.1:7340
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions

    func answer() async throws -> Answer {
        let client = try node.client()
        let json = try await client.json("/v1/peers")
        let answer = try await client.peers()
        var table = TextTable(["NODE", "VALIDATOR", "ENDPOINT", "STATE", "HEIGHT", "ROUND TRIP", "LAST ERROR"])
        for peer in answer.peers {
            table.append([
                ShortKey.text(peer.nodeId), peer.validator.map(ShortKey.text) ?? "-", peer.endpoint, Self.state(peer),
                peer.height.map { String($0) } ?? "-", peer.roundTripMicroseconds.map { Self.milliseconds($0) } ?? "-",
                peer.lastError ?? "-",
            ])
        }
        let own = answer.nodeId.map { "this node \($0)\n" } ?? ""
        return Answer(json, text: own + (table.isEmpty ? "no other nodes: the state names none" : table.text))
    }

    private static func state(_ peer: PeerAnswer) -> String {
        if peer.connected { return peer.direction ?? "connected" }
        return peer.bannedForMilliseconds.map { "banned for \(($0 + 999) / 1000) s" } ?? "not connected"
    }

    private static func milliseconds(_ microseconds: UInt64) -> String {
        "\(microseconds / 1000).\(microseconds % 1000 / 100) ms"
    }
}

/// The status of a node for people.
enum StatusText {
    static func answer(_ client: NodeClient) async throws -> Answer {
        let json = try await client.json("/v1/status")
        return Answer(json, text: text(try await client.status(), now: Display.now))
    }

    static func text(_ status: NodeStatus, now: UInt64) -> String {
        let age = status.time == 0 || now < status.time ? "" : ", \((now - status.time) / 1000) s old"
        var lines = [
            ("chain", "\(status.chainId), \(status.profile), genesis \(status.genesisHash)"),
            ("head", "\(status.height)\(age), \(status.headHash)"),
            (
                "epoch",
                "\(status.epoch): \(Counted.text(status.validators.voting, "validator")) with weight \(status.validators.totalWeight)"
            ),
        ]
        if let consensus = status.consensus {
            let isOwn = consensus.leader != nil && consensus.leader == consensus.validator
            let leader = consensus.leader.map { ", led by \(isOwn ? "this node" : ShortKey.text($0))" } ?? ""
            lines.append(("view", "\(consensus.view)\(leader); \(Counted.text(consensus.timeouts, "timeout")) since the start"))
            let key = consensus.validator.map { " as \(ShortKey.text($0))" } ?? ""
            lines.append(
                ("this node", consensus.votes ? "votes\(key)" : "follows\(key.isEmpty ? "" : "; its validator is \(key.dropFirst(4))")"))
        }
        for (position, change) in status.plan.enumerated() { lines.append((position == 0 ? "plan" : "", Plan.text(change))) }
        if status.parametersChange { lines.append((status.plan.isEmpty ? "plan" : "", "other parameters from the next epoch on")) }
        if status.plan.isEmpty, !status.parametersChange { lines.append(("plan", "nothing waits")) }
        lines.append(("peers", "\(status.peers.connected) of \(status.peers.known) connected"))
        lines.append(("sync", status.sync.target.map { "\(status.sync.state), towards \($0)" } ?? status.sync.state))
        lines.append(("mempool", "\(Counted.text(status.mempool.transactions, "transaction")), \(status.mempool.bytes) bytes"))
        if let enclave = status.enclave {
            let state = enclave.serving == true ? "serves" : enclave.connected ? "connected, does not serve" : "not connected"
            let name = enclave.label ?? enclave.platform ?? ""
            var text = state + (name.isEmpty ? "" : ", \(name)")
            if let assurance = enclave.assurance { text += ", assurance \(assurance)" }
            if let reason = enclave.suspension { text += ", suspended: \(reason)" }
            if let expires = enclave.expires { text += ", evidence until \(Display.time(expires))" }
            lines.append(("enclave", text))
        }
        lines.append(("version", status.nodeVersion))
        let width = lines.map(\.0.count).max() ?? 0
        return lines.map { $0 + String(repeating: " ", count: width - $0.count + 2) + $1 }.joined(separator: "\n")
    }
}

/// What is decided and not done.
enum Plan {
    static func text(_ change: PendingChangeAnswer) -> String {
        let when = change.epoch.map { "from epoch \($0) on" } ?? "waits"
        let what = change.from == change.to ? change.status : "weight \(change.from) to \(change.to)"
        return "\(ShortKey.text(change.validator)) \(what), \(when)"
    }
}
