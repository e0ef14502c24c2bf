import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter validators …`
struct ValidatorsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validators", abstract: "List a chain's validators; propose to add, remove, reweigh or unjail one.",
        discussion: """
            Changes are proposals: they pass when validators with a quorum of the weight agree (`jupiter governance vote`), and take \
            effect at ends of epochs. A validator is named by its key, or by the first 6 digits of it or more.

            EXAMPLE
              jupiter validators
              jupiter validators weight 9f3a0c11 3 --operator
            """,
        subcommands: [
            ValidatorsList.self, ValidatorsAdd.self, ValidatorsRemove.self, ValidatorsWeight.self, ValidatorsUnjail.self,
            ValidatorsEndpoint.self,
        ],
        defaultSubcommand: ValidatorsList.self)
}

struct ValidatorsList: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List a chain's validators, and what is decided and waits.",
        discussion: """
            LEADS is the weight by which the validator leads now; SCORE is 16 for one that serves all its turns.

            EXAMPLE
              jupiter validators list
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions

    func answer() async throws -> Answer {
        let client = try node.client()
        let json = try await client.json("/v1/validators")
        let answer = try await client.validators()
        var table = TextTable(["VALIDATOR", "STATUS", "SINCE EPOCH", "WEIGHT", "LEADS", "SCORE", "ENDPOINT", "ACCOUNT"])
        for validator in answer.validators {
            let weight =
                "\(validator.votingWeight)" + (validator.grantedWeight == validator.votingWeight ? "" : "→\(validator.grantedWeight)")
            table.append([
                ShortKey.text(validator.key), validator.status, "\(validator.statusEpoch)", weight, "\(validator.presentLeaderWeight)",
                "\(validator.leaderScore)", validator.endpoint ?? "-", validator.account,
            ])
        }
        let head = "epoch \(answer.epoch), \(answer.profile): \(answer.quorumWeight) of \(answer.totalWeight) weight decide"
        let plan = answer.pending.map { "plan: " + Plan.text($0) }
        return Answer(json, text: ([head, table.text] + plan).joined(separator: "\n"))
    }
}

struct ValidatorsAdd: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Propose to admit a validator.",
        discussion: """
            `jupiter node init --join` on the new node's machine prints all of this. Start the new node first: on a chain of up to three \
            validators it is needed for blocks as soon as it is admitted.

            EXAMPLE
              jupiter validators add KEY --node-id ID --endpoint host:7400 --account jup1… \\
                --possession HEX --weight 1 --operator
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var change: ChangeOptions
    @Argument(help: "The new validator's key.")
    var key: Hash32
    @Option(help: "The identifier of its node.")
    var nodeId: Hash32
    @Option(help: ArgumentHelp("Where other nodes find it.", valueName: "host:port"))
    var endpoint: String
    @Option(help: "The account that answers for it.")
    var account: Address
    @Option(help: ArgumentHelp("The key's signature over chain and account.", valueName: "hex"))
    var possession: String
    @Option(help: "Voting weight.")
    var weight: UInt64
    @Option(help: "How often it leads, against the others (default: as its voting weight).")
    var leaderWeight: UInt64?

    func answer() async throws -> Answer {
        guard let signature = Hex.decode(possession), signature.count == 64 else {
            throw CommandError.badArgument("--possession is 128 hexadecimal digits")
        }
        guard WireValidatorNode.isEndpoint(endpoint) else { throw CommandError.badArgument("--endpoint is HOST:PORT") }
        var node = WireValidatorNode()
        (node.validator, node.nodeID) = (.init(key.bytes), .init(nodeId.bytes))
        (node.endpoint, node.account) = (endpoint, .init(account.bytes))
        return try await change.propose(global) { _ in
            .add(node, votingWeight: weight, leaderWeight: leaderWeight ?? weight, possession: signature)
        }
    }
}

struct ValidatorsRemove: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Propose to let a validator go.",
        discussion: """
            Keep its node running until `jupiter validators` shows that it has left: its weight counts until then.

            EXAMPLE
              jupiter validators remove 9f3a0c11 --operator
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var change: ChangeOptions
    @Argument(help: "The validator.")
    var validator: String

    func answer() async throws -> Answer {
        try await change.propose(global) { .remove(try await Validators.find(validator, $0).key) }
    }
}

struct ValidatorsWeight: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "weight", abstract: "Propose another voting weight for a validator.",
        discussion: """
            A large change arrives over several epochs; `jupiter validators` shows the plan.

            EXAMPLE
              jupiter validators weight 9f3a0c11 3 --operator
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var change: ChangeOptions
    @Argument(help: "The validator.")
    var validator: String
    @Argument(help: "Its new voting weight.")
    var weight: UInt64

    func answer() async throws -> Answer {
        try await change.propose(global) { .setVotingWeight(of: try await Validators.find(validator, $0).key, to: weight) }
    }
}

struct ValidatorsUnjail: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "unjail", abstract: "Propose to give a jailed validator its weight back.",
        discussion: """
            A validator is jailed because it signed two votes that contradict each other. Find out why first.

            EXAMPLE
              jupiter validators unjail 9f3a0c11 --operator
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var change: ChangeOptions
    @Argument(help: "The validator.")
    var validator: String

    func answer() async throws -> Answer {
        try await change.propose(global) { .unjail(try await Validators.find(validator, $0).key) }
    }
}

struct ValidatorsEndpoint: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoint", abstract: "Say where your validator's node is found; needs no vote.",
        discussion: """
            Signed by the account that answers for the validator. Holds at once.

            EXAMPLE
              jupiter validators endpoint 9f3a0c11 --endpoint new-host.example:7400 \\
                --operator
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var signer: SignerOptions
    @Argument(help: "The validator.")
    var validator: String
    @Option(help: ArgumentHelp("Where other nodes find it.", valueName: "host:port"))
    var endpoint: String
    @Option(help: "The identifier of its node (default: as before).")
    var nodeId: Hash32?

    func answer() async throws -> Answer {
        guard WireValidatorNode.isEndpoint(endpoint) else { throw CommandError.badArgument("--endpoint is HOST:PORT") }
        let client = try node.client()
        let (key, found) = try await Validators.find(validator, client)
        guard let node = nodeId ?? found.nodeId.flatMap({ Hash32(hex: $0) }) else {
            throw CommandError.badArgument("the chain knows no node of this validator yet: give --node-id")
        }
        let signingKey = try await signer.key(home: global.homePath, client: client)
        var builder = try await client.builder(for: signingKey)
        let receipt = try await client.commit(builder.sign(.updateEndpoint(validator: key, nodeID: node, endpoint: endpoint)))
        return Receipts.answer(
            receipt, ["validator": .text(key.description), "nodeId": .text(node.description), "endpoint": .text(endpoint)],
            "\(ShortKey.text(key.description)) is at \(endpoint)")
    }
}

/// Validators by what people type.
enum Validators {
    /// The validator of a key, or of the beginning of one.
    static func find(_ text: String, _ client: NodeClient) async throws -> (key: Hash32, answer: ValidatorAnswer) {
        let text = text.lowercased()
        guard (6...64).contains(text.utf8.count), text.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else {
            throw CommandError.badArgument("\"\(text)\" is not a validator's key, nor 6 or more digits of one's beginning")
        }
        let found = try await client.validators().validators.filter { $0.key.hasPrefix(text) }
        guard found.count < 2 else { throw CommandError.badArgument("\(found.count) validators' keys begin with \(text)") }
        guard let answer = found.first else { throw CommandError.notFound("validator \(text) in the set or on its way there") }
        guard let key = Hash32(hex: answer.key) else { throw ClientError.malformedAnswer("a validator's key") }
        return (key, answer)
    }
}
