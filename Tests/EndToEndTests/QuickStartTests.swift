import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Testing

@Suite(.serialized, .enabled(if: Built.isComplete, "the programs are not built")) struct `The quick start` {
    private static let marker = "@@ ended with "

    /// Waits, as a person does, for what was put in the background.
    private static func pause(after command: String) -> String {
        guard command.hasSuffix("&") else { return "" }
        let isReady =
            command.contains("enclave start")
            ? "[ -S $JUPITER_HOME/enclave/jupiter-home/enclave.sock ]" : "jupiter node status 2>&1 | grep -q 'serves, simulated'"
        return "for try in {1..300}; do \(isReady) && break; sleep 0.2; done"
    }

    /// Every command in one shell, what each ended with after it.
    private func script(_ commands: [ConsoleText.Command], port: Int) throws -> String {
        var lines = [
            "export PATH=\(URL(filePath: try #require(Built.folder)).path):$PATH JUPITER_NODE=http://127.0.0.1:\(port) JUPITER_API_PORT=\(port)",
            "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT", "ln -s \(Built.root)/Examples \(Built.root)/Contracts .",
        ]
        for command in commands {
            let isBackground = command.text.hasSuffix("&")
            lines.append(isBackground ? command.text.dropLast() + "> background.log 2>&1 &" : command.text)
            lines.append("echo '\(Self.marker)'$?")
            lines.append(Self.pause(after: command.text))
        }
        return lines.joined(separator: "\n")
    }

    @Test func `does what it says, and shows what it prints`() async throws {
        let folder = try TemporaryFolder()
        let document = try ConsoleText(String(contentsOfFile: Built.root + "/docs/quickstart.md", encoding: .utf8))
        #expect(document.commands.count >= 30)
        let file = folder.path + "/script"
        try Data(script(document.commands, port: FreePort.take()).utf8).write(to: URL(filePath: file))
        let shell = try ChildProcess(
            name: "quick start", executable: "/bin/bash", arguments: ["-c", "cd \(folder.path) && mkdir t && TMPDIR=$PWD/t . ./script"],
            logPath: folder.path + "/log")
        defer { shell.stop() }
        for _ in 0..<1_800 where shell.isRunning { try await Task.sleep(for: .milliseconds(100)) }
        #expect(!shell.isRunning, "it hangs: \(shell.logTail)")

        let log = try String(contentsOfFile: folder.path + "/log", encoding: .utf8)
        var parts = log.components(separatedBy: Self.marker)
        #expect(parts.count == document.commands.count + 1, "\(log)")
        var output = parts.removeFirst()
        for (command, part) in zip(document.commands, parts) {
            let (status, following) = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init).pair
            let isRefusal = command.output.first?.hasPrefix("error: ") == true
            #expect(status == (isRefusal ? "1" : "0"), "\(command.text)\n\(output)")
            var real = output.split(separator: "\n").map(String.init)[...]
            for shown in command.output {
                let found = real.firstIndex { ConsoleText.matches($0, shown) }
                #expect(found != nil, "\(command.text)\nshows: \(shown)\nprints:\n\(output)")
                if let found { real = real[(found + 1)...] }
            }
            output = following
        }
    }

    @Test func `shown lines match lines of their kind only`() {
        let shown = "✓ header      block 41 of epoch 0 is final, header 9d2e…"
        let hash = String(repeating: "a1", count: 32)
        #expect(ConsoleText.matches("✓ header      block 7 of epoch 12 is final, header \(hash)", shown))
        #expect(!ConsoleText.matches("✗ header      block 7 of epoch 12 is final, header \(hash)", shown))
        #expect(!ConsoleText.matches("✓ header      block 7 of epoch 12 is final, header 9d2e", shown))
        #expect(!ConsoleText.matches("✓ header      block x of epoch 12 is final, header \(hash)", shown))
    }
}

extension [String] {
    /// The first and, when there is one, the second.
    fileprivate var pair: (String, String) { (first ?? "", count > 1 ? self[1] : "") }
}
