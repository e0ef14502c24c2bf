import ArgumentParser
import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// `jupiter endorsement …`
struct EndorsementCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endorsement", abstract: "What the makers of platforms signed: give it to a chain, see what it has.",
        discussion: """
            Revocation lists, TCB information and identities carry their maker's signature, so anybody may submit them; only something \
            newer replaces what a chain has.

            EXAMPLE
              jupiter endorsement submit tcb-info.json --kind intel-tcb-info \\
                --issuer tcb-signing-chain.pem
              jupiter endorsement list
            """,
        subcommands: [EndorsementSubmit.self, EndorsementList.self])
}

/// What an endorsement is.
enum EndorsementKindOption: String, ExpressibleByArgument, CaseIterable {
    case intelRootCRL = "intel-root-crl"
    case intelPCKCRL = "intel-pck-crl"
    case intelTCBInfo = "intel-tcb-info"
    case intelQEIdentity = "intel-qe-identity"
    case amdCRL = "amd-crl"

    /// Whether a maker's root itself signs it.
    var isOfRoot: Bool { self == .intelRootCRL || self == .amdCRL }

    var wire: WireEndorsementKind {
        switch self {
        case .intelRootCRL: .intelRootCrl
        case .intelPCKCRL: .intelPckCrl
        case .intelTCBInfo: .intelTcbInfo
        case .intelQEIdentity: .intelQeIdentity
        case .amdCRL: .amdCrl
        }
    }
}

struct EndorsementSubmit: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Submit what a maker signed.",
        discussion: """
            The file is the list in DER, or Intel's JSON exactly as it was served: any change breaks the signature. Issuers are the \
            certificates from the signer upward, in PEM or DER. The fee is the chain's minimum for each started kilobyte.

            EXAMPLE
              jupiter endorsement submit tcb-info.json --kind intel-tcb-info \\
                --issuer tcb-signing-chain.pem
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var signer: SignerOptions
    @Argument(help: "What the maker signed.")
    var file: String
    @Option(help: "intel-root-crl, intel-pck-crl, intel-tcb-info, intel-qe-identity or amd-crl.")
    var kind: EndorsementKindOption
    @Option(name: .customLong("issuer"), help: ArgumentHelp("Certificates of who signed it; may be repeated.", valueName: "file"))
    var issuers: [String] = []

    func validate() throws {
        // A root's own list is checked with the anchor that is built in.
        guard kind.isOfRoot || !issuers.isEmpty else {
            throw ValidationError("--kind \(kind.rawValue) needs --issuer: the certificates that the maker serves with it")
        }
    }

    func answer() async throws -> Answer {
        var endorsement = WireEndorsement()
        (endorsement.kind, endorsement.body) = (kind.wire, .init(try PlainFile.read(file, limit: Limits.transaction)))
        endorsement.issuers = try issuers.flatMap { try Certificates.read($0) }
        var message = WireSubmitEndorsement()
        message.endorsement = .init(endorsement.encoded())
        let client = try node.client()
        let fee = try await client.status().minimumFee * UInt64(message.endorsement.count / 1_024 + 1)
        let key = try await signer.key(home: global.homePath, client: client)
        var builder = try await client.builder(for: key)
        builder.fee = max(builder.fee, fee)
        let receipt = try await client.commit(builder.sign(.submitEndorsement(message)))
        let accepted = receipt.events.first { $0.type == "admission.endorsementAccepted" }
        let slot = accepted?.id.flatMap { Hex.decode($0) }.map { String(decoding: $0, as: UTF8.self) } ?? ""
        let number = accepted?.amount ?? 0
        return Receipts.answer(receipt, ["slot": .text(slot), "number": JSONValue(number)], "\(slot) is now number \(number)")
    }
}

struct EndorsementList: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what a chain has of the makers of platforms.",
        discussion: """
            EXAMPLE
              jupiter endorsement list
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var node: NodeOptions

    func answer() async throws -> Answer {
        let items = try await node.client().list("endorsements")
        let text = Generic.table(items, columns: ["slot", "number", "bytes", "height"], empty: "no endorsement was submitted")
        return Answer(.array(items), text: text)
    }
}

/// Certificates in files.
enum Certificates {
    /// DER of each certificate, in the file's order.
    static func read(_ path: String) throws -> [Data] {
        let bytes = try PlainFile.read(path, limit: Limits.transaction)
        let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.contains(begin) else { return [Data(bytes)] }
        return try text.components(separatedBy: begin).dropFirst().map { part in
            let body = part.components(separatedBy: end)[0].filter { !$0.isWhitespace }
            guard let der = Data(base64Encoded: body) else { throw CommandError.badArgument("\(path) holds no certificate in PEM") }
            return der
        }
    }
}
