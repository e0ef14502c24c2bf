import Attestation
import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import LightClient
import PlatformProtocol
import Primitives
import WireTypes
import WorkerProtocol

/// The enclave's state and what each command does to it. It believes nothing that its host says.
///
/// Failures of a whole command are thrown; failures of one item of it are in the answer.
struct EnclaveMachine: ~Copyable {
    /// Heights after which the header is made durable even if nothing else is written.
    private static let headInterval: UInt64 = 256
    /// The longest that block time may pass between two headers: 30 days, in milliseconds. Who signed longer ago may have lost its key.
    static let trustPeriod: UInt64 = 30 * 86_400_000

    let platform: any EnclavePlatform
    let genesis: Genesis
    let chainID: String
    let identity: WireEnclaveIdentity
    let id: Hash32
    let secrets: EnclaveSecrets
    /// Drawn once a start; on chain it shows that the state is not older than the start.
    let startNonce: Hash32
    let observer: EnclaveStepObserver?

    var vault: Vault
    var programs: ProgramCache
    private(set) var client: LightVerifier
    private var newestHeader: WireVaultHead?
    private var durableHeight: UInt64
    private var durableEpoch: UInt64
    /// What must be on chain before this start serves: drawn once a start.
    private let anchor: WireAnchorVault
    /// What is sealed to this enclave now.
    var session: Session
    /// Whether it is, under a header of this start.
    private(set) var isAnchored = false
    /// Whether the chain's puncture log was followed to its end since the start.
    var hasProvenPunctures = false
    /// What was shown of the log beyond what is applied.
    var stagedPunctures: StagedPunctures?
    /// What this start knows of the vault's other enclaves.
    var peers = PeerMemory()

    var isServing: Bool { isAnchored && hasProvenPunctures }
    /// What the chain last said of this enclave, by proof: its assurance class, and until when its evidence holds.
    private(set) var admission = WireEnclave()

    /// Opens or begins the enclave of the chain that `genesis` begins.
    init(
        platform: some EnclavePlatform, storage: any VaultStorage, genesis: Genesis, programs: any ProgramRunner,
        observer: EnclaveStepObserver? = nil
    ) throws(VaultError) {
        var opened = try Vault(storage: storage, sealingKey: platform.sealingKey(), platform: platform.name)
        if opened.identity == nil {
            try opened.append([.identity(EnclaveSecrets().wire(genesis: genesis.hash))])
        }
        guard let stored = opened.identity else { throw .damaged }
        guard Hash32(stored.genesis) == genesis.hash else { throw .otherGenesis }
        let secrets = try EnclaveSecrets(stored)
        let identity = secrets.identity(platform: platform)
        let id = EnclaveStatement.identifier(identity)
        let client = try Self.client(opened.head, genesis: genesis)
        let nonce = SecureRandom.hash()
        let session = try Session(number: 1, nonce: nonce, chainID: genesis.chainID, secrets: secrets)
        anchor = try Self.anchor(
            chainID: genesis.chainID, id: id, nonce: nonce, version: opened.version, root: opened.root, key: secrets.signingKey)
        (startNonce, self.session) = (nonce, session)
        (self.genesis, chainID) = (genesis, genesis.chainID)
        (self.platform, self.observer, self.secrets, self.identity, self.id) = (platform, observer, secrets, identity, id)
        (self.client, durableHeight, durableEpoch) = (client, client.trusted.height, client.trusted.epoch)
        vault = opened
        self.programs = ProgramCache(programs)
    }

    /// Continues from the vault's header; from the genesis only when there is none.
    private static func client(_ head: WireVaultHead?, genesis: Genesis) throws(VaultError) -> LightVerifier {
        guard let head else { return LightVerifier(genesis: genesis) }
        guard let header = try? BlockHeader(decoding: [UInt8](head.header)), header.chainID == genesis.chainID,
            let validators = try? ValidatorSet(decoding: [UInt8](head.validators)),
            let trusted = try? TrustedState(after: header, validators: validators, rules: FinalityRules(genesis: genesis))
        else { throw .damaged }
        return LightVerifier(trusted: trusted)
    }

    private static func anchor(
        chainID: String, id: Hash32, nonce: Hash32, version: UInt64, root: Hash32, key: SigningKey
    ) throws(VaultError) -> WireAnchorVault {
        let statement = EnclaveStatement.anchor(chainID: chainID, enclave: id, nonce: nonce, vaultVersion: version, vaultRoot: root)
        guard let signature = try? key.sign(statement, context: .vaultAnchor) else { throw .damaged }
        var anchor = WireAnchorVault()
        anchor.enclave = .init(id.bytes)
        anchor.nonce = .init(nonce.bytes)
        anchor.vaultVersion = version
        anchor.vaultRoot = .init(root.bytes)
        anchor.signature = .init(signature)
        return anchor
    }

    /// The state that proofs are checked under.
    var state: ProvenState { ProvenState(root: client.trusted.stateRoot) }

    /// Signs with the enclave's key.
    func sign(_ statement: [UInt8], _ context: Context) throws(EnclaveError) -> [UInt8] {
        do { return try secrets.signingKey.sign(statement, context: context) } catch { throw .internalFailure }
    }

    /// Returns if the enclave serves: the chain has its anchor, and its evidence is not too old for the newest header.
    func requireServing() throws(EnclaveError) {
        guard isServing else { throw .notServing }
        guard !Self.isExpired(admission, at: client.trusted.time) else { throw .admissionEnded }
    }

