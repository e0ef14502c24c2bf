import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Node
import Primitives
import WireTypes

/// `jupiter node …`
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Make, run, back up and restore a node, and change its passphrase.",
        discussion: """
            A node is one folder, node/CHAIN in the home: genesis, keys under your passphrase, node.json, data.

            EXAMPLE
              jupiter node init jupiter-sg
              jupiter enclave start jupiter-sg &
              jupiter node start jupiter-sg
            """,
        subcommands: [
            NodeInit.self, NodeStart.self, NodeStatusCommand.self, NodeBackup.self, NodeRestore.self, NodePassphrase.self,
        ])
}

/// What a chain's quorum promises.
enum ProfileOption: String, ExpressibleByArgument, CaseIterable {
    case byzantine, crash

    var wire: WireQuorumProfile { self == .byzantine ? .byzantine : .crash }
}

/// Who decides a chain's blocks.
enum EngineOption: String, ExpressibleByArgument, CaseIterable {
    case simplex, abci

    var wire: WireConsensusKind { self == .simplex ? .simplex : .cometbft }
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
        try await StatusText.answer(node.client())
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
