import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Synchronization

/// One chain of the demo: its node process, and for a locality its enclave.
struct DemoChain: Sendable {
    let chainID: String
    /// As its makers made it, not as a node shows it.
    let genesis: Genesis
    let url: String
    let client: NodeClient
    /// Signs what only the chain's operator may.
    let operatorKey: SigningKey
    /// Holds the chain's first balance.
    let treasury: Wallet
    /// How many enclaves it has.
    let enclaves: Int
}

/// The processes of a demo: mainnet, and the localities `sg` and `id` with an enclave each.
final class DemoFederation: Sendable {
    static let mainnetID = "jupiter-main"
    static let localityIDs = ["jupiter-sg", "jupiter-id"]
    /// Micro-JUPT that a chain begins with, in its treasury.
    static let supply: UInt64 = 1_000_000_000_000

    let home: String
    /// How many validators each locality has; mainnet has one.
    let validators: Int
    let platform: DemoPlatform
    /// How many enclaves each locality has; those after the first are its replicas.
    let enclaves: Int
    /// CometBFT, when it decides the blocks of the localities.
    private let cometbft: String?
    private let passphrase: String
    private let children = Mutex<[ChildProcess]>([])
    private let proxy = Mutex<EnclaveProxy?>(nil)

    /// - Throws: `CommandError.notOnPath` when CometBFT is to decide and is not on PATH.
    init(validators: Int, engine: EngineOption, platform: DemoPlatform, enclaves: Int) throws {
        (self.validators, self.platform, self.enclaves) = (validators, platform, enclaves)
        if platform == .tpm { try SoftwareTPM.requirePrograms() }
        cometbft = engine == .abci ? try Executables.onPath("cometbft") : nil
        let template = NSTemporaryDirectory() + "jupiter-demo-XXXXXX"
        var bytes = Array(template.utf8CString)
        guard mkdtemp(&bytes) != nil else { throw DemoError.missingFile("a temporary folder") }
        home = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        passphrase = Hex.encode(SecureRandom.bytes(16))
    }

    private var environment: [String: String] { ["JUPITER_PASSPHRASE": passphrase] }

    /// Where the demo's hostile host listens, between the first locality's node and its enclave.
    var hostileHost: EnclaveProxy? { proxy.withLock { $0 } }

    /// - Parameter number: from 1.
    private func enclaveSocket(_ chainID: String, _ number: Int = 1) -> String { enclaveFolder(chainID, number) + "/enclave.sock" }
    private func enclaveFolder(_ chainID: String, _ number: Int) -> String {
        "\(home)/enclave/\(chainID)" + (number == 1 ? "" : "-\(number)")
    }

    /// `--home` of a validator, counted from 1; of the only one, the demo's own.
    private func jupiterHome(_ chainID: String, _ position: Int) -> String {
        isFederation(chainID) ? "\(home)/federation/\(chainID)/validator-\(position)" : home
    }

    /// Whether a chain is made by `federation init`.
    private func isFederation(_ chainID: String) -> Bool { chainID != Self.mainnetID && (validators > 1 || cometbft != nil) }

    private func nodeFolder(_ chainID: String) -> String { "\(jupiterHome(chainID, 1))/node/\(chainID)" }

    /// Starts all of it; returns when every node answers and every enclave serves.
    func start() async throws -> (mainnet: DemoChain, localities: [DemoChain]) {
        try PrivateFile.makeFolder(home + "/logs")
        let mainnetURL = "http://127.0.0.1:\(try FreePort.take())"
        async let mainnet = startChain(Self.mainnetID, url: mainnetURL, mainnet: nil)
        async let first = startChain(Self.localityIDs[0], url: "http://127.0.0.1:\(try FreePort.take())", mainnet: mainnetURL)
        async let second = startChain(Self.localityIDs[1], url: "http://127.0.0.1:\(try FreePort.take())", mainnet: mainnetURL)
        return try await (mainnet, [first, second])
    }

    private func startChain(_ chainID: String, url: String, mainnet: String?) async throws -> DemoChain {
        let treasury = try Wallet(name: "treasury-\(chainID)", sealing: .x25519)
        try await initialise(chainID, treasury: treasury, isLocality: mainnet != nil)
        let port = url.split(separator: ":").last.map(String.init) ?? ""
        var start = ["node", "start", chainID, "--home", jupiterHome(chainID, 1), "--port", port]
        if let mainnet {
            for number in 1...enclaves { try await startEnclave(chainID, number) }
            start += ["--enclave-socket", try hostSocket(chainID), "--mainnet", mainnet, "--checkpoint-interval", "1"]
            for number in 2..<(enclaves + 1) where enclaves > 1 { start += ["--enclave-socket", enclaveSocket(chainID, number)] }
            for position in 2..<(validators + 1) where validators > 1 {
                _ = try launch(
                    "node-\(chainID)-\(position)", Executables.own,
                    ["node", "start", chainID, "--home", jupiterHome(chainID, position)])
            }
        }
        let process = try launch("node-\(chainID)", Executables.own, start)
        if mainnet != nil, let cometbft {
            for position in 1...validators {
                let folder = "\(jupiterHome(chainID, position))/cometbft"
                _ = try launch("cometbft-\(chainID)-\(position)", cometbft, ["start", "--home", folder])
            }
        }
        let client = try NodeClient(url: url)
        try await waitUntilReady(client, process)
        let key = try OperatorKey.read(home: jupiterHome(chainID, 1), chainID: chainID, passphrase: passphrase)
        let genesis = try Genesis(decoding: PlainFile.read(nodeFolder(chainID) + "/genesis.bin", limit: Limits.genesis))
        return DemoChain(
            chainID: chainID, genesis: genesis, url: url, client: client, operatorKey: key, treasury: treasury,
            enclaves: mainnet == nil ? 0 : enclaves)
    }