    /// Returns if the enclave serves and `height` is that of its newest header.
    func requireServing(at height: UInt64) throws(EnclaveError) {
        try requireServing()
        guard height == client.trusted.height else { throw .staleState }
    }

    /// Makes `changes` durable, and the newest header with them.
    @discardableResult
    mutating func record(_ changes: [WireVaultEntry.OneOf_Change]) throws(VaultError) -> [UInt64] {
        observer?(.vault)
        defer { observer?(.other) }
        guard let head = newestHeader else { return try changes.isEmpty ? [] : vault.append(changes) }
        let versions = try vault.append(changes + [.head(head)])
        newestHeader = nil
        (durableHeight, durableEpoch) = (client.trusted.height, client.trusted.epoch)
        return versions
    }

    /// Writes what is not durable yet; before a clean stop.
    mutating func flush() throws(VaultError) { try record([]) }
}

// MARK: Commands about the enclave itself

extension EnclaveMachine {
    func status() throws(EnclaveError) -> WireStatusAnswer {
        var answer = WireStatusAnswer()
        answer.identity = identity
        answer.id = .init(id.bytes)
        answer.chainID = chainID
        answer.trustedHeight = client.trusted.height
        answer.serving = isServing
        answer.anchor = anchor
        answer.session = session.announcement
        answer.enrolled = UInt32(clamping: vault.enrolled)
        answer.punctures = vault.punctures.count
        answer.recoveryEpoch = vault.recoveryEpoch
        answer.recoveryPlan = recoveryPlan?.version ?? 0
        (answer.vault, answer.vaultVersion) = (.init(vaultID.bytes), vault.version)
        if isServing, let announcement = try announcement() { answer.announcement = announcement }
        return answer
    }

    /// Evidence that binds chain, keys and the challenged block.
    func attest(_ command: WireAttestCommand) throws -> WireAttestAnswer {
        guard let block = Hash32(command.challengeBlock) else { throw EnclaveError.malformedCommand }
        let binding = AttestationBinding(chainID: chainID, identity: identity, height: command.challengeHeight, block: block)
        var evidence = WireEvidence()
        evidence.platform = platform.name
        evidence.report = .init(try platform.report(binding))
        evidence.challengeHeight = command.challengeHeight
        evidence.challengeBlock = command.challengeBlock
        var answer = WireAttestAnswer()
        answer.identity = identity
        answer.evidence = .init(evidence.encoded())
        return answer
    }

    /// Follows the chain. Headers before the first bad one count.
    ///
    /// Losing the newest header in a crash is harmless: no start serves before a header with its fresh nonce. So it is written with the
    /// next other change, at an epoch's end, or after `headInterval` heights.
    mutating func importHeaders(_ command: WireImportHeadersCommand) throws -> WireImportHeadersAnswer {
        guard command.headers.count <= EnclaveLimits.headers else { throw EnclaveError.tooMany }
        for certified in command.headers {
            let before = client.trusted
            do throws(LightClientError) { try client.accept(certified, trustPeriod: Self.trustPeriod) } catch {
                if error == .notHigher { throw EnclaveError.staleState }
                throw error
            }
            guard client.trusted != before else { continue }
            var head = WireVaultHead()
            head.header = certified.header
            head.validators = .init(client.trusted.validators.bytes)
            newestHeader = head
            if client.trusted.epoch != durableEpoch || client.trusted.height >= durableHeight + Self.headInterval { try flush() }
        }
        var answer = WireImportHeadersAnswer()
        answer.trustedHeight = client.trusted.height
        return answer
    }

    /// Whether what the chain says of an enclave no longer holds at `time`, in milliseconds of block time.
    static func isExpired(_ enclave: WireEnclave, at time: UInt64) -> Bool { enclave.expires != 0 && time >= enclave.expires }

    /// Accepts the start once the chain has its anchor: the vault is the newest, and so is the state; it serves when it has followed the
    /// puncture log too. Also takes note of renewed evidence while it serves, and stops serving when the chain has suspended it.
    mutating func proveAnchor(_ command: WireProveAnchorCommand) throws -> WireProveAnchorAnswer {
        guard let enclave: WireEnclave = try state.value(command.enclave, at: StateKey.enclave(id)) else {
            throw EnclaveError.anchorMismatch
        }
        // One that is suspended because it did not destroy in time may come back and do so; the chain takes nothing else from it.
        guard enclave.status == .active || enclave.suspension == EnclaveSuspension.erasure else {
            isAnchored = false
            throw EnclaveError.suspended
        }
        // What was the newest vault when this start was accepted has changed since then by this start's own hand only.
        let isSameVault = isAnchored || enclave.vaultVersion == anchor.vaultVersion && enclave.vaultRoot == anchor.vaultRoot
        guard enclave.anchorNonce == anchor.nonce, isSameVault else { throw EnclaveError.anchorMismatch }
        guard !Self.isExpired(enclave, at: client.trusted.time) else { throw EnclaveError.admissionEnded }
        admission = enclave
        isAnchored = true
        var answer = WireProveAnchorAnswer()
        answer.serving = isServing
        return answer
    }

    func backup() throws -> WireBackupAnswer {
        guard vault.length < EnclaveFraming.maximumBytes - 1024 else { throw VaultError.tooLarge }
        var answer = WireBackupAnswer()
        answer.vault = .init(try vault.contents())
        return answer
    }
}
