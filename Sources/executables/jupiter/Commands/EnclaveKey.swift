import ArgumentParser
import ChainTypes
import EnclavePlatforms
import Foundation
import JupiterClient
import Primitives

/// Which TPM, and for which chain its attestation key is.
struct TPMKeyOptions: ParsableArguments {
    @Argument(help: "The chain's genesis (genesis.bin).")
    var genesis: String
    @Option(help: ArgumentHelp("The TPM: device:PATH, swtpm:host=H,port=P or swtpm:path=PATH.", valueName: "tcti"))
    var tpm: String?

    func open() throws -> (tpm: TPM, genesis: Hash32) {
        (TPM(try tpm.map { try TPMAddress($0) } ?? .standard), try Genesis(decoding: PlainFile.read(genesis, limit: Limits.genesis)).hash)
    }
}

/// `jupiter enclave key`
struct EnclaveKey: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Show the TPM key that attests to a chain's enclave, for those who decide to trust it.",
        discussion: """
            The name is what a challenge is made for (tpm2_makecredential) and what the chain's rules list as an attestation key once the \
            challenge was answered.

            EXAMPLE
              jupiter enclave key genesis.bin --certificate ek.der
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: TPMKeyOptions
    @Option(help: ArgumentHelp("Where the TPM's endorsement certificate goes, in DER.", valueName: "file"))
    var certificate: String?

    func answer() async throws -> Answer {
        let (tpm, genesis) = try options.open()
        let key = try tpm.attestationKey(genesis: genesis)
        let endorsement = try tpm.endorsementCertificate()
        if let certificate {
            guard let endorsement else { throw CommandError.notFound("endorsement certificate in this TPM") }
            try PlainFile.write(endorsement, to: certificate)
        }
        let json: [String: JSONValue] = [
            "name": .text(Hex.encode(key.name)), "publicArea": .text(Hex.encode(key.publicArea)),
            "endorsementCertificate": endorsement.map { .text(Hex.encode($0)) } ?? .null,
        ]
        let brief = endorsement.map { certificate ?? "\($0.count) bytes; --certificate FILE writes it" } ?? "none"
        return Answer(.object(json), text: Generic.lines(.object(json.merging(["endorsementCertificate": .text(brief)]) { $1 })))
    }
}

/// `jupiter enclave activate`
struct EnclaveActivate: AnsweringCommand {
    static let configuration = CommandConfiguration(
        commandName: "activate", abstract: "Answer a challenge that proves where the TPM's attestation key lies.",
        discussion: """
            Whoever made the challenge from the TPM's endorsement certificate compares the secret: only the TPM with that certificate \
            opens it, and only if it holds the named key.

            EXAMPLE
              jupiter enclave activate genesis.bin challenge.bin
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: TPMKeyOptions
    @Argument(help: "The challenge, as tpm2_makecredential writes it.")
    var challenge: String

    func answer() async throws -> Answer {
        let (tpm, genesis) = try options.open()
        let secret = Hex.encode(try tpm.activate(PlainFile.read(challenge, limit: 4096), genesis: genesis))
        return Answer(["secret": .text(secret)], text: secret)
    }
}