    /// Makes the homes of a chain's validators.
    private func initialise(_ chainID: String, treasury: Wallet, isLocality: Bool) async throws {
        var arguments = ["node", "init", chainID, "--home", home]
        if isFederation(chainID) {
            try PrivateFile.makeFolder("\(home)/federation")
            arguments = [
                "federation", "init", "--locality", chainID, "--validators", String(validators), "--base-port", "0",
                "--out", "\(home)/federation/\(chainID)",
            ]
            // CometBFT pauses after every block, not only when there is nothing to do.
            if cometbft != nil { arguments += ["--consensus", EngineOption.abci.rawValue, "--idle-interval", "200"] }
        }
        arguments += ["--allocate", "\(treasury.address)=\(Self.supply)"]
        if isLocality { arguments += try await admission(chainID) }
        try await runToEnd(arguments, name: "init-\(chainID)")
    }

    /// What the genesis says of enclaves. With a TPM it names the one measured launch that it accepts, which needs the TPM first.
    private func admission(_ chainID: String) async throws -> [String] {
        guard platform == .tpm else { return ["--allow-simulated-enclaves"] }
        let folder = tpmFolder(chainID)
        try PrivateFile.makeFolder(folder)
        let tpm = try await SoftwareTPM(folder: folder, name: "tpm-\(chainID)")
        children.withLock { $0.append(tpm.process) }
        let file = folder + "/reference.json"
        let program = try ChildProcess(
            name: "reference-\(chainID)", executable: try Executables.beside("jupiter-enclave"),
            arguments: ["--print-reference"] + platformArguments(chainID), logPath: file)
        while program.isRunning { try await Task.sleep(for: .milliseconds(5)) }
        guard program.exitStatus == 0 else { throw LocalFederationError.notReady(program: program.name, log: program.logTail) }
        return ["--allow-software-tpm", "--reference-value", file]
    }

    private func tpmFolder(_ chainID: String) -> String { "\(home)/tpm/\(chainID)" }

    private func platformArguments(_ chainID: String) -> [String] {
        platform == .tpm ? ["--platform", "tpm", "--tpm", SoftwareTPM.address(folder: tpmFolder(chainID))] : []
    }

    /// What the node takes for the enclave. The host between them is not to be trusted; in the first locality the demo plays it.
    private func hostSocket(_ chainID: String) throws -> String {
        guard chainID == Self.localityIDs[0] else { return enclaveSocket(chainID) }
        let socket = "\(home)/enclave/\(chainID)/host.sock"
        let made = try EnclaveProxy(path: socket, enclave: enclaveSocket(chainID))
        proxy.withLock { $0 = made }
        return socket
    }

    private func startEnclave(_ chainID: String, _ number: Int) async throws {
        let (folder, socket) = (enclaveFolder(chainID, number), enclaveSocket(chainID, number))
        try PrivateFile.makeFolder(folder)
        var arguments = ["--home", folder, "--socket", socket, "--genesis", nodeFolder(chainID) + "/genesis.bin"]
        arguments += platformArguments(chainID)
        let process = try launch("enclave-\(chainID)-\(number)", Executables.beside("jupiter-enclave"), arguments)
        try await process.untilListening(at: socket)
    }

    private func launch(_ name: String, _ executable: String, _ arguments: [String]) throws -> ChildProcess {
        let process = try ChildProcess(
            name: name, executable: executable, arguments: arguments, environment: environment, logPath: "\(home)/logs/\(name).log")
        children.withLock { $0.append(process) }
        return process
    }

    private func runToEnd(_ arguments: [String], name: String) async throws {
        let process = try ChildProcess(
            name: name, executable: Executables.own, arguments: arguments, environment: environment, logPath: "\(home)/logs/\(name).log")
        while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
        guard process.exitStatus == 0 else { throw LocalFederationError.notReady(program: name, log: process.logTail) }
    }

    private func waitUntilReady(_ client: NodeClient, _ process: ChildProcess) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while process.isRunning, ContinuousClock.now < deadline {
            if let readiness = try? await client.readiness(), readiness.ready { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw LocalFederationError.notReady(program: process.name, log: process.logTail)
    }

    /// Ends every process and removes the home.
    func stop() {
        for process in children.withLock({ $0 }).reversed() { process.stop() }
        try? FileManager.default.removeItem(atPath: home)
    }

    /// Leaves every process running on its own, and tells how to end them.
    func release() -> String {
        proxy.withLock { $0 }?.stepAside(enclave: enclaveSocket(Self.localityIDs[0]))
        let all = children.withLock { $0 }
        for process in all { process.release() }
        return "kill " + all.map { String($0.processID) }.joined(separator: " ")
    }
}
