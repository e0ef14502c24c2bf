import ArgumentParser
import ChainTypes
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter federation …`
struct FederationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "federation", abstract: "Make a chain of several validators; register localities with a mainnet, and list them.",
        discussion: """
            EXAMPLE
              jupiter federation init --locality sg --validators 4
              jupiter federation list --node http://127.0.0.1:7340
            """,
        subcommands: [FederationInit.self, FederationRegister.self, FederationList.self])
}

struct FederationRegister: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "register", abstract: "Admit a locality by its genesis; only mainnet's operator may.",
        discussion: """
            EXAMPLE
              jupiter federation register --operator \\
                --genesis ~/.jupiter/node/jupiter-sg/genesis.bin
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var signer: SignerOptions
    @Option(help: ArgumentHelp("The locality's genesis.", valueName: "file"))
    var genesis: String

    func answer() async throws -> Answer {
        let genesis = try Genesis(decoding: PlainFile.read(genesis, limit: Limits.genesis))
        let client = try node.client()
        let key = try await signer.key(home: global.homePath, client: client)
        var message = WireRegisterLocality()
        message.genesis = .init(genesis.bytes)
        var builder = try await client.builder(for: key)
        let receipt = try await client.commit(builder.sign(.registerLocality(message)))
        return Receipts.answer(
            receipt, ["chain": .text(genesis.chainID), "genesisHash": .text(genesis.hash.description)], "registered \(genesis.chainID)")
    }
}

struct FederationList: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List a mainnet's localities and their newest checkpoints.",
        discussion: """
            EXAMPLE
              jupiter federation list
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions

    func answer() async throws -> Answer {
        let list = try await node.client().list("localities")
        return Answer(
            .array(list), text: Generic.table(list, columns: ["chainId", "height", "checkpoints", "headerHash"], empty: "no localities"))
    }
}
