import ArgumentParser
import ChainTypes
import Cryptography
import EnclaveProtocol
import Foundation
import JupiterClient
import Primitives
import WireTypes

struct EnclaveList: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the enclaves of a chain: what vouches for each, and for how long.",
        discussion: """
            The label says what an enclave's evidence honestly shows; simulated ones are protected by nothing but their process.

            EXAMPLE
              jupiter enclave list --node http://127.0.0.1:7340
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions

    func answer() async throws -> Answer {
        let items = try await node.client().list("enclaves")
        var table = TextTable(["ENCLAVE", "LABEL", "ASSURANCE", "STATUS", "EVIDENCE UNTIL", "OPERATOR"])
        for item in items {
            table.append([
                ShortKey.text(item["id"]?.text ?? ""), Generic.cell(item["label"]), Generic.cell(item["assurance"]),
                EnclaveText.status(item), item["expires"]?.unsigned.map(Display.time) ?? "-", Generic.cell(item["operator"]),
            ])
        }
        return Answer(.array(items), text: table.isEmpty ? "no enclave is registered" : table.text)
    }
}

struct EnclaveShow: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one enclave as the chain knows it.",
        discussion: """
            EXAMPLE
              jupiter enclave show 3c41d0aa
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @Argument(help: "The enclave: all of its digits, or the first 6 or more.")
    var enclave: String

    func answer() async throws -> Answer {
        let client = try node.client()
        let json = try await client.json("/v1/enclaves/\(EnclaveText.find(enclave, client))")
        let warning = json["simulated"] == true ? "\nSIMULATED: nothing but its process protects it" : ""
        return Answer(json, text: EnclaveText.lines(json) + warning)
    }
}

struct EnclaveRenew: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew", abstract: "Show the chain fresh evidence of the enclave at a socket.",
        discussion: """
            A node does this by itself when half of the evidence's time is over. By hand it also ends a suspension that the operator \
            decided with `jupiter enclave suspend`.

            EXAMPLE
              jupiter enclave renew --socket ~/.jupiter/enclave/jupiter-sg/enclave.sock \\
                --operator
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var signer: SignerOptions
    @Option(help: ArgumentHelp("Where the enclave listens (default: that of the chain in this home).", valueName: "path"))
    var socket: String?

    func answer() async throws -> Answer {
        let client = try node.client()
        let status = try await client.status()
        let connection = EnclaveConnection(path: socket ?? "\(global.homePath)/enclave/\(status.chainId)/enclave.sock")
        let enclave = try connection.status()
        guard enclave.chainID == status.chainId else { throw EnclaveError.wrongChain }
        var challenge = WireAttestCommand()
        (challenge.challengeHeight, challenge.challengeBlock) = (status.height, .init(Hex.decode(status.headHash) ?? []))
        var message = WireRenewEvidence()
        (message.enclave, message.evidence) = (enclave.id, try connection.attest(challenge).evidence)
        let key = try await signer.key(home: global.homePath, client: client)
        var builder = try await client.builder(for: key)
        let receipt = try await client.commit(builder.sign(.renewEvidence(message)))
        let id = Hex.encode(enclave.id)
        let shown = try await client.json("/v1/enclaves/\(id)")
        let until = shown["expires"]?.unsigned.map(Display.time) ?? "further notice"
        return Receipts.answer(
            receipt, ["enclave": .text(id), "expires": shown["expires"] ?? .null, "label": shown["label"] ?? .null],
            "enclave \(id) (\(Generic.cell(shown["label"]))) is admitted until \(until)")
    }
}

struct EnclaveSuspend: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend", abstract: "Take an enclave that you answer for out of service.",
        discussion: """
            `jupiter enclave renew` brings it back. Somebody else's enclave is suspended by `jupiter governance propose --suspend-enclave`.

            EXAMPLE
              jupiter enclave suspend 3c41d0aa --operator
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var signer: SignerOptions
    @Argument(help: "The enclave: all of its digits, or the first 6 or more.")
    var enclave: String

    func answer() async throws -> Answer {
        let client = try node.client()
        let id = try await EnclaveText.find(enclave, client)
        var message = WireSuspendEnclave()
        message.enclave = .init(id.bytes)
        let key = try await signer.key(home: global.homePath, client: client)
        var builder = try await client.builder(for: key)
        let receipt = try await client.commit(builder.sign(.suspendEnclave(message)))
        return Receipts.answer(receipt, ["enclave": .text(id.description)], "enclave \(id) is suspended")
    }
}

/// Enclaves by what people type, and as people read them.
enum EnclaveText {
    static func find(_ text: String, _ client: NodeClient) async throws -> Hash32 {
        let text = text.lowercased()
        if let id = Hash32(hex: text) { return id }
        guard (6..<64).contains(text.utf8.count), text.allSatisfy(\.isHexDigit) else {
            throw CommandError.badArgument("\"\(text)\" is not an enclave, nor 6 or more digits of one's beginning")
        }
        let found = try await client.list("enclaves").compactMap { $0["id"]?.text }.filter { $0.hasPrefix(text) }
        guard found.count < 2 else { throw CommandError.badArgument("\(found.count) enclaves begin with \(text)") }
        guard let id = found.first.flatMap({ Hash32(hex: $0) }) else { throw CommandError.notFound("enclave \(text)") }
        return id
    }

    /// One line a member, times as dates and keys no longer than a line.
    static func lines(_ enclave: JSONValue) -> String {
        var members = enclave.object ?? [:]
        if let expires = enclave["expires"]?.unsigned { members["expires"] = .text(Display.time(expires)) }
        if let suite = enclave["vaultKey"]?["suite"]?.text, let key = enclave["vaultKey"]?["key"]?.text {
            members["vaultKey"] = .text("\(suite):\(key.prefix(26))…")
        }
        return Generic.lines(.object(members))
    }

    static func status(_ enclave: JSONValue) -> String {
        let status = Generic.cell(enclave["status"])
        if let reason = enclave["suspension"]?.text { return "\(status): \(reason)" }
        guard let expires = enclave["expires"]?.unsigned, expires <= Display.now, status == "active" else { return status }
        return "expired"
    }
}
