import Foundation

/// The commands of a document's `console` blocks, each with what the document shows of its output.
struct ConsoleText {
    struct Command {
        var text: String
        var output: [String] = []

        /// Whether the next line still belongs to it.
        fileprivate var isOpen: Bool {
            text.hasSuffix("\\") || text.count { $0 == "'" } % 2 == 1 || (text.hasPrefix("for ") && !text.hasSuffix("done"))
        }
    }

    private(set) var commands: [Command] = []

    init(_ document: String) {
        var isInside = false
        for line in document.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("```") {
                isInside = line == "```console"
            } else if isInside, line.hasPrefix("$ ") {
                commands.append(Command(text: String(line.dropFirst(2))))
            } else if isInside, let last = commands.indices.last {
                if commands[last].isOpen { commands[last].text += "\n" + line } else { commands[last].output.append(line) }
            }
        }
    }

    /// Whether `line` is what `shown` shows: other hashes, addresses and numbers of the same kind, and anything where it leaves out.
    static func matches(_ line: String, _ shown: String) -> Bool {
        let kinds =
            #/(?<address>jup1[a-z0-9]*…?)|(?<hash>[0-9a-f]{4,}…|[0-9a-f]{64})|(?<time>[0-9]{4}-[0-9T:Z-]+)|(?<number>[0-9][0-9.]*)|(?<cut>…)/#
        var pattern = "^"
        var rest = shown[...]
        while let match = rest.firstMatch(of: kinds) {
            pattern += NSRegularExpression.escapedPattern(for: String(rest[..<match.range.lowerBound]))
            if match.address != nil {
                pattern += "jup1[a-z0-9]+"
            } else if match.hash != nil {
                pattern += "[0-9a-f]{64}"
            } else if match.time != nil {
                pattern += "[0-9]{4}-[0-9T:Z-]+"
            } else if match.number != nil {
                pattern += "[0-9][0-9.]*"
            } else {
                pattern += ".*"
            }
            rest = rest[match.range.upperBound...]
        }
        pattern += NSRegularExpression.escapedPattern(for: String(rest)) + "$"
        return line.range(of: pattern, options: .regularExpression) != nil
    }
}
