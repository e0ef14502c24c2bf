import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LocalFederation
import Node
import Primitives
import WireTypes

/// `jupiter federation init`
struct FederationInit: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a new chain of several validators: one genesis, and a home for each.",
        discussion: """
            Every home holds its own keys, encrypted under your passphrase, or with --own-passphrases each under its own. Without hosts \
            all run on this machine. A host's validators take pairs of ports from --base-port on: one for other nodes, the next for the \
            API.

            With --consensus abci the blocks are decided by CometBFT, which runs beside each node: every home then holds a CometBFT home \
            as well, with a genesis of the same validators. CometBFT cannot read an encrypted key, so the validator's stands in it in the \
            clear (cometbft/config/priv_validator_key.json, readable by its owner alone). Each validator takes four ports: for other \
            nodes, for the API, for CometBFT's RPC and for its application.

            EXAMPLE
              jupiter federation init --locality sg --validators 4
              jupiter federation init --locality sg --hosts-file hosts.txt \\
                --weight 3,2,2,1 --own-passphrases --out ./sg
              jupiter federation init --locality sg --validators 4 --consensus abci
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var passphrase: PassphraseOptions
    @Option(help: "Name of the locality: sg makes the chain jupiter-sg.")
    var locality: String
    @Option(help: "How many validators (default: one for each host, or 4).")
    var validators: Int?
    @Option(name: .customLong("host"), help: ArgumentHelp("Where the next validator runs; may be repeated.", valueName: "host[:port]"))
    var hosts: [String] = []
    @Option(help: ArgumentHelp("File with a host[:port] a line.", valueName: "file"))
    var hostsFile: String?
    @Option(
        name: .customLong("weight"),
        help: ArgumentHelp("Voting weights in the order of the validators (default: 1 each).", valueName: "n,n,…"))
    var weights: WeightsOption?
    @Option(help: "First port; 0 takes free ones of this machine.")
    var basePort = 7400
    @Option(help: "byzantine (tolerates liars) or crash (tolerates stops only).")
    var profile: ProfileOption = .byzantine
    @Option(help: "simplex (built in) or abci (CometBFT runs beside each node).")
    var consensus: EngineOption = .simplex
    @Option(
        help: ArgumentHelp(
            "Where node and CometBFT meet on each host (default: a Unix socket for validators of this machine, else loopback).",
            valueName: "unix:///path|tcp://host:port"))
    var abci: String?
    @Option(help: ArgumentHelp("Milliseconds between the blocks of an idle chain.", valueName: "ms"))
    var idleInterval: UInt64?
    @Flag(help: "Admit enclaves without hardware protection: for trying things out.")
    var allowSimulatedEnclaves = false
    @Flag(name: .customLong("allow-software-tpm"), help: "Admit enclaves on TPMs that nothing vouches for: for trying things out.")
    var allowSoftwareTPM = false
    @Option(
        name: .customLong("reference-value"),
        help: ArgumentHelp("A build of the enclave to accept from the start: JSON; may be repeated.", valueName: "file"))
    var referenceValues: [String] = []
    @OptionGroup var recovery: FirstHoldersOptions
    @Option(name: .customLong("allocate"), help: ArgumentHelp("First balance in micro-JUPT; may be repeated.", valueName: "address=amount"))
    var allocations: [AllocationOption] = []
    @Flag(help: "Encrypt each home under a random passphrase of its own, written beside it.")
    var ownPassphrases = false
    @Option(help: ArgumentHelp("New folder for the homes (default: the chain's id).", valueName: "dir"))
    var out: String?

    func validate() throws {
        guard (1...Limits.validators).contains(validators ?? 1) else {
            throw ValidationError("--validators is from 1 to \(Limits.validators)")
        }
        guard (0...65_000).contains(basePort) else { throw ValidationError("--base-port is from 0 to 65000") }
        guard consensus == .simplex || profile == .byzantine else {
            throw ValidationError("CometBFT's quorum is that of the byzantine profile")
        }
        guard consensus == .abci || abci == nil else { throw ValidationError("--abci goes with --consensus abci") }
        guard hosts.isEmpty || hostsFile == nil else { throw ValidationError("give --host or --hosts-file, not both") }
    }

    func answer() async throws -> Answer {
        let chain = locality.hasPrefix("jupiter-") ? locality : "jupiter-" + locality
        guard ChainID.isValid(chain) else { throw CommandError.badArgument("a locality's name has lowercase letters, digits and hyphens") }
        guard consensus == .simplex || chain.utf8.count <= Genesis.cometChainID else {
            throw CommandError.badArgument("CometBFT takes chain ids of \(Genesis.cometChainID) characters at most")
        }
        let folder = out ?? chain
        var initialiser = FederationInitialiser(chainID: chain, seats: try seats())
        initialiser.profile = profile.wire
        (initialiser.consensus, initialiser.abciAddress) = (consensus.wire, abci)
        if let idleInterval { initialiser.parameters.idleInterval = idleInterval }
        (initialiser.allowSimulatedEnclaves, initialiser.allowSoftwareTPM) = (allowSimulatedEnclaves, allowSoftwareTPM)
        initialiser.referenceValues = try referenceValues.map { try ReferenceFile.read($0) }
        initialiser.recoveryPlan = try recovery.plan()
        initialiser.allocations = allocations.map { ($0.account, $0.amount) }
        let parent = (folder as NSString).deletingLastPathComponent
        if !parent.isEmpty { try PrivateFile.makeFolder(parent) }
        if consensus == .abci {
            Console.error("CometBFT cannot read an encrypted key: each validator's will also stand in its CometBFT home in the clear.")
        }
        let made = try initialiser.initialise(
            folder, passphrases: ownPassphrases ? .own : .shared(passphrase.passphrase(new: true)))
        return Answer(json(made, folder), text: text(made, folder))
    }

    private func seats() throws -> [FederationInitialiser.Seat] {
        var texts = hosts
        if let hostsFile {
            let lines = String(decoding: try PlainFile.read(hostsFile, limit: 1 << 20), as: UTF8.self).split(whereSeparator: \.isNewline)
            texts = lines.map { $0.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            guard !texts.isEmpty else { throw CommandError.badArgument("\(hostsFile) names no host") }
        }
        let count = validators ?? (texts.isEmpty ? 4 : texts.count)
        if texts.isEmpty { texts = Array(repeating: "127.0.0.1", count: count) }
        guard texts.count == count else { throw CommandError.badArgument("there are \(count) validators and \(texts.count) hosts") }
        let weights = weights?.weights ?? Array(repeating: 1, count: count)
        guard weights.count == count else { throw CommandError.badArgument("there are \(count) validators and \(weights.count) weights") }
        var used: [String: Int] = [:]
        return try zip(texts, weights).map { text, weight in
            var seat = try Seats.seat(text, port: 0)
            seat.weight = weight
            if seat.peerPort == 0, basePort > 0 {
                seat.peerPort = basePort + (consensus == .abci ? 4 : 2) * used[seat.host, default: 0]
                used[seat.host, default: 0] += 1
            }
            if seat.peerPort > 0 { seat.apiPort = seat.peerPort + 1 }
            if seat.peerPort > 0, consensus == .abci { (seat.cometPort, seat.abciPort) = (seat.peerPort + 2, seat.peerPort + 3) }
            let ports = [seat.peerPort, seat.apiPort, seat.cometPort, seat.abciPort]
            guard ports.allSatisfy({ $0 <= 65_535 }) else { throw CommandError.badArgument("\(text): the ports go beyond 65535") }
            for port in ports where seat.isLoopback && port > 0 && !FreePort.isFree(port) {
                throw CommandError.badArgument("port \(port) is in use on this machine; choose another --base-port, or 0 for free ones")
            }
            return seat
        }
    }

    private func json(_ made: FederationInitialiser.Made, _ folder: String) -> JSONValue {
        let members = made.members.enumerated().map { position, member in
            var json: [String: JSONValue] = [
                "home": .text(member.jupiterHome), "validator": .text(member.validator.description),
                "nodeId": .text(member.nodeID.description), "account": .text(member.account.description),
                "endpoint": .text(member.endpoint), "weight": JSONValue(member.weight), "url": .text(url(member)),
            ]
            if let comet = member.cometHome { json["cometHome"] = .text(comet) }
            if ownPassphrases { json["passphraseFile"] = .text("\(member.jupiterHome).passphrase") }
            return JSONValue.object(json)
        }
        return [
            "chain": .text(made.genesis.chainID), "folder": .text(folder), "genesisHash": .text(made.genesis.hash.description),
            "profile": .text(profile.rawValue), "consensus": .text(consensus.rawValue), "operator": .text(made.operatorAccount.description),
            "validators": .array(members),
        ]
    }

    private func url(_ member: FederationInitialiser.Member) -> String { "http://127.0.0.1:\(member.configuration.apiPort)" }

    private func text(_ made: FederationInitialiser.Made, _ folder: String) -> String {
        let chain = made.genesis.chainID
        var table = TextTable(["HOME", "VALIDATOR", "WEIGHT", "ENDPOINT", "API"])
        for member in made.members {
            table.append([
                member.jupiterHome, ShortKey.text(member.validator.description), String(member.weight), member.endpoint, url(member),
            ])
        }
        let isLocal = made.members.allSatisfy { $0.endpoint.hasPrefix("127.0.0.1:") || $0.endpoint.hasPrefix("localhost:") }
        var lines = [
            "made \(folder): \(chain), \(made.members.count) validators, \(profile.rawValue)", "genesis \(made.genesis.hash)",
            "operator \(made.operatorAccount) (validator-1)", "", table.text, "",
        ]
        if !isLocal { lines.append("copy each folder to its machine, and to no other; then start there, or here for each that runs here:") }
        if isLocal { lines.append("start each in a terminal of its own:") }
        for member in made.members {
            let file = ownPassphrases ? " --passphrase-file \(member.jupiterHome).passphrase" : ""
            lines.append("  jupiter node start \(chain) --home \(member.jupiterHome)\(file)")
            if let comet = member.cometHome { lines.append("  cometbft start --home \(comet)") }
        }
        if let first = made.members.first { lines.append("then ask one: jupiter status --node \(url(first))") }
        return lines.joined(separator: "\n")
    }
}

/// `1,1,2`.
struct WeightsOption: ExpressibleByArgument {
    let weights: [UInt64]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { UInt64($0) }
        guard parts.allSatisfy({ $0.map { (1...FederationInitialiser.largestWeight).contains($0) } ?? false }) else { return nil }
        weights = parts.compactMap { $0 }
    }
}

/// Long names as tables show them.
enum ShortKey {
    static func text(_ hex: String) -> String { String(hex.prefix(16)) }
}
