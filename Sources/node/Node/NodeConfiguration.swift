import ABCIServer
import Foundation
import FoundationEssentials
import Networking
import Primitives

/// How a node runs: from `node.json` in its home, then the environment (`JUPITER_…`), then flags; the last one wins.
///
/// Unknown keys and values out of range are refused: a node never starts with a setting it did not understand.
package struct NodeConfiguration: Sendable, Equatable {
    /// The address the API listens on.
    package var apiHost = "127.0.0.1"
    /// The API's port; 0 takes a free one.
    package var apiPort = 26_650
    /// A file with the token that callers must show; needed beyond loopback.
    package var apiTokenFile: String?
    /// The enclave's Unix socket; without one the node runs no jobs.
    package var enclaveSocket: String?
    /// Further enclaves' sockets, with commas between: they take over the keys of the vault that they find, and stand in for it.
    package var enclaveSockets: String?
    /// The API of another node of the chain: this node's enclaves take over the keys of an enclave there, and stand in for it.
    package var replicaSource: String?
    /// A file with the token for `replicaSource`.
    package var replicaTokenFile: String?
    /// Whether the operator's account registers an enclave that the chain does not know.
    package var registerEnclave = true
    /// The API of mainnet's node; without one no checkpoints are posted.
    package var mainnetURL: String?
    /// A file with the token for `mainnetURL`.
    package var mainnetTokenFile: String?
    /// Seconds between checkpoints.
    package var checkpointInterval = 10
    package var logLevel = "info"
    package var logJSON = false
    /// The least time between the starts of two blocks, in milliseconds.
    package var blockInterval = 50
    package var mempoolTransactions = 50_000
    package var mempoolBytes = 256 << 20
    /// How many of the newest state versions are kept.
    package var stateVersions = 10_000
    /// How many assessments one command to the enclave holds.
    package var enclaveBatch = 64
    /// The address on which other nodes reach this one.
    package var peerHost = "127.0.0.1"
    /// The port for other nodes; with 0 it neither listens nor asks others, which suits a validator that is alone.
    package var peerPort = 0
    /// Nodes to ask besides those that the state names: `NODEID@HOST:PORT`, with commas between. For a node that joins.
    package var bootstrapPeers: String?
    /// How long a view may take before it is given up, in milliseconds.
    package var viewTimeout = 1_000
    /// How many of the newest blocks are kept; 0 keeps all.
    package var blockHistory = 0
    /// Whether a node without a chain takes the state from its peers instead of executing every block.
    package var stateSync = true
    /// CometBFT's RPC, on a chain that it runs: without it such a node cannot show others that blocks are final.
    package var cometRPC: String?
    /// How long that RPC may take to accept a transaction, in milliseconds.
    package var cometRPCTimeout = 10_000
    /// Which engine decides blocks: our own (`simplex`), or another's behind ABCI (`abci`).
    package var consensus = "simplex"
    /// Where to listen for that other engine: `unix:///path` or `tcp://host:port`.
    package var abci: String?
    /// Whether `abci` may be an address that other machines reach: ABCI knows no authentication.
    package var abciAllowRemote = false
    /// A snapshot for other nodes every so many heights, under an engine that passes them on.
    package var snapshotInterval = 1_000

    package init() {}

    private enum Setting {
        case text(WritableKeyPath<NodeConfiguration, String>)
        case optionalText(WritableKeyPath<NodeConfiguration, String?>)
        case number(WritableKeyPath<NodeConfiguration, Int>, ClosedRange<Int>)
        case flag(WritableKeyPath<NodeConfiguration, Bool>)
    }

    private static var settings: [(key: String, setting: Setting)] {
        [
            ("apiHost", .text(\.apiHost)), ("apiPort", .number(\.apiPort, 0...65_535)),
            ("apiTokenFile", .optionalText(\.apiTokenFile)), ("enclaveSocket", .optionalText(\.enclaveSocket)),
            ("enclaveSockets", .optionalText(\.enclaveSockets)), ("replicaSource", .optionalText(\.replicaSource)),
            ("replicaTokenFile", .optionalText(\.replicaTokenFile)),
            ("registerEnclave", .flag(\.registerEnclave)), ("mainnetURL", .optionalText(\.mainnetURL)),
            ("mainnetTokenFile", .optionalText(\.mainnetTokenFile)), ("checkpointInterval", .number(\.checkpointInterval, 1...86_400)),
            ("logLevel", .text(\.logLevel)), ("logJSON", .flag(\.logJSON)), ("blockInterval", .number(\.blockInterval, 1...60_000)),
            ("mempoolTransactions", .number(\.mempoolTransactions, 1...1_000_000)),
            ("mempoolBytes", .number(\.mempoolBytes, 1 << 20...8 << 30)), ("stateVersions", .number(\.stateVersions, 100...10_000_000)),
            ("enclaveBatch", .number(\.enclaveBatch, 1...64)), ("peerHost", .text(\.peerHost)),
            ("peerPort", .number(\.peerPort, 0...65_535)), ("bootstrapPeers", .optionalText(\.bootstrapPeers)),
            ("viewTimeout", .number(\.viewTimeout, 100...60_000)), ("blockHistory", .number(\.blockHistory, 0...1_000_000_000)),
            ("stateSync", .flag(\.stateSync)), ("cometRPC", .optionalText(\.cometRPC)),
            ("cometRPCTimeout", .number(\.cometRPCTimeout, 100...600_000)), ("consensus", .text(\.consensus)),
            ("abci", .optionalText(\.abci)),
            ("abciAllowRemote", .flag(\.abciAllowRemote)), ("snapshotInterval", .number(\.snapshotInterval, 1...1_000_000)),
        ]
    }

    /// The names of all settings, as in `node.json`.
    package static var keys: [String] { settings.map(\.key) }

    /// The environment variable of a setting: `apiPort` is `JUPITER_API_PORT`.
    package static func environmentName(_ key: String) -> String {
        var name = "JUPITER_"
        var lastWasUpper = true
        for character in key {
            if character.isUppercase, !lastWasUpper { name.append("_") }
            lastWasUpper = character.isUppercase
            name.append(contentsOf: character.uppercased())
        }
        return name
    }

    /// Sets one setting from its text.
    package mutating func set(_ key: String, to text: String) throws(NodeError) {
        guard let setting = Self.settings.first(where: { $0.key == key })?.setting else {
            throw .invalidConfiguration("there is no setting named \(key)")
        }
        switch setting {
        case .text(let path):
            guard !text.isEmpty else { throw .invalidConfiguration("\(key) is empty") }
            self[keyPath: path] = text
        case .optionalText(let path): self[keyPath: path] = text.isEmpty ? nil : text
        case .number(let path, let range):
            guard let number = Int(text), range.contains(number) else {
                throw .invalidConfiguration("\(key) is a number from \(range.lowerBound) to \(range.upperBound)")
            }
            self[keyPath: path] = number
        case .flag(let path):
            guard text == "true" || text == "false" else { throw .invalidConfiguration("\(key) is true or false") }
            self[keyPath: path] = text == "true"
        }
    }

    /// The configuration of the file's bytes, the environment and the flags.
    package static func load(
        file: [UInt8], environment: [String: String] = [:], flags: [String: String] = [:]
    ) throws(NodeError) -> NodeConfiguration {
        var configuration = NodeConfiguration()
        for (key, text) in try read(file) { try configuration.set(key, to: text) }
        for key in keys { if let text = environment[environmentName(key)] { try configuration.set(key, to: text) } }
        for (key, text) in flags { try configuration.set(key, to: text) }
        try configuration.validate()
        return configuration
    }

    /// A value in the file, as text.
    private struct Value: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                text = flag ? "true" : "false"
            } else if let number = try? container.decode(Int.self) {
                text = String(number)
            } else {
                text = try container.decode(String.self)
            }
        }
    }

    private static func read(_ file: [UInt8]) throws(NodeError) -> [String: String] {
        guard file.count <= 64 << 10, let values = try? JSONDecoder().decode([String: Value].self, from: Data(file)) else {
            throw .invalidConfiguration("node.json is not a JSON object of texts, whole numbers, true and false")
        }
        return values.mapValues(\.text)
    }

    func validate() throws(NodeError) {
        guard ["trace", "debug", "info", "notice", "warning", "error", "critical"].contains(logLevel) else {
            throw .invalidConfiguration("logLevel is trace, debug, info, notice, warning, error or critical")
        }
        guard isLoopback || apiTokenFile != nil else { throw .tokenRequired }
        if let mainnetURL, URL(string: mainnetURL)?.host() == nil { throw .invalidConfiguration("mainnetURL is not a URL") }
        if let replicaSource, URL(string: replicaSource)?.host() == nil { throw .invalidConfiguration("replicaSource is not a URL") }
        if let cometRPC {
            guard let url = URL(string: cometRPC), url.scheme == "http" || url.scheme == "https", url.host() != nil else {
                throw .invalidConfiguration("cometRPC is not a URL of HTTP")
            }
        }
        guard consensus == "simplex" || consensus == "abci" else { throw .invalidConfiguration("consensus is simplex or abci") }
        guard peerPort == 0 || peerPort != apiPort else { throw .invalidConfiguration("apiPort and peerPort are the same") }
        guard try bootstrap().isEmpty || peerPort > 0 else {
            throw .invalidConfiguration("bootstrapPeers needs a peerPort: with 0 the node reaches no other node")
        }
        guard Set(sockets).count == sockets.count, sockets.count <= Self.enclaveLimit, !sockets.contains("") else {
            throw .invalidConfiguration("enclaveSocket and enclaveSockets name at most \(Self.enclaveLimit) sockets, each once")
        }
        try validateEngine()
    }

    /// The most enclaves of one node.
    private static let enclaveLimit = 16

    /// All enclaves' sockets, in order.
    package var sockets: [String] {
        let further = enclaveSockets.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
        return (enclaveSocket.map { [$0] } ?? []) + further
    }

    private func validateEngine() throws(NodeError) {
        guard consensus == "abci" else {
            guard abci == nil else { throw .invalidConfiguration("abci is for consensus abci") }
            return
        }
        guard abci != nil else { throw .invalidConfiguration("consensus abci needs abci, the address the engine finds this node at") }
        _ = try abciAddress()
    }

    /// Where the engine finds this node; `nil` under our own engine.
    package func abciAddress() throws(NodeError) -> ABCIAddress? {
        guard consensus == "abci", let abci else { return nil }
        do throws(ABCIServerError) { return try ABCIAddress(abci, allowsRemote: abciAllowRemote) } catch {
            throw .invalidConfiguration("abci: \(error.reason)")
        }
    }

    /// The most nodes that `bootstrapPeers` may name.
    private static let bootstrapLimit = 64

    /// The nodes that `bootstrapPeers` names.
    package func bootstrap() throws(NodeError) -> [PeerEntry] {
        guard let bootstrapPeers else { return [] }
        let texts = bootstrapPeers.split(separator: ",", omittingEmptySubsequences: false)
        guard texts.count <= Self.bootstrapLimit else {
            throw .invalidConfiguration("bootstrapPeers names more than \(Self.bootstrapLimit) nodes")
        }
        var peers: [PeerEntry] = []
        for text in texts {
            let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let node = Hash32(hex: parts[0]), (try? PeerEndpoint(parts[1])) != nil else {
                throw .invalidConfiguration("bootstrapPeers is a list of NODEID@HOST:PORT with commas between")
            }
            peers.append(PeerEntry(nodeID: node, validatorKey: nil, endpoint: parts[1]))
        }
        return peers
    }

    /// Whether only this machine reaches the API.
    package var isLoopback: Bool { apiHost == "127.0.0.1" || apiHost == "::1" || apiHost == "localhost" }

    /// The text of `node.json`: every setting that is not empty.
    package var json: String {
        let lines = Self.settings.compactMap { key, setting -> String? in
            switch setting {
            case .text(let path): "  \"\(key)\": \(Self.quote(self[keyPath: path]))"
            case .optionalText(let path): self[keyPath: path].map { "  \"\(key)\": \(Self.quote($0))" }
            case .number(let path, _): "  \"\(key)\": \(self[keyPath: path])"
            case .flag(let path): "  \"\(key)\": \(self[keyPath: path])"
            }
        }
        return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
    }

    private static func quote(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
