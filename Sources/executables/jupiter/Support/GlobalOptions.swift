import ArgumentParser
import Foundation
import JupiterClient

/// How a command writes its answer.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// Options of every command.
struct GlobalOptions: ParsableArguments {
    @Option(name: .long, help: "How to write the answer, and errors: text or json.")
    var output: OutputFormat = .text

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Folder of wallets, nodes and enclaves (default: JUPITER_HOME, or ~/.jupiter).", valueName: "dir"))
    var home: String?

    /// Without a slash at its end.
    var homePath: String {
        let path = home ?? ProcessInfo.processInfo.environment["JUPITER_HOME"] ?? NSHomeDirectory() + "/.jupiter"
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}

/// Which node is asked.
struct NodeOptions: ParsableArguments {
    @Option(
        name: .long, help: ArgumentHelp("Address of the node (default: JUPITER_NODE, or \(NodeClient.defaultURL)).", valueName: "url"))
    var node: String?

    @Option(name: .long, help: ArgumentHelp("File with the token of a node that asks for one.", valueName: "file"))
    var apiTokenFile: String?

    /// A client of that node.
    func client() throws -> NodeClient {
        let url = node ?? ProcessInfo.processInfo.environment["JUPITER_NODE"] ?? NodeClient.defaultURL
        let token = try apiTokenFile.map { path in
            String(decoding: try PrivateFile.read(path, limit: 4096), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return try NodeClient(url: url, token: token)
    }
}

/// Whose keys sign.
struct WalletOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Name of a wallet in the home, or a path.", valueName: "name"))
    var wallet = "default"

    @OptionGroup var passphrase: PassphraseOptions
}

/// Where a passphrase comes from: this file, or JUPITER_PASSPHRASE, or the terminal.
struct PassphraseOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("File with the passphrase (default: JUPITER_PASSPHRASE, or asked for).", valueName: "file"))
    var passphraseFile: String?

    @Option(name: .long, help: ArgumentHelp("File with the key of a wallet that a program keeps.", valueName: "file"))
    var walletKeyFile: String?

    /// - Parameter new: whether it is being chosen, and so is asked for twice.
    func passphrase(new: Bool, prompt: String = "Passphrase: ") throws -> String {
        try Self.passphrase(file: passphraseFile, variable: "JUPITER_PASSPHRASE", new: new, prompt: prompt)
    }

    /// The passphrase in `file`, or in the environment, or from the terminal.
    static func passphrase(file: String?, variable: String, new: Bool, prompt: String) throws -> String {
        if let file {
            let text = String(decoding: try PrivateFile.read(file, limit: 4096), as: UTF8.self)
            return text.trimmingCharacters(in: .newlines)
        }
        if let text = ProcessInfo.processInfo.environment[variable] { return text }
        guard let text = Console.secret(prompt) else { throw CommandError.noPassphrase }
        if new, Console.secret("Once more: ") != text { throw CommandError.passphrasesDiffer }
        return text
    }
}

/// What a command answers, in both forms.
struct Answer {
    let json: JSONValue
    let text: String

    init(_ json: JSONValue, text: String) { (self.json, self.text) = (json, text) }
}

/// A command that answers once.
protocol AnsweringCommand: AsyncParsableCommand {
    var global: GlobalOptions { get }
    func answer() async throws -> Answer
}

extension AnsweringCommand {
    mutating func run() async throws {
        let answer = try await answer()
        Console.out(global.output == .json ? answer.json.encoded() : answer.text)
    }
}
