import EnclaveSandbox

/// The command line; read by hand, for the trusted computing base has no argument parser.
struct Options {
    static let help = """
        jupiter-enclave: keeps subjects' keys and runs consented programs, apart from the node that feeds it.

        usage: jupiter-enclave --home DIR --socket PATH --genesis FILE [--platform NAME …]

          --home DIR      where the vault lies; made if it is missing (mode 0700)
          --socket PATH   the Unix socket the node connects to (mode 0600)
          --genesis FILE  the chain's genesis (genesis.bin); the vault belongs to it for good
        \(PlatformOptions.help)
          --print-reference
                          print what a chain that accepts this enclave here must name, as JSON, and stop; takes platform options only
          --version       print the version and stop
          --help          print this and stop

        Stop it with SIGTERM. Exit status: 0 stopped, 64 wrong options, 1 anything else; the reason is on standard error.
        What each platform protects from: docs/operations/enclave.md; what this machine offers: jupiter enclave doctor.
        """

    enum Action {
        case run(Options)
        case reference(PlatformOptions)
        case help, version
        /// Says what is wrong.
        case misuse(String)
    }

    let home: String
    let socket: String
    let genesis: String
    let platform: PlatformOptions
    var tracer = TracerPolicy.refuse

    static func parse(_ arguments: [String]) -> Action {
        var values: [String: String] = [:]
        var rest = arguments[...]
        var wantsReference = false
        var tracer = TracerPolicy.refuse
        while let option = rest.popFirst() {
            switch option {
            case "--help", "-h": return .help
            case "--version": return .version
            case "--print-reference": wantsReference = true
            #if DEBUG
                case TracerPolicy.argument: tracer = .allow
            #endif
            case "--home", "--socket", "--genesis",
                _ where PlatformOptions.options.contains(option):
                // Only the list of registers may be empty.
                guard let value = rest.popFirst(), !value.isEmpty || option == "--tpm-registers" else {
                    return .misuse("\(option) needs a value")
                }
                guard values.updateValue(value, forKey: option) == nil else { return .misuse("\(option) is given twice") }
            default: return .misuse("unknown option \(option)")
            }
        }
        do throws(PlatformOptions.Misuse) {
            let platform = try PlatformOptions(values)
            if wantsReference { return .reference(platform) }
            guard let home = values["--home"], let socket = values["--socket"], let genesis = values["--genesis"] else {
                return .misuse("--home, --socket and --genesis are needed")
            }
            return .run(Options(home: home, socket: socket, genesis: genesis, platform: platform, tracer: tracer))
        } catch { return .misuse(error.reason) }
    }
}
