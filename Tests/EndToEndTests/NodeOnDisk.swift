import ChainTypes
import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Testing

/// A node with a home of its own that can be stopped, backed up and started again.
final class NodeOnDisk {
    /// `--home`; its enclave lives in it too.
    let home: String
    let client: NodeClient
    /// What a command needs to talk to it.
    let access: [String]
    private let chainID: String
    private let arguments: [String]
    private let environment: [String: String]
    private var process: ChildProcess?

    /// - Parameters:
    ///   - home: made by `jupiter federation init` or `jupiter node init`.
    ///   - tokenFile: with the token that it demands.
    init(
        chainID: String, home: String, url: String, tokenFile: String, arguments: [String] = [], environment: [String: String] = [:]
    ) throws {
        (self.chainID, self.home) = (chainID, home)
        self.arguments = ["node", "start", chainID, "--home", home, "--api-token-file", tokenFile] + arguments
        self.environment = environment.merging(["JUPITER_PASSPHRASE": Built.passphrase]) { $1 }
        client = try NodeClient(url: url, token: String(decoding: PrivateFile.read(tokenFile, limit: 4096), as: UTF8.self))
        access = ["--node", url, "--api-token-file", tokenFile]
    }

    func start() throws {
        process = try ChildProcess(
            name: "node", executable: Built.path("jupiter"), arguments: arguments, environment: environment, logPath: home + "/node.log")
    }

    /// Ends it as an operator does; the files stay.
    func stop() { process?.stop() }

    /// `jupiter node backup`, for one that is stopped.
    func backUp(to path: String) async throws {
        try await Built.run(["node", "backup", chainID, "--home", home, "--to", path], log: home + "/backup.log")
    }

    /// The chain as who made it knows it.
    func genesis() throws -> Genesis {
        try Genesis(decoding: PrivateFile.read("\(home)/node/\(chainID)/genesis.bin", limit: Limits.genesis))
    }

    var logTail: String { process?.logTail ?? "" }
}
