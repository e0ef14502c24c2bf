import AdversarySupport
import Attestation
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import Primitives
import WireTypes

/// Two served enclaves of one chain: the first holds a subject's key, the second holds none.
struct PairScene {
    let small: SmallScene
    let second: EnclaveScene
    let secondStorage = MemoryVaultStorage()
    var first: EnclaveScene { small.scene }
    var node: BypassedNode { small.node }

    /// - Parameters: what either takes itself for; the evidence of both is simulated.
    init(
        first: AssuranceClass = .none, second assurance: AssuranceClass = .none, genesis adjust: (inout WireGenesis) -> Void = { _ in }
    ) throws {
        small = try SmallScene(assurance: first, genesis: adjust)
        let enclave = try Enclave(
            platform: MemoryPlatform(seed: 100, assurance: assurance), storage: secondStorage, genesis: small.node.genesis)
        second = try EnclaveScene(node: small.node, driver: .inProcess(enclave), schema: small.scene.schema, seed: 6)
        try second.start()
        try self.first.catchUp()
    }

    /// Starts the second enclave anew from its storage.
    func restartSecond() throws {
        let enclave = try Enclave(
            platform: MemoryPlatform(seed: 100), storage: MemoryVaultStorage(try secondStorage.contents()), genesis: node.genesis)
        second.driver = .inProcess(enclave)
        try second.start()
        try first.catchUp()
    }

    /// Starts the first enclave anew from its storage.
    func restartFirst() throws {
        let enclave = try Enclave(
            platform: MemoryPlatform(), storage: MemoryVaultStorage(try small.storage.contents()), genesis: node.genesis)
        first.driver = .inProcess(enclave)
        try first.start()
        try second.catchUp()
    }

    /// Ends a block and shows it to both.
    func block(milliseconds: UInt64 = 1_000) throws {
        try node.block(milliseconds: milliseconds)
        try first.catchUp()
        try second.catchUp()
    }

    /// A recent block that both can be asked about, known to the state.
    func challenge() throws -> (height: UInt64, block: Hash32) {
        guard let header = node.header else { throw EnclaveError.staleState }
        let entry = RecentBlockEntry(height: header.height, hash: header.hash)
        node.write(bytes: entry.bytes, at: StateKey.recentBlock(header.height % RecentBlockEntry.slots))
        try block()
        return (header.height, header.hash)
    }

    func offer(_ challenge: (height: UInt64, block: Hash32)) throws -> WireOfferReplicaAnswer {
        var command = WireOfferReplicaCommand()
        (command.challengeHeight, command.challengeBlock) = (challenge.height, .init(challenge.block.bytes))
        guard case .offerReplica(let answer) = try second.driver.perform(.offerReplica(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer
    }

    /// What the source is shown of the enclave that asks.
    func exportCommand(_ offer: WireOfferReplicaAnswer, after version: UInt64 = 0) throws -> WireExportReplicaCommand {
        var command = WireExportReplicaCommand()
        (command.offer, command.signature, command.afterVersion) = (offer.offer, offer.signature, version)
        let id = EnclaveStatement.identifier(offer.offer.identity)
        command.enclave = try node.prove(StateKey.enclave(id))
        command.referenceValue = try reference(offer.offer.identity)
        command.rules = try node.prove(StateKey.attestationRules)
        let height = try WireEvidence(strictly: [UInt8](offer.offer.evidence), limit: 1 << 16).challengeHeight
        command.challenge = try node.prove(StateKey.recentBlock(height % RecentBlockEntry.slots))
        return command
    }

    private func reference(_ identity: WireEnclaveIdentity) throws -> WireProvenValue {
        try node.prove(StateKey.referenceValue(identity.platform, measurement: Hash32(identity.measurement) ?? .zero))
    }

    func export(_ command: WireExportReplicaCommand) throws -> WireExportReplicaAnswer {
        guard case .exportReplica(let answer) = try first.driver.perform(.exportReplica(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer
    }

    /// What the enclave that asks is shown of the source.
    func importCommand(
        _ part: WireExportReplicaAnswer, _ challenge: (height: UInt64, block: Hash32)
    ) throws -> WireImportReplicaCommand {
        var attest = WireAttestCommand()
        (attest.challengeHeight, attest.challengeBlock) = (challenge.height, .init(challenge.block.bytes))
        guard case .attest(let evidence) = try first.driver.perform(.attest(attest)) else { throw EnclaveError.unexpectedAnswer }
        var command = WireImportReplicaCommand()
        (command.part, command.sourceEvidence) = (part, evidence.evidence)
        command.source = try node.prove(StateKey.enclave(first.enclaveID))
        command.referenceValue = try reference(evidence.identity)
        command.rules = try node.prove(StateKey.attestationRules)
        command.challenge = try node.prove(StateKey.recentBlock(challenge.height % RecentBlockEntry.slots))
        return command
    }

    func take(_ command: WireImportReplicaCommand) throws -> WireImportReplicaAnswer {
        guard case .importReplica(let answer) = try second.driver.perform(.importReplica(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer
    }

    /// The second takes over what it lacks of the first.
    @discardableResult
    func replicate(after version: UInt64 = 0) throws -> WireImportReplicaAnswer {
        let challenge = try challenge()
        let offer = try offer(challenge)
        return try take(importCommand(export(exportCommand(offer, after: version)), challenge))
    }

    /// The name of the refusal that `body` ends with; empty for none.
    func refusal(_ body: () throws -> Void) throws -> String {
        do { try body() } catch let refusal as Refusal { return refusal.name }
        return ""
    }

    func status(_ scene: EnclaveScene) throws -> WireStatusAnswer {
        guard case .status(let answer) = try scene.driver.perform(.status(WireStatusCommand())) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer
    }
}
