import Foundation
import JupiterClient
import LocalFederation
import Testing

/// One locality whose node feeds two enclaves; all three are processes of their own.
final class PairedLocality {
    let chainID = "jupiter-pair"
    let home: String
    let client: NodeClient
    let treasury: Wallet
    private var node: ChildProcess?
    private let enclaves: [EnclaveProcess]

    init(folder: String) async throws {
        let home = folder + "/home"
        let logs = home + "/logs"
        try PrivateFile.makeFolder(logs)
        treasury = try Wallet(name: "treasury")
        let environment = ["JUPITER_PASSPHRASE": "a passphrase of the test"]
        let port = try FreePort.take()
        client = try NodeClient(url: "http://127.0.0.1:\(port)")
        try await Built.run(
            [
                "node", "init", chainID, "--home", home, "--allow-simulated-enclaves", "--allocate", "\(treasury.address)=1000000000000",
            ], log: logs + "/init.log")
        let genesis = "\(home)/node/\(chainID)/genesis.bin"
        enclaves = (0..<2).map { index in
            EnclaveProcess(folder: "\(home)/enclave/\(index)", genesis: genesis, logPath: "\(logs)/enclave-\(index).log")
        }
        self.home = home
        for enclave in enclaves { try await enclave.start() }
        node = try ChildProcess(
            name: "node", executable: Built.path("jupiter"),
            arguments: ["node", "start", chainID, "--home", home, "--port", String(port)]
                + enclaves.flatMap { ["--enclave-socket", $0.socket] },
            environment: environment, logPath: logs + "/node.log")
    }

    func folder(_ index: Int) -> String { enclaves[index].folder }

    func startEnclave(_ index: Int) async throws { try await enclaves[index].start() }
    func killEnclave(_ index: Int) async throws { try await enclaves[index].kill() }

    /// The node's enclaves as it sees them now.
    func statuses() async throws -> [JSONValue] {
        guard case .array(let all) = try await client.json("/v1/status")["enclaves"] ?? .null else { return [] }
        return all
    }

    /// Waits until `condition` holds of the node's enclaves.
    func wait(_ what: String, seconds: Int = 60, until condition: ([JSONValue]) -> Bool) async throws {
        for _ in 0..<seconds * 10 {
            if let statuses = try? await statuses(), condition(statuses) { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("waited too long for \(what): \((try? await statuses()) ?? []) \(node?.logTail ?? "")")
        throw ClientError.timedOut(what)
    }

    var nodeLog: String { (try? String(contentsOfFile: home + "/logs/node.log", encoding: .utf8)) ?? "" }

    func stop() {
        node?.stop()
        for enclave in enclaves { enclave.stop() }
    }

    deinit { stop() }
}
