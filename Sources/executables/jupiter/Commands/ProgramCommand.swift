import ArgumentParser
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter program …`
struct ProgramCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "program", abstract: "Publish and list programs that enclaves run.",
        discussion: """
            A program is WebAssembly known by the hash of its code; docs/spec/programs.md tells how to write one.

            EXAMPLE
              jupiter program list
            """,
        subcommands: [ProgramPublish.self, ProgramList.self])
}

/// What a program is for.
enum ProgramKindOption: String, ExpressibleByArgument, CaseIterable {
    case assessment, subscription

    var wire: WireProgramKind { self == .assessment ? .assessment : .subscription }
}

struct ProgramPublish: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish a program's code and what it may say.",
        discussion: """
            The manifest is the JSON file beside the code unless --manifest names another.

            EXAMPLE
              jupiter program publish Contracts/build-output/credit-assessor.wasm \\
                --kind assessment
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var wallet: WalletOptions
    @Argument(help: "Wasm file.")
    var file: String
    @Option(help: ArgumentHelp("Manifest (default: NAME.json beside NAME.wasm).", valueName: "file"))
    var manifest: String?
    @Option(help: "assessment or subscription, where the manifest does not say.")
    var kind: ProgramKindOption?

    func answer() async throws -> Answer {
        let beside = (file as NSString).deletingPathExtension + ".json"
        let package = try ProgramPackage(
            code: PlainFile.read(file), manifest: PlainFile.json(manifest ?? beside), kind: kind?.wire)
        let open = try OpenWallet(wallet, home: global.homePath)
        let client = try node.client()
        var builder = try await client.builder(for: open.wallet.signingKey)
        let publication = package.publication()
        let receipt = try await client.commit(builder.sign(.publishProgram(publication.message), sidecars: [publication.sidecar]))
        return Receipts.answer(
            receipt, ["program": .text(package.codeHash.description), "name": .text(package.manifest.name)],
            "published \(package.manifest.name) as \(package.codeHash)")
    }
}

struct ProgramList: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the programs of a chain.",
        discussion: """
            EXAMPLE
              jupiter program list
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions

    func answer() async throws -> Answer {
        let list = try await node.client().list("programs")
        let rows = list.map { item in
            JSONValue.object((item.object ?? [:]).merging(item["manifest"]?.object ?? [:]) { first, _ in first })
        }
        return Answer(.array(list), text: Generic.table(rows, columns: ["codeHash", "name", "version", "kind"], empty: "no programs"))
    }
}
