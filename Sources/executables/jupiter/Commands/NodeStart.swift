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

            With --consensus abci CometBFT decides the blocks: it finds this node at --abci, which is the proxy_app of its config.toml, \
            and this node finds its RPC at --comet-rpc (docs/operations/cometbft.md).

            EXAMPLE
              jupiter node start jupiter-sg \\
                --enclave-socket ~/.jupiter/enclave/jupiter-sg/enclave.sock
              jupiter node start jupiter-sg --consensus abci \\
                --abci unix:///run/jupiter/abci.sock --comet-rpc http://127.0.0.1:26657
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
    @Option(help: ArgumentHelp("Where the enclave listens; given again, where others do that stand in for it.", valueName: "path"))
    var enclaveSocket: [String] = []
    @Option(help: ArgumentHelp("API of mainnet's node: checkpoints are posted there.", valueName: "url"))
    var mainnet: String?
    @Option(help: "Seconds between checkpoints.")
    var checkpointInterval: Int?
    @Option(help: "Which engine decides the blocks, as the genesis says: simplex or abci.")
    var consensus: EngineOption?
    @Option(help: ArgumentHelp("Where CometBFT finds this node: unix:///path or tcp://host:port.", valueName: "address"))
    var abci: String?
    @Flag(help: "Let --abci be an address that other machines reach. ABCI knows no authentication.")
    var abciAllowRemote = false
    @Option(help: ArgumentHelp("RPC of the CometBFT beside this node.", valueName: "url"))
    var cometRpc: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    func run() async throws {
        jupiter_keep_freed_memory()
        var flags: [String: String] = [:]
        flags["apiPort"] = port.map(String.init)
        flags["apiHost"] = host
        flags["apiTokenFile"] = apiTokenFile
        flags["enclaveSocket"] = enclaveSocket.first
        if enclaveSocket.count > 1 { flags["enclaveSockets"] = enclaveSocket.dropFirst().joined(separator: ",") }
        flags["mainnetURL"] = mainnet
        flags["checkpointInterval"] = checkpointInterval.map(String.init)
        flags["consensus"] = consensus?.rawValue
        flags["abci"] = abci
        if abciAllowRemote { flags["abciAllowRemote"] = "true" }
        flags["cometRPC"] = cometRpc
        flags["logLevel"] = logLevel
        let home = NodeHome(jupiterHome: global.homePath, chainID: chain)
        let configuration = try home.configuration(environment: ProcessInfo.processInfo.environment, flags: flags)
        try await NodeServer.run(home: home, configuration: configuration, passphrase: passphrase.passphrase(new: false)) { port in
            Console.out("\(chain) answers at http://\(configuration.apiHost):\(port)")
        }
    }
}
