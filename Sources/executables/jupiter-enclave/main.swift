import EnclaveProtocol
import EnclaveSandbox
import Glibc
import Primitives

switch Options.parse(Array(CommandLine.arguments.dropFirst())) {
case .help: print(Options.help)
case .version: print("jupiter-enclave \(EnclaveVersion.text)")
case .misuse(let reason):
    log("\(reason); see jupiter-enclave --help")
    exit(64)
case .run(let options):
    do { exit(try Startup.run(options)) } catch let error as any CodedError {
        log("error: \(error.text)")
        exit(1)
    } catch {
        log("error: the start failed")
        exit(1)
    }
}
