import Foundation
import Testing

/// Every command's help, as the program describes itself.
@Suite(.enabled(if: Jupiter.path != nil, "jupiter is not built")) struct `Help of commands` {
    private struct Tree: Decodable {
        let command: Command
    }

    private struct Command: Decodable {
        let commandName: String
        let discussion: String?
        let subcommands: [Command]?

        /// Every command below this one and itself, with its whole name.
        func all(below name: [String] = []) -> [(name: String, command: Command)] {
            [(name.joined(separator: " "), self)]
                + (subcommands ?? []).filter { $0.commandName != "help" }.flatMap { $0.all(below: name + [$0.commandName]) }
        }
    }

    private func commands(_ jupiter: Jupiter) throws -> [(name: String, command: Command)] {
        let dump = try jupiter.run("--experimental-dump-help").out
        return try JSONDecoder().decode(Tree.self, from: Data(dump.utf8)).command.all()
    }

    @Test func `has an overview, an example and the output option`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        let leaves = try commands(jupiter).filter { $0.command.subcommands == nil }
        #expect(leaves.count > 70)
        for (name, _) in leaves {
            let outcome = try jupiter.run(in: name.split(separator: " ").map(String.init) + ["--help"])
            #expect(outcome.status == 0)
            for part in ["OVERVIEW:", "EXAMPLE", "jupiter \(name)", "--output"] {
                #expect(outcome.out.contains(part), "\(name): \(part)")
            }
        }
    }

    /// A terminal of 80 columns breaks no line of an example, and no line that a break already ends.
    @Test func `is not broken twice`() throws {
        let jupiter = try Jupiter()
        defer { jupiter.remove() }
        for (name, command) in try commands(jupiter) {
            let lines = (command.discussion ?? "").components(separatedBy: "\n")
            for (position, line) in lines.enumerated() where line.count > 80 {
                let next = position + 1 < lines.count ? lines[position + 1] : ""
                let endsParagraph = next.isEmpty || next.hasPrefix(" ")
                #expect(!line.hasPrefix(" ") && endsParagraph, "\(name): \(line)")
            }
        }
    }
}
