import ArgumentParser
import Cryptography
import Foundation
import JupiterClient
import Primitives
import SwiftProtobuf
import WireTypes

/// `jupiter governance …`
struct GovernanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "governance", abstract: "Propose changes of a chain's rules, vote, and see what is open.",
        discussion: """
            The accounts that answer for validators propose and vote, by their validators' weight. Changes of validators are proposed by \
            `jupiter validators`.

            EXAMPLE
              jupiter governance list
              jupiter governance vote 5be1c4d2 --yes --operator
            """,
        subcommands: [GovernanceList.self, GovernanceShow.self, GovernancePropose.self, GovernanceVote.self])
}

struct GovernanceList: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the proposals that can be voted for.",
        discussion: """
            EXAMPLE
              jupiter governance list
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions

    func answer() async throws -> Answer {
        let client = try node.client()
        let json = try await client.json("/v1/governance/proposals")
        let answer = try await client.proposals()
        var table = TextTable(["PROPOSAL", "CHANGE", "FOR", "AGAINST", "NEEDED", "OPEN UNTIL"])
        for proposal in answer.proposals {
            table.append([
                ShortKey.text(proposal.id), Proposals.text(proposal.change), "\(proposal.weightFor)", "\(proposal.weightAgainst)",
                "\(proposal.quorumWeight)", "\(proposal.expires)",
            ])
        }
        return Answer(json, text: table.isEmpty ? "no open proposals" : "height \(answer.height)\n" + table.text)
    }
}

struct GovernanceShow: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a proposal, open or decided.",
        discussion: """
            EXAMPLE
              jupiter governance show 5be1c4d2
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @Argument(help: "The proposal: all of its digits, or the first 6 or more of an open one.")
    var proposal: String

    func answer() async throws -> Answer {
        let client = try node.client()
        let json = try await client.json("/v1/governance/proposals/\(Proposals.find(proposal, client))")
        return Answer(json, text: Proposals.lines(json))
    }
}

