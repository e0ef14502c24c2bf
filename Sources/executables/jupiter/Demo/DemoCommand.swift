import ArgumentParser
import Foundation
import JupiterClient
import LocalFederation

/// `jupiter demo`: two localities and a mainnet on this machine, real applicants, real refusals.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Two localities and a mainnet score real credit applicants without anybody seeing their data.",
        discussion: """
            Starts mainnet and the localities sg and id, with four validators and an enclave each, as processes of their own in a \
            temporary home. Loads the applicants as subjects with their own wallets, grants consents, scores a fifth of them for a lender, \
            gives a bureau its statistics, then tries ten things that must be refused. Ends with 0 only if everything held.

            EXAMPLE
              jupiter demo --report demo.json
              jupiter demo --keep --seed 7
              jupiter demo --enclave-platform tpm --receipt score.receipt
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Leave it running at the end and print the consoles' addresses.")
    var keep = false
    @Option(help: ArgumentHelp("Applicants, with the columns of Examples/data/german_credit.csv; at least 100 rows.", valueName: "file"))
    var data: String?
    @Option(help: ArgumentHelp("Write what happened as JSON.", valueName: "file"))
    var report: String?
    @Option(help: ArgumentHelp("Write a score's receipt, for `jupiter receipt verify`.", valueName: "file"))
    var receipt: String?
    @Option(help: "How many validators each locality has, from 1 to 7; 1 is the embedded form.")
    var validators = 4
    @Option(help: "Who decides the localities' blocks: simplex (built in) or abci (cometbft, which must be on PATH).")
    var consensus: EngineOption = .simplex
    @Option(help: "What the enclaves stand on: simulated, or tpm (a software TPM each, by swtpm).")
    var enclavePlatform: DemoPlatform = .simulated
    @Option(help: "How many enclaves each locality has, from 1 to 4: the others stand in for the first.")
    var enclaves = 1
    @Option(help: "Decides who grants and who is assessed.")
    var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Folder of the built programs (default: found from here upward).", valueName: "dir"))
    var contracts: String?

    func validate() throws {
        guard (1...7).contains(validators) else { throw ValidationError("--validators is from 1 to 7") }
        guard (1...4).contains(enclaves) else { throw ValidationError("--enclaves is from 1 to 4") }
        guard enclaves == 1 || enclavePlatform == .simulated else {
            throw ValidationError("--enclaves is for simulated ones: a TPM's register measures one launch")
        }
    }

    mutating func run() async throws {
        let progress = Progress(quiet: global.output == .json)
        let files = try DemoFiles(data: data, contracts: contracts)
        let demo = try Demo(
            files: files, seed: seed, validators: validators, engine: consensus, platform: enclavePlatform, enclaves: enclaves,
            progress: progress)
        DemoSignals.install(home: demo.federation.home)
        do {
            let outcome = try await demo.run(keep: keep)
            if let report { try PrivateFile.write(Array(outcome.json.encoded().utf8), to: report, overwrite: true) }
            if let receipt, let file = outcome.receipt?.file { try PrivateFile.write(file, to: receipt, overwrite: true) }
            Console.out(global.output == .json ? outcome.json.encoded() : outcome.text)
            if !keep { demo.federation.stop() }
            if !outcome.held { throw ExitCode(1) }
        } catch {
            progress.finish()
            demo.federation.stop()
            throw error
        }
    }
}

/// What the demo's enclaves stand on; neither protects anything from whoever runs the demo.
enum DemoPlatform: String, ExpressibleByArgument, CaseIterable {
    case simulated
    /// The real protocol of a TPM 2.0, spoken with swtpm.
    case tpm

    /// As receipts show it.
    var label: String { self == .tpm ? "tpm (software)" : rawValue }
}

/// Ends the children and removes the home when the demo is interrupted.
enum DemoSignals {
    // Safe: written once by `install`, before any other thread exists, and never read.
    nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

    /// Called once, before anything is started.
    static func install(home: String) {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                RunningChildren.kill()
                try? FileManager.default.removeItem(atPath: home)
                exit(128 + number)
            }
            source.resume()
            sources.append(source)
        }
    }
}

/// The files a demo needs, wherever it is started.
struct DemoFiles {
    let data: String
    let coefficients: String
    let schema: String
    let contracts: String

    init(data: String?, contracts: String?) throws {
        let examples = try Self.find("Examples/data/credit_scorecard.json")
        let root = String(examples.dropLast("/Examples/data/credit_scorecard.json".count))
        coefficients = examples
        self.data = data ?? root + "/Examples/data/german_credit.csv"
        schema = root + "/Examples/schemas/german_credit.json"
        self.contracts = contracts ?? root + "/Contracts/build-output"
        for path in [self.data, schema, self.contracts + "/credit-assessor.wasm", self.contracts + "/cohort-statistics.wasm"] {
            guard FileManager.default.fileExists(atPath: path) else { throw DemoError.missingFile(path) }
        }
    }

    /// `path` under the working folder, the executable's folder, or any folder above them.
    private static func find(_ path: String) throws -> String {
        for start in [FileManager.default.currentDirectoryPath, (Executables.own as NSString).deletingLastPathComponent] {
            var folder = start
            while true {
                let candidate = (folder == "/" ? "" : folder) + "/" + path
                if FileManager.default.fileExists(atPath: candidate) { return candidate }
                if folder == "/" || folder.isEmpty { break }
                folder = (folder as NSString).deletingLastPathComponent
            }
        }
        throw DemoError.missingFile(path)
    }
}
