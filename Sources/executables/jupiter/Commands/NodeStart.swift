import API
import ArgumentParser
import CHardening
import Foundation
import JupiterClient
import Node

/// `jupiter node start`
struct NodeStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Run a node until it is told to stop.",
        discussion: """
            Settings come from node.json, then from JUPITER_… variables, then from these flags.

            EXAMPLE
              jupiter node start jupiter-sg --enclave-socket ~/.jupiter/enclave/jupiter-sg/enclave.sock
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var passphrase: PassphraseOptions
    @Argument(help: "The chain's id.")
    var chain: String
    @Option(help: "Port of the API.")
    var port: Int?
    @Option(help: "Address the API listens on; beyond this machine it demands --api-token-file.")
    var host: String?
    @Option(help: ArgumentHelp("File with the token that callers must show.", valueName: "file"))
    var apiTokenFile: String?
    @Option(help: ArgumentHelp("Where the enclave listens.", valueName: "path"))
    var enclaveSocket: String?
    @Option(help: ArgumentHelp("API of mainnet's node: checkpoints are posted there.", valueName: "url"))
    var mainnet: String?
    @Option(help: "Seconds between checkpoints.")
    var checkpointInterval: Int?
    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    func run() async throws {
        jupiter_keep_freed_memory()
        var flags: [String: String] = [:]
        flags["apiPort"] = port.map(String.init)
        flags["apiHost"] = host
        flags["apiTokenFile"] = apiTokenFile
        flags["enclaveSocket"] = enclaveSocket
        flags["mainnetURL"] = mainnet
        flags["checkpointInterval"] = checkpointInterval.map(String.init)
        flags["logLevel"] = logLevel
        let home = NodeHome(jupiterHome: global.homePath, chainID: chain)
        let configuration = try home.configuration(environment: ProcessInfo.processInfo.environment, flags: flags)
        try await NodeServer.run(home: home, configuration: configuration, passphrase: passphrase.passphrase(new: false)) { port in
            Console.out("\(chain) answers at http://\(configuration.apiHost):\(port)")
        }
    }
}
