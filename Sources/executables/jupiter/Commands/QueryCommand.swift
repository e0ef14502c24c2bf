import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import SwiftProtobuf
import WireTypes

/// `jupiter query …`: any value of the state, with proof if asked for.
struct QueryCommand: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Read a value of the state, and prove it.",
        discussion: """
            Paths: account/ADDRESS · dataset/ID · enclave/ID · record/OWNER/DATASET/ID · consent/SUBJECT/GRANT · program/HASH · \
            assessment/ID · subscription/ID · erasure/ID · locality/CHAIN · key/HEX (a raw key, docs/spec/state-keys.md). With --prove the \
            value is checked against a certified header; --genesis-hash pins the chain.

            EXAMPLE
              jupiter query account/jup1… --prove
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @Argument(help: "What to read.")
    var path: String
    @Flag(help: "Check certificate and proof instead of trusting the node.")
    var prove = false
    @Option(help: "The genesis hash you know the chain by.")
    var genesisHash: Hash32?

    func answer() async throws -> Answer {
        let target = try StatePath(path)
        let client = try node.client()
        var json: [String: JSONValue] = ["key": .text(Hex.encode(target.key))]
        let value: [UInt8]?
        if prove {
            var view = try await ChainView(client, expected: genesisHash)
            let header = try await view.advance()
            value = try await view.value(target.key)
            json["provenBy"] = ["header": .text(header.hash.description), "height": JSONValue(header.height)]
        } else {
            let answer = try await client.state(target.key)
            value = answer.value.map { [UInt8]($0) }
            json["height"] = JSONValue(answer.height)
        }
        json["value"] = value.map { .text(Data($0).base64EncodedString()) } ?? .null
        if let value, let decoded = target.decode(value) { json["decoded"] = decoded }
        let shown = json["decoded"].map { $0.encoded() } ?? (value.map { Hex.encode($0) } ?? "nothing")
        let trust = json["provenBy"].map { _ in "\nproven" + (value == nil ? " absent" : "") + " by a certified header" } ?? ""
        return Answer(.object(json), text: shown + trust)
    }
}

/// A readable name of a state key, and how to read its value.
struct StatePath {
    let key: [UInt8]
    private let decoder: ([UInt8]) -> JSONValue?

    func decode(_ value: [UInt8]) -> JSONValue? { decoder(value) }

    init(_ path: String) throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        func hash(_ text: String) throws -> Hash32 {
            guard let hash = Hash32(hex: text) else { throw CommandError.badArgument("\"\(text)\" is not 64 hexadecimal digits") }
            return hash
        }
        func name(_ text: String) throws -> String {
            guard (1...255).contains(text.utf8.count) else { throw CommandError.badArgument("a name in the path is empty or too long") }
            return text
        }
        switch (parts.first, parts.count) {
        case ("account", 2): (key, decoder) = (StateKey.account(try Address(text: parts[1])), Self.json(WireAccount.self))
        case ("dataset", 2): (key, decoder) = (StateKey.dataset(try name(parts[1])), Self.json(WireDataset.self))
        case ("enclave", 2): (key, decoder) = (StateKey.enclave(try hash(parts[1])), Self.json(WireEnclave.self))
        case ("record", 4):
            let key = StateKey.record(try Address(text: parts[1]), dataset: try name(parts[2]), record: try hash(parts[3]))
            (self.key, decoder) = (key, Self.json(WireRecord.self))
        case ("consent", 3):
            (key, decoder) = (StateKey.consent(try Address(text: parts[1]), grant: try hash(parts[2])), Self.json(WireConsent.self))
        case ("program", 2): (key, decoder) = (StateKey.program(try hash(parts[1])), Self.json(WireProgram.self))
        case ("assessment", 2): (key, decoder) = (StateKey.assessment(try hash(parts[1])), Self.json(WireAssessment.self))
        case ("subscription", 2): (key, decoder) = (StateKey.subscription(try hash(parts[1])), Self.json(WireSubscription.self))
        case ("erasure", 2): (key, decoder) = (StateKey.erasure(try hash(parts[1])), Self.json(WireErasure.self))
        case ("locality", 2): (key, decoder) = (StateKey.locality(try name(parts[1])), Self.json(WireLocality.self))
        case ("key", 2):
            guard let raw = Hex.decode(parts[1]), !raw.isEmpty else { throw CommandError.badArgument("key/ needs hexadecimal digits") }
            (key, decoder) = (raw, { _ in nil })
        default: throw CommandError.badArgument("\"\(path)\" is not a path of the state")
        }
    }

    private static func json<Value: SwiftProtobuf.Message>(_ type: Value.Type) -> ([UInt8]) -> JSONValue? {
        { bytes in
            guard let value = try? Value(strictly: bytes, limit: Limits.stateValue), let text = try? value.jsonString() else { return nil }
            return try? JSONValue(parsing: Array(text.utf8))
        }
    }
}
