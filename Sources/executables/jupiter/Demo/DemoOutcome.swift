import Foundation
import JupiterClient

/// What a demo found, as a table for people and as JSON for programs.
struct DemoOutcome: Sendable {
    /// The most by which a score may differ from its reference.
    static let tolerance = 1e-9

    let seed: UInt64
    /// What every result must say that its enclave stood on.
    let label: String
    var subjects = 0
    var timings: [(name: String, seconds: Double)] = []
    var seconds = 0.0
    var mainnet = MainnetSummary()
    var receipt: DemoReceipt?
    var localTransactions: UInt64 = 0
    var consoles: [(chain: String, url: String)] = []
    var home = ""
    var stopCommand = ""
    private(set) var scores: [Score] = []
    private(set) var statistics: [Statistic] = []
    private(set) var refusals: [RefusedAttempt] = []

    init(seed: UInt64, label: String) { (self.seed, self.label) = (seed, label) }

    mutating func take(scores: [Score], statistics: [Statistic], refusals: [RefusedAttempt]) {
        (self.scores, self.statistics, self.refusals) = (scores, statistics, refusals)
    }

    var largestError: Double { scores.map { abs($0.score - $0.expected) }.max() ?? .infinity }
    var distinctCodes: Int { Set(refusals.map(\.code)).count }
    var platform: String { Set(scores.map(\.platform)).sorted().joined(separator: ",") }

    /// Each promise with whether it held.
    var promises: [(text: String, held: Bool)] {
        [
            ("scores equal the reference to \(Self.tolerance) (largest difference \(largestError))", largestError <= Self.tolerance),
            ("statistics equal the reference", !statistics.isEmpty && statistics.allSatisfy(\.held)),
            ("ten attempts refused, ten codes", refusals.count == 10 && distinctCodes == 10 && refusals.allSatisfy(\.held)),
            ("every result is labelled \(label)", platform == label),
            (
                "a score's receipt proves itself without any node in \(receipt?.steps.count ?? 0) steps, and says \(label), class none",
                receipt?.held == true
            ),
            ("mainnet verified checkpoints of both localities", mainnet.held),
        ]
    }

    var held: Bool { promises.allSatisfy(\.held) }

    // MARK: For people

    var text: String {
        var parts = ["", scoreTable, "", statisticsTable, "", refusalTable, "", mainnetTable, ""]
        parts += promises.map { ($0.held ? "held    " : "BROKEN  ") + $0.text }
        parts.append(
            String(format: "%d subjects, %d scores, %.1f s; enclave platform: %@", subjects, scores.count, seconds, platform as NSString))
        if !consoles.isEmpty {
            parts.append("")
            parts += consoles.map { "console of \($0.chain): \($0.url)" }
            parts.append("home: \(home) (wallets open with --wallet-key-file \(home)/wallets/demo.key)")
            parts.append("stop: \(stopCommand)")
        }
        return parts.joined(separator: "\n")
    }

    private var scoreTable: String {
        var table = TextTable(["SUBJECT", "SCORE", "REFERENCE", "DIFFERENCE"])
        for score in scores.prefix(5) {
            table.append([
                score.subject, String(format: "%.12f", score.score), String(format: "%.12f", score.expected),
                String(format: "%.1e", abs(score.score - score.expected)),
            ])
        }
        return table.text + "\n… \(scores.count) in all"
    }

    private var statisticsTable: String {
        var table = TextTable(["LOCALITY", "FIELD", "COHORT", "MEAN", "VARIANCE", "EQUALS REFERENCE"])
        for item in statistics {
            table.append([
                item.locality, item.field, String(item.count), String(format: "%.4f", item.mean), String(format: "%.4f", item.variance),
                item.held ? "yes" : "NO",
            ])
        }
        return table.text
    }

    private var refusalTable: String {
        var table = TextTable(["ATTEMPT", "CODE", "REFUSED AS"])
        for refusal in refusals {
            table.append([refusal.name, String(refusal.code), refusal.errorName + (refusal.held ? "" : "  (expected \(refusal.expected))")])
        }
        return table.text
    }

    private var mainnetTable: String {
        var table = TextTable(["LOCALITY", "CHECKPOINTS", "NEWEST HEIGHT", "SAME HEADER"])
        for item in mainnet.checkpoints {
            table.append([item.chainID, String(item.checkpoints), String(item.height), item.matches ? "yes" : "NO"])
        }
        return table.text
            + "\nmainnet: \(mainnet.transactions) transactions, \(mainnet.bytes) bytes, for \(localTransactions) transactions in the localities"
    }

    // MARK: For programs

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "held": .boolean(held), "seed": JSONValue(seed), "subjects": .integer(Int64(subjects)),
            "assessments": .array(
                scores.map { ["subject": .text($0.subject), "score": .number($0.score), "expected": .number($0.expected)] }),
            "max_abs_error": .number(largestError.isFinite ? largestError : Double.greatestFiniteMagnitude),
            "refusals": .array(
                refusals.map {
                    [
                        "case": .text($0.name), "code": .integer(Int64($0.code)), "name": .text($0.errorName),
                        "expected": .integer(Int64($0.expected)),
                    ]
                }),
            "statistics": .array(statistics.map(Self.json)), "enclave_platform": .text(platform),
            "mainnet": [
                "transactions": JSONValue(mainnet.transactions), "bytes": JSONValue(mainnet.bytes),
                "local_transactions": JSONValue(localTransactions),
                "checkpoints": .array(
                    mainnet.checkpoints.map {
                        [
                            "locality": .text($0.chainID), "height": JSONValue($0.height), "count": JSONValue($0.checkpoints),
                            "matches": .boolean($0.matches),
                        ]
                    }),
            ],
            "timings": .object(
                Dictionary(
                    timings.map { ($0.name, JSONValue.number($0.seconds)) } + [("total", .number(seconds))], uniquingKeysWith: { $1 })),
        ]
        if !consoles.isEmpty {
            members["consoles"] = .object(Dictionary(consoles.map { ($0.chain, .text($0.url)) }, uniquingKeysWith: { $1 }))
            members["home"] = .text(home)
            members["stop"] = .text(stopCommand)
        }
        return .object(members)
    }

    private static func json(_ item: Statistic) -> JSONValue {
        [
            "locality": .text(item.locality), "field": .text(item.field), "count": .integer(item.count), "mean": .number(item.mean),
            "variance": .number(item.variance), "histogram": .array(item.histogram.map { .integer($0) }), "held": .boolean(item.held),
            "expected": [
                "count": .integer(Int64(item.expected.count)), "mean": .number(item.expected.mean),
                "variance": .number(item.expected.variance),
                "histogram": .array(item.expected.histogram.map { .integer($0) }),
            ],
        ]
    }
}
