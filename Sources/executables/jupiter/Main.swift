import ArgumentParser
import Foundation
import Glibc

/// `jupiter`: everything a person or an operator does, one subcommand each.
struct Jupiter: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "jupiter",
        abstract: "A federated ledger on which people's data is used without being given away.",
        discussion: """
            Every command answers in text or, with --output json, in JSON. Errors go to standard error as
              error: name (code): reason
              next: what to do
            Exit codes: 0 done, 1 refused, 64 wrong usage, 69 nobody answers.

            EXAMPLE
              jupiter demo                        see it all on this machine
              jupiter wallet new                  make yourself an account
              jupiter dataset list                what a locality knows data about
            """,
        version: version,
        subcommands: [
            DemoCommand.self, NodeCommand.self, EnclaveCommand.self, WalletCommand.self, DatasetCommand.self, SchemaCommand.self,
            RecordCommand.self, EraseCommand.self, ConsentCommand.self, ProgramCommand.self, AssessCommand.self, SubscribeCommand.self,
            QueryCommand.self, ReceiptCommand.self, EvidenceCommand.self, EndorsementCommand.self, TransferCommand.self,
            FederationCommand.self, StatusCommand.self, ValidatorsCommand.self, GovernanceCommand.self, PeersCommand.self,
            SimulateCommand.self,
        ])
}

@main
enum Main {
    static func main() async {
        // A closed pipe or socket is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Jupiter.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            leave(error)
        }
    }

    /// Prints what went wrong, or the help that was asked for, and ends the process.
    private static func leave(_ error: any Error) -> Never {
        if let code = error as? ExitCode { exit(code.rawValue) }
        let status = Jupiter.exitCode(for: error)
        // Errors of ours are not the parser's: it would call each of them a failure with code 1.
        guard status == .validationFailure || error is CleanExit || isParserError(error) else { return fail(Failure(error)) }
        guard status != .success else {
            Console.out(Jupiter.fullMessage(for: error))
            exit(0)
        }
        let reason = Jupiter.message(for: error)
        guard wantsJSON else {
            Console.error(Jupiter.fullMessage(for: error))
            exit(64)
        }
        fail(Failure(code: 1550, name: "cli.badArgument", reason: reason, next: "see `--help` of the command", exit: 64))
    }

    /// The parser's own errors are private types of its module.
    private static func isParserError(_ error: any Error) -> Bool { String(reflecting: type(of: error)).hasPrefix("ArgumentParser.") }

    private static func fail(_ failure: Failure) -> Never {
        Console.error(failure.text(json: wantsJSON))
        exit(failure.exit)
    }

    /// Read from the arguments themselves: a command that could not be parsed has no options.
    private static var wantsJSON: Bool {
        let arguments = CommandLine.arguments
        return arguments.contains("--output=json")
            || zip(arguments, arguments.dropFirst()).contains { $0 == "--output" && $1 == "json" }
    }
}
