import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// A person with a record.
package struct SceneSubject {
    package let wallet: SigningKey
    package let key: [UInt8]
    package let salt: [UInt8]
    /// Which of the subject's keys this is.
    package var epoch: UInt32 = 0
    package var address: Address { wallet.address }
    package var commitment: Hash32 { EnclaveStatement.subjectKeyCommitment(key: key, salt: salt) }

    package init(wallet: SigningKey, key: [UInt8], salt: [UInt8], epoch: UInt32 = 0) {
        (self.wallet, self.key, self.salt, self.epoch) = (wallet, key, salt, epoch)
    }
}

/// A grant as signed and as the state says.
package struct SceneGrant {
    package var id: Hash32
    package var subject: Address
    package var transaction: SignedTransaction
    package var scope: WireConsentScope
}

/// A request as signed.
package struct SceneRequest {
    package var id: Hash32
    package var transaction: SignedTransaction
    package var request: WireRequestAssessment
}

/// Plays all roles around one enclave on the bypassed node: publisher, subjects, requester.
package final class EnclaveScene {
    package static let dataset = "credit"

    package let node: BypassedNode
    package var driver: EnclaveDriver
    package let requester: SigningKey
    package let recipient: SealingPrivateKey
    package let schema: Schema
    package private(set) var enclave = WireStatusAnswer()
    package private(set) var program: Hash32 = .zero
    var generator: SeededGenerator
    var sidecars: [Hash32: [UInt8]] = [:]
    var records: [Address: Hash32] = [:]
    /// Which key each one's newest record is under.
    var epochs: [Address: UInt32] = [:]
    package internal(set) var punctures = PunctureChain()
    var punctureEntries: [[UInt8]] = []

    package var enclaveID: Hash32 { Hash32(enclave.id) ?? .zero }

    package init(node: BypassedNode, driver: EnclaveDriver, schema: Schema, suite: SealingSuiteID = .x25519, seed: UInt64 = 5) throws {
        generator = SeededGenerator(seed: seed)
        self.node = node
        self.driver = driver
        self.schema = schema
        requester = try SigningKey.ed25519(seed: generator.bytes(32))
        recipient = try SealingPrivateKey(suite: suite, secretBytes: generator.bytes(32))
    }

    // MARK: The enclave's life

    /// Registers the enclave's present anchor and lets it serve.
    package func start() throws {
        try announce()
        try catchUp()
        _ = try driver.perform(.proveAnchor(anchorProof()))
        _ = try provePunctures()
    }

    /// Writes the enclave with its anchor into the state.
    package func announce(_ adjust: (inout WireEnclave) -> Void = { _ in }) throws {
        guard case .status(let status) = try driver.perform(.status(WireStatusCommand())) else { return }
        enclave = status
        var value = WireEnclave()
        value.id = status.id
        value.identity = status.identity
        value.operator = .init(node.validator.address.bytes)
        value.status = .active
        value.assurance = "none"
        value.anchorNonce = status.anchor.nonce
        value.vaultVersion = status.anchor.vaultVersion
        value.vaultRoot = status.anchor.vaultRoot
        adjust(&value)
        node.write(value, at: StateKey.enclave(enclaveID))
        try node.block()
    }

    package func anchorProof() throws -> WireProveAnchorCommand {
        var command = WireProveAnchorCommand()
        command.enclave = try node.prove(StateKey.enclave(enclaveID))
        return command
    }

    /// Gives the enclave every header it lacks.
    package func catchUp() throws {
        guard case .status(let status) = try driver.perform(.status(WireStatusCommand())) else { return }
        var command = WireImportHeadersCommand()
        command.headers = Array(node.headers.dropFirst(Int(status.trustedHeight)))
        guard !command.headers.isEmpty else { return }
        _ = try driver.perform(.importHeaders(command))
    }

    /// Ends a block and shows it to the enclave.
    package func block(milliseconds: UInt64 = 1_000) throws {
        try node.block(milliseconds: milliseconds)
        try catchUp()
    }

    // MARK: What is published

    /// - Parameter falsified: another schema to publish than the one that records are written in.
    package func publishDataset(minimumCohort: UInt32 = 2, falsified: Schema? = nil) {
        var dataset = WireDataset()
        dataset.dataset = Self.dataset
        dataset.owner = .init(node.validator.address.bytes)
        dataset.schema = .init((falsified ?? schema).encoding)
        dataset.schemaVersion = schema.version
        dataset.residency = .local
        dataset.minimumCohort = minimumCohort
        node.write(dataset, at: StateKey.dataset(Self.dataset))
    }

    /// Publishes `code` and gives it to the enclave.
    package func publishProgram(_ code: [UInt8], output: OutputSchema, kind: WireProgramKind = .assessment) throws {
        program = Digest.plain(code)
        var value = WireProgram()
        value.codeHash = .init(program.bytes)
        value.manifest.name = "program"
        value.manifest.version = "1"
        value.manifest.kind = kind
        value.manifest.outputSchema = .init(output.encoding)
        value.manifest.fuel = 10_000_000
        value.manifest.maximumOutput = UInt32(output.maximumBytes)
        node.write(value, at: StateKey.program(program))
        var command = WireLoadProgramCommand()
        command.code = .init(code)
        _ = try driver.perform(.loadProgram(command))
    }
}
