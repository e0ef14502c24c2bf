import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LocalFederation
import Node
import Primitives
import WireTypes

/// `jupiter node …`
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Make, run, back up and restore a node.",
        discussion: """
            A node is one folder, node/CHAIN in the home: genesis, keys under your passphrase, node.json, data.

            EXAMPLE
              jupiter node init jupiter-sg
              jupiter enclave start jupiter-sg &
              jupiter node start jupiter-sg
            """,
        subcommands: [NodeInit.self, NodeStart.self, NodeStatusCommand.self, NodeBackup.self, NodeRestore.self])
}

/// What a chain's quorum promises.
enum ProfileOption: String, ExpressibleByArgument, CaseIterable {
    case byzantine, crash

    var wire: WireQuorumProfile { self == .byzantine ? .byzantine : .crash }
}

/// `ADDRESS=AMOUNT`.
struct AllocationOption: ExpressibleByArgument {
    let account: Address
    let amount: UInt64

    init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let account = try? Address(text: parts[0]), let amount = UInt64(parts[1]) else { return nil }
        (self.account, self.amount) = (account, amount)
    }
}

struct NodeInit: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the home of a new chain with one validator.",
        discussion: """
            Writes genesis, validator and operator key (under your passphrase) and node.json with a free port.

            EXAMPLE
              jupiter node init jupiter-sg --allow-simulated-enclaves
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var passphrase: PassphraseOptions
    @Argument(help: "The chain's id: lowercase letters, digits, hyphens.")
    var chain: String
    @Option(help: "byzantine (tolerates liars) or crash (tolerates stops only).")
    var profile: ProfileOption = .byzantine
    @Flag(help: "Admit enclaves without hardware protection: for trying things out.")
    var allowSimulatedEnclaves = false
    @Option(name: .customLong("allocate"), help: ArgumentHelp("First balance in micro-JUPT; may be repeated.", valueName: "address=amount"))
    var allocations: [AllocationOption] = []
    @Option(help: "Port of the API (default: 7340, or a free one when that is taken).")
    var port: Int?

    /// Where clients look when nobody tells them.
    private static let usualPort = 7340

    func answer() async throws -> Answer {
        var initialiser = NodeInitialiser(chainID: chain)
        initialiser.profile = profile.wire
        initialiser.allowSimulatedEnclaves = allowSimulatedEnclaves
        initialiser.allocations = allocations.map { ($0.account, $0.amount) }
        guard (0...65_535).contains(port ?? 0) else { throw CommandError.badArgument("--port is from 0 to 65535") }
        // 0 stands for a free port.
        initialiser.configuration.apiPort = port ?? (FreePort.isFree(Self.usualPort) ? Self.usualPort : 0)
        try PrivateFile.makeFolder(global.homePath + "/node")
        let made = try initialiser.initialise(
            NodeHome(jupiterHome: global.homePath, chainID: chain), passphrase: passphrase.passphrase(new: true))
        let url = "http://\(made.configuration.apiHost):\(made.configuration.apiPort)"
        return Answer(
            [
                "chain": .text(chain), "home": .text(made.home.path), "genesisHash": .text(made.genesis.hash.description),
                "operator": .text(made.operatorAccount.description), "url": .text(url),
            ],
            text: """
                made \(made.home.path)
                genesis \(made.genesis.hash)
                operator \(made.operatorAccount)
                start it: jupiter node start \(chain)   then: export JUPITER_NODE=\(url)
                """)
    }
}

struct NodeStatusCommand: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how a node is.",
        discussion: """
            EXAMPLE
              jupiter node status --node http://127.0.0.1:7340
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions

    func answer() async throws -> Answer {
        let json = try await node.client().json("/v1/status")
        return Answer(json, text: Generic.lines(json))
    }
}

struct NodeBackup: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy a stopped node into a new folder.",
        discussion: """
            Keys in the copy stay encrypted with the node's passphrase.

            EXAMPLE
              jupiter node backup jupiter-sg --to /backup/jupiter-sg
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The chain's id.")
    var chain: String
    @Option(help: ArgumentHelp("Where it goes.", valueName: "dir"))
    var to: String

    func answer() async throws -> Answer {
        let manifest = try JupiterNode.backup(NodeHome(jupiterHome: global.homePath, chainID: chain), to: to)
        return Backups.answer(manifest, "backed up \(chain) to \(to)")
    }
}

struct NodeRestore: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a node's home from a backup, after checking it.",
        discussion: """
            Never run the restored validator beside the one it was copied from.

            EXAMPLE
              jupiter node restore jupiter-sg --from /backup/jupiter-sg
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The chain's id.")
    var chain: String
    @Option(help: ArgumentHelp("The backup.", valueName: "dir"))
    var from: String

    func answer() async throws -> Answer {
        try PrivateFile.makeFolder(global.homePath + "/node")
        let manifest = try JupiterNode.restore(from: from, to: NodeHome(jupiterHome: global.homePath, chainID: chain))
        return Backups.answer(manifest, "restored \(chain) from \(from)")
    }
}

private enum Backups {
    static func answer(_ manifest: BackupManifest, _ text: String) -> Answer {
        Answer(
            [
                "chain": .text(manifest.chainId), "height": JSONValue(manifest.height), "headHash": .text(manifest.headHash),
                "stateRoot": .text(manifest.stateRoot),
            ],
            text: "\(text)\nheight \(manifest.height), head \(manifest.headHash)")
    }
}

/// The operator's key in a node's home.
enum OperatorKey {
    static func read(home: String, chainID: String, passphrase: String) throws -> SigningKey {
        try KeyFile.read(NodeHome(jupiterHome: home, chainID: chainID).operatorKeyFile, passphrase: passphrase)
    }
}
