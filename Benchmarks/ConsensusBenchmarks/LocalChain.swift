import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LocalFederation
import Node
import WireTypes

/// A chain whose validators are processes of this machine.
struct LocalChain {
    private static let passphrase = "only of the benchmark"

    let genesis: Genesis
    let clients: [NodeClient]
    private let processes: [ChildProcess]
    private let folder: URL

    /// Starts `validators` nodes and waits until each is connected to all others and has a block.
    ///
    /// - Parameters:
    ///   - chainID: part of every transaction, so its length decides on their size.
    ///   - accounts: have a balance from the start.
    init(
        _ chainID: String, validators: Int, profile: WireQuorumProfile, accounts: [Address], in folder: URL
    ) async throws {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path + "/jupiter"
        guard FileManager.default.isExecutableFile(atPath: program) else { throw ConsensusBenchmarkError.noProgram(program) }
        var initialiser = FederationInitialiser(
            chainID: chainID, seats: (0..<validators).map { _ in FederationInitialiser.Seat(host: "127.0.0.1") })
        initialiser.profile = profile
        initialiser.allocations = accounts.map { ($0, 1_000_000_000) }
        initialiser.configuration.logLevel = "warning"
        let made = try initialiser.initialise(folder.path, passphrases: .shared(Self.passphrase))
        genesis = made.genesis
        self.folder = folder
        processes = try made.members.enumerated().map { position, member in
            try ChildProcess(
                name: "validator \(position + 1)", executable: program,
                arguments: ["node", "start", chainID, "--home", member.jupiterHome], environment: ["JUPITER_PASSPHRASE": Self.passphrase],
                logPath: folder.path + "/validator-\(position + 1).log")
        }
        clients = try made.members.map { try NodeClient(url: "http://127.0.0.1:\($0.configuration.apiPort)") }
        do { try await waitUntilReady() } catch {
            stop()
            throw error
        }
    }

    private func waitUntilReady() async throws {
        for _ in 0..<600 {
            try checkRunning()
            var ready = 0
            for client in clients {
                guard let numbers = try? await NodeNumbers(client) else { break }
                if numbers["jupiter_peers_connected"] == Double(clients.count - 1), numbers["jupiter_height"] ?? 0 >= 1 { ready += 1 }
            }
            if ready == clients.count { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ConsensusBenchmarkError.notReady(processes.map { "\($0.name): \($0.logTail)" }.joined(separator: "\n"))
    }

    func checkRunning() throws {
        for process in processes where !process.isRunning {
            throw ConsensusBenchmarkError.nodeEnded(name: process.name, log: process.logTail)
        }
    }

    /// Processor time of all nodes together since they started.
    var cpuSeconds: Double {
        get throws { try processes.reduce(0) { try $0 + ProcessTime.of($1.processID) } }
    }

    /// What each node says of itself.
    var numbers: [NodeNumbers] {
        get async throws {
            var all: [NodeNumbers] = []
            for client in clients { all.append(try await NodeNumbers(client)) }
            return all
        }
    }

    /// Ends the nodes and removes what they wrote.
    func stop() {
        for process in processes { process.stop() }
        try? FileManager.default.removeItem(at: folder)
    }
}

/// The metrics of a node at one moment.
struct NodeNumbers {
    static let succeeded = "jupiter_transactions_total{outcome=\"succeeded\"}"
    static let refused = "jupiter_transactions_total{outcome=\"refused\"}"
    static let sent = "jupiter_peer_bytes_sent"
    static let height = "jupiter_height"
    static let median = "jupiter_finality_seconds{quantile=\"0.5\"}"
    static let p99 = "jupiter_finality_seconds{quantile=\"0.99\"}"
    static let finalised = "jupiter_finality_seconds_count"

    private let values: [String: Double]

    init(_ client: NodeClient) async throws {
        let text = String(decoding: try await client.bytes("/metrics"), as: UTF8.self)
        values = text.split(separator: "\n").reduce(into: [:]) { values, line in
            guard !line.hasPrefix("#"), let space = line.lastIndex(of: " ") else { return }
            values[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
    }

    subscript(_ name: String) -> Double? { values[name] }

    func required(_ name: String) throws -> Double {
        // A quantile of nothing is not a number.
        guard let value = values[name], value.isFinite else { throw ConsensusBenchmarkError.unreadable("the metric \(name)") }
        return value
    }
}