struct GovernancePropose: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "propose", abstract: "Propose other parameters of the chain, or something about its enclaves.",
        discussion: """
            Parameters: minimumFee, maximumBlockBytes, maximumBlockTransactions, maximumValidityWindow, maximumSidecarBytes, idleInterval, \
            subscriptionWindow, epochLength, epochMinimum, leaderStep. Those that are not named stay. What is decided about enclaves holds \
            at once, but a new build may be given keys only after the chain's delay (docs/spec/admission.md); one proposal is about one \
            thing. Where the genesis names recovery holders, a build takes their approvals (`jupiter enclave recovery approve`).

            EXAMPLE
              jupiter governance propose --set idleInterval=500 --set minimumFee=2 \\
                --operator
              jupiter governance propose --add-reference build.json \\
                --description "release 0.2" --operator
              jupiter governance propose --add-reference build.json \\
                --approval anna.approval --approval ben.approval --operator
              jupiter governance propose --suspend-platform tdx --operator
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var change: ChangeOptions
    @Option(name: .customLong("set"), help: ArgumentHelp("A parameter's new value; may be repeated.", valueName: "name=number"))
    var settings: [ParameterOption] = []
    @OptionGroup var admission: AdmissionOptions

    func validate() throws {
        guard (settings.isEmpty ? 0 : 1) + admission.count == 1 else {
            throw ValidationError("say what changes, one thing a proposal: --set NAME=NUMBER, or one of the options about enclaves")
        }
    }

    func answer() async throws -> Answer {
        try await change.propose(global) { client in
            guard !settings.isEmpty else { return try await admission.change(client) }
            let json = try await client.json("/v1/governance/parameters")
            // A decided change that waits is not undone by leaving it out.
            let base = json["next"].flatMap { $0.object } ?? json["present"]?.object
            guard var parameters = base else { throw ClientError.malformedAnswer("the chain's parameters") }
            for setting in settings {
                guard parameters[setting.name] != nil else {
                    let names = parameters.keys.sorted().joined(separator: ", ")
                    throw CommandError.badArgument("there is no parameter \(setting.name); there are \(names)")
                }
                parameters[setting.name] = JSONValue(setting.value)
            }
            guard let wire = try? WireParameters(jsonUTF8Bytes: Array(JSONValue.object(parameters).encoded().utf8)) else {
                throw CommandError.badArgument("a value is too large")
            }
            return .set(wire)
        }
    }
}

/// `NAME=NUMBER`.
struct ParameterOption: ExpressibleByArgument {
    let name: String
    let value: UInt64

    init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, let value = UInt64(parts[1]) else { return nil }
        (name, self.value) = (parts[0], value)
    }
}

struct GovernanceVote: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "vote", abstract: "Vote on a proposal for the validators that your account answers for.",
        discussion: """
            A vote may be changed as long as the proposal is open.

            EXAMPLE
              jupiter governance vote 5be1c4d2 --yes --operator
            """)

    enum Choice: String, EnumerableFlag { case yes, no }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var signer: SignerOptions
    @Argument(help: "The proposal: all of its digits, or the first 6 or more.")
    var proposal: String
    @Flag(help: "Agree, or not.")
    var choice: Choice

    func answer() async throws -> Answer {
        let client = try node.client()
        let id = try await Proposals.find(proposal, client)
        let key = try await signer.key(home: global.homePath, client: client)
        var builder = try await client.builder(for: key)
        let receipt = try await client.commit(builder.sign(.vote(on: id, agrees: choice == .yes)))
        return try await Proposals.answer(id, receipt, client)
    }
}

/// What every command that proposes something takes.
struct ChangeOptions: ParsableArguments {
    @OptionGroup var node: NodeOptions
    @OptionGroup var signer: SignerOptions
    @Option(help: "Blocks for which the proposal stays open.")
    var expiresIn: UInt64 = 100_000

    func propose(_ global: GlobalOptions, _ change: (NodeClient) async throws -> WireChange) async throws -> Answer {
        guard (1...1_000_000).contains(expiresIn) else { throw CommandError.badArgument("--expires-in is from 1 to 1000000") }
        let client = try node.client()
        let change = try await change(client)
        let key = try await signer.key(home: global.homePath, client: client)
        var builder = try await client.builder(for: key)
        let expires = try await client.status().height + expiresIn
        let receipt = try await client.commit(builder.sign(.propose(change, expires: expires)))
        guard let id = receipt.events.first(where: { $0.type == "governance.proposed" })?.id.flatMap({ Hash32(hex: $0) }) else {
            throw ClientError.malformedAnswer("a receipt without the proposal")
        }
        return try await Proposals.answer(id, receipt, client)
    }
}

/// Proposals by what people type, and as people read them.
enum Proposals {
    static func find(_ text: String, _ client: NodeClient) async throws -> Hash32 {
        let text = text.lowercased()
        if let id = Hash32(hex: text) { return id }
        guard (6..<64).contains(text.utf8.count), text.allSatisfy(\.isHexDigit) else {
            throw CommandError.badArgument("\"\(text)\" is not a proposal, nor 6 or more digits of one's beginning")
        }
        let found = try await client.proposals().proposals.filter { $0.id.hasPrefix(text) }
        guard found.count < 2 else { throw CommandError.badArgument("\(found.count) open proposals begin with \(text)") }
        guard let id = found.first.flatMap({ Hash32(hex: $0.id) }) else { throw CommandError.notFound("open proposal \(text)") }
        return id
    }

    static func text(_ change: JSONValue) -> String {
        let validator = change["validator"]?.text.map { ShortKey.text($0) } ?? ""
        let weight = change["votingWeight"]?.unsigned.map { String($0) } ?? ""
        return switch change["kind"]?.text {
        case "addValidator": "add \(validator) with weight \(weight)"
        case "removeValidator": "remove \(validator)"
        case "setVotingWeight": "weight of \(validator) to \(weight)"
        case "unjail": "unjail \(validator)"
        case "setParameters": "parameters"
        case "addReferenceValue": "accept build \(measured(change))"
        case "revokeReferenceValue": "revoke build \(measured(change))"
        case "setAttestationRules": "rules of attestation"
        case "suspendEnclaves": "suspend \(change["platform"]?.text ?? ShortKey.text(change["enclave"]?.text ?? ""))"
        case "resumeEnclave": "resume \(ShortKey.text(change["enclave"]?.text ?? ""))"
        default: "unknown"
        }
    }

    /// A whole proposal: what changes on a line each, and every vote.
    static func lines(_ proposal: JSONValue) -> String {
        var members = proposal.object ?? [:]
        let votes = members.removeValue(forKey: "votes")?.array ?? []
        var change = members.removeValue(forKey: "change")?.object ?? [:]
        members["change"] = .text(text(.object(change)))
        change["kind"] = nil
        let details = change["parameters"]?.object ?? change
        var lines = [Generic.lines(.object(members))]
        lines += details.sorted { $0.key < $1.key }.map { "  \($0.key) = \(Generic.cell($0.value))" }
        lines += votes.map { "vote \($0["agrees"] == true ? "yes" : "no") of validator \($0["validator"]?.text ?? "")" }
        return lines.joined(separator: "\n")
    }

    private static func measured(_ change: JSONValue) -> String {
        "\(change["platform"]?.text ?? "")/\(ShortKey.text(change["measurement"]?.text ?? ""))"
    }

    /// Whether what is decided waits for the end of the epoch; what is about enclaves does not.
    private static func waits(_ change: JSONValue) -> Bool {
        switch change["kind"]?.text {
        case "addReferenceValue", "revokeReferenceValue", "setAttestationRules", "suspendEnclaves", "resumeEnclave": false
        default: true
        }
    }

    /// How the proposal stands after `receipt`, and what comes next.
    static func answer(_ id: Hash32, _ receipt: ReceiptAnswer, _ client: NodeClient) async throws -> Answer {
        let proposal = try await client.proposal(id)
        let extra: [String: JSONValue] = [
            "proposal": .text(proposal.id), "status": .text(proposal.status), "change": proposal.change,
            "weightFor": JSONValue(proposal.weightFor), "weightAgainst": JSONValue(proposal.weightAgainst),
            "quorumWeight": JSONValue(proposal.quorumWeight),
        ]
        let next: String
        switch proposal.status {
        case "open":
            next = """
                open: \(proposal.weightFor) of \(proposal.quorumWeight) weight agree
                others agree with: jupiter governance vote \(ShortKey.text(proposal.id)) --yes --operator
                """
        case "passed" where !waits(proposal.change): next = "passed: it holds"
        case "passed":
            let plan = try await client.validators().pending.map { "\nplan: " + Plan.text($0) }.joined()
            next = "passed: it takes effect at the end of the epoch" + plan
        case "failed": next = "agreed on, but no longer possible (\(proposal.failure ?? 0), see docs/spec/errors.md)"
        default: next = proposal.status
        }
        return Receipts.answer(receipt, extra, "proposal \(proposal.id): \(text(proposal.change))\n\(next)")
    }
}
