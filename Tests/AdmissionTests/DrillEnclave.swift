import AdversarySupport
import Attestation
import ChainTypes
import Crypto
import Cryptography
import EnclaveCore
import EnclaveProtocol
import EnclaveWorker
import FoundationEssentials
import LedgerSupport
import PlatformProtocol
import Primitives
import TpmSupport
import WireTypes

/// An enclave's platform with keys that the test holds: simulated, or a software TPM.
struct DrillPlatform: EnclavePlatform {
    let tpm: TestTpm?
    let secret: SymmetricKey

    init(tpm: TestTpm? = nil, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        (self.tpm, secret) = (tpm, try AuthenticatedEncryption.key(generator.bytes(32)))
    }

    var name: String { tpm == nil ? SimulatedEvidence.platform : TestTpm.platform }
    var assurance: AssuranceClass { .none }
    var measurement: Hash32 { tpm?.measurement ?? SimulatedEvidence.measurement }
    func sealingKey() throws(VaultError) -> SymmetricKey { secret }
    func report(_ binding: AttestationBinding) throws(VaultError) -> [UInt8] {
        guard let tpm else { return SimulatedEvidence.report(binding) }
        guard let report = try? tpm.report(binding) else { throw .ioFailed }
        return report
    }
}

/// A real enclave in this process, registered, anchored and fed as a node would.
final class DrillEnclave {
    let chain: ProvenChain
    let platform: DrillPlatform
    let storage = MemoryVaultStorage()
    private let enclave: Enclave
    let identity: WireEnclaveIdentity
    let id: Hash32

    init(on chain: ProvenChain, _ platform: DrillPlatform) throws {
        (self.chain, self.platform) = (chain, platform)
        enclave = try Enclave(platform: platform, storage: storage, genesis: chain.genesis, programs: InProcessPrograms())
        (identity, id) = (enclave.status.identity, Hash32(enclave.status.id) ?? .zero)
    }

    /// What is sealed to it now.
    var session: WireSessionKey { enclave.status.session }

    func perform(_ command: WireEnclaveRequest.OneOf_Command) throws -> WireEnclaveResponse.OneOf_Answer {
        try EnclaveDriver.inProcess(enclave).perform(command)
    }

    /// Evidence that answers the newest block.
    func evidence() throws -> Data {
        var command = WireAttestCommand()
        (command.challengeHeight, command.challengeBlock) = (chain.height, .init(chain.hash.bytes))
        guard case .attest(let answer) = try perform(.attest(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer.evidence
    }

    /// Registers and anchors, and begins to serve.
    func start() throws -> UInt32 {
        var registration = WireRegisterEnclave()
        (registration.identity, registration.evidence) = (identity, try evidence())
        let code = try chain.submit(WireMessage(.registerEnclave(registration)), by: chain.operatorKey).code
        guard code == 0 else { return code }
        try serve()
        return 0
    }

    func serve() throws {
        _ = try chain.submit(WireMessage(.anchorVault(enclave.status.anchor)), by: chain.operatorKey)
        try chain.block()
        try proveAdmission()
    }

    func renew() throws -> UInt32 {
        var renewal = WireRenewEvidence()
        (renewal.enclave, renewal.evidence) = (.init(id.bytes), try evidence())
        return try chain.submit(WireMessage(.renewEvidence(renewal)), by: chain.operatorKey).code
    }

    /// Shows it what the chain says of it, under the newest header.
    func proveAdmission() throws {
        try catchUp()
        var command = WireProveAnchorCommand()
        command.enclave = try chain.prove(StateKey.enclave(id))
        _ = try perform(.proveAnchor(command))
        var punctures = WireProvePuncturesCommand()
        punctures.log = try chain.prove(StateKey.punctureLog)
        _ = try perform(.provePunctures(punctures))
    }

    func catchUp() throws {
        var command = WireImportHeadersCommand()
        command.headers = Array(chain.headers.dropFirst(Int(enclave.status.trustedHeight)))
        if !command.headers.isEmpty { _ = try perform(.importHeaders(command)) }
    }

    func load(_ code: [UInt8]) throws {
        var command = WireLoadProgramCommand()
        command.code = .init(code)
        _ = try perform(.loadProgram(command))
    }

    func run(_ command: WireRunAssessmentsCommand) throws -> WireRunOutcome {
        guard case .runAssessments(let answer) = try perform(.runAssessments(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer.outcomes[0]
    }

    func confirm(_ command: WireConfirmAssessmentsCommand) throws -> WireConfirmOutcome {
        guard case .confirmAssessments(let answer) = try perform(.confirmAssessments(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer.outcomes[0]
    }

    /// What whoever took the machine apart holds: everything that is in its vault.
    func stolen() throws -> [WireVaultEntry] { try VaultReader.entries(storage.contents(), key: platform.secret) }
}
