import ArgumentParser
import Foundation
import Glibc
import JupiterClient

/// `jupiter enclave …`
struct EnclaveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enclave", abstract: "Start an enclave beside a node; see how it is, and what a machine offers it.",
        discussion: """
            The enclave is a program of its own, jupiter-enclave: it keeps subjects' keys and trusts neither node nor operator.

            EXAMPLE
              jupiter enclave start jupiter-sg
              jupiter enclave list
            """,
        subcommands: [
            EnclaveStart.self, EnclaveStatus.self, EnclaveList.self, EnclaveShow.self, EnclaveRenew.self, EnclaveSuspend.self,
            EnclaveDoctor.self, EnclaveKey.self, EnclaveActivate.self, RecoveryCommand.self,
        ])
}

struct EnclaveStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Run the enclave of a chain whose node has its home here.",
        discussion: """
            Becomes jupiter-enclave, which lies beside this program. The node finds it with --enclave-socket.

            EXAMPLE
              jupiter enclave start jupiter-sg --home ~/.jupiter
              jupiter enclave start jupiter-sg --platform tpm
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The chain's id.")
    var chain: String
    @Option(help: "Of a further enclave for the chain: it has a folder of its own, CHAIN-NAME.")
    var name: String?
    @Option(help: ArgumentHelp("Where it listens (default: enclave.sock in its folder).", valueName: "path"))
    var socket: String?
    @Option(help: "What it stands on: simulated, tpm, sev-snp, tdx or nitro; `jupiter enclave doctor` says what is here.")
    var platform: String?
    @Option(help: ArgumentHelp("The TPM: device:PATH, swtpm:host=H,port=P or swtpm:path=PATH.", valueName: "tcti"))
    var tpm: String?
    @Option(help: ArgumentHelp("Registers measured before the enclave (default: 0,2,4,7).", valueName: "list"))
    var tpmRegisters: String?
    @Option(help: ArgumentHelp("Register that the launch is measured into (default: 13).", valueName: "n"))
    var tpmLaunchRegister: String?
    @Option(help: ArgumentHelp("Certificates of SEV-SNP, where the host hands out none.", valueName: "dir"))
    var snpCertificates: String?

    /// What jupiter-enclave itself checks.
    private var platformArguments: [String] {
        let options = [
            ("--platform", platform), ("--tpm", tpm), ("--tpm-registers", tpmRegisters), ("--tpm-launch-register", tpmLaunchRegister),
            ("--snp-certificates", snpCertificates),
        ]
        return options.flatMap { name, value in value.map { [name, $0] } ?? [] }
    }

    func run() async throws {
        let folder = "\(global.homePath)/enclave/\(chain)" + (name.map { "-" + $0 } ?? "")
        try PrivateFile.makeFolder(folder)
        let path = try Executables.beside("jupiter-enclave")
        let arguments =
            [
                path, "--home", folder, "--socket", socket ?? folder + "/enclave.sock", "--genesis",
                "\(global.homePath)/node/\(chain)/genesis.bin",
            ] + platformArguments
        var pointers = arguments.map { strdup($0) } + [nil]
        execv(path, &pointers)
        throw CommandError.programMissing(path)
    }
}

struct EnclaveStatus: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the enclave of a node.",
        discussion: """
            EXAMPLE
              jupiter enclave status --node http://127.0.0.1:7340
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @Flag(help: "All of the node's enclaves, not only the one that takes enrolments.")
    var all = false

    func answer() async throws -> Answer {
        let status = try await node.client().json("/v1/status")
        if all, let enclaves = status["enclaves"]?.array {
            let columns = ["id", "platform", "serving", "vault", "vaultVersion", "subjectKeys"]
            return Answer(.array(enclaves), text: Generic.table(enclaves, columns: columns, empty: "no enclaves"))
        }
        let json = status["enclave"] ?? .null
        guard json != .null else { throw CommandError.noEnclave }
        return Answer(json, text: EnclaveText.lines(json))
    }
}
