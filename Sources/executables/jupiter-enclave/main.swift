import EnclaveProtocol
import EnclaveSandbox
import Glibc
import Primitives

attemptToBegin()
switch Options.parse(Array(CommandLine.arguments.dropFirst())) {
case .help: print(Options.help)
case .version: print("jupiter-enclave \(EnclaveVersion.text)")
case .misuse(let reason):
    log("\(reason); see jupiter-enclave --help")
    exit(64)
case .reference(let platform):
    attempt {
        guard let text = try platform.reference(programs: Launcher.paths()) else {
            log("the simulated platform measures nothing: chains accept it by their genesis or not at all")
            return 1
        }
        print(text)
        return 0
    }
case .run(let options): attempt { try Startup.run(options) }
}

/// Goes on in an empty environment, or ends the process.
func attemptToBegin() {
    do throws(SandboxError) { try EmptyEnvironment.enter() } catch {
        log("error: \(error.text)")
        exit(1)
    }
}

/// Ends the process with the status that `body` gives, or says why there is none.
func attempt(_ body: () throws -> Int32) -> Never {
    do { exit(try body()) } catch let error as any CodedError {
        log("error: \(error.text)")
        exit(1)
    } catch {
        log("error: the start failed")
        exit(1)
    }
}
