import AdversarySupport
import Attestation
import ChainTypes
import EnclaveCore
import EnclaveProtocol
import Foundation
import HolderSupport
import Primitives
import WireTypes

/// A second, honest enclave of the same chain beside the one under attack: what replicas and recoveries are between.
struct HostilePair {
    let hostile: HostileScene
    let other: EnclaveScene
    var node: BypassedNode { hostile.node }

    /// The other one serves and holds no keys yet.
    init(_ hostile: HostileScene) throws {
        self.hostile = hostile
        let enclave = try Enclave(platform: MemoryPlatform(seed: 100), storage: MemoryVaultStorage(), genesis: hostile.node.genesis)
        other = try EnclaveScene(node: hostile.node, driver: .inProcess(enclave), schema: HostileScene.schema, seed: 6)
        try other.start()
        try hostile.scene.catchUp()
    }

    /// Ends a block whose state is another than before, and shows it to both.
    func block() throws {
        node.write(WireAccount(), at: StateKey.account(try hostile.scene.makeSubject().address))
        try node.block()
        try hostile.scene.catchUp()
        try other.catchUp()
    }

    /// The state accepts the build of both, as approved by `holders`.
    func accept(by holders: TestHolders) throws {
        var build = WireReferenceMeasurement()
        var register = WireMeasurementRegister()
        (register.name, register.value) = ("label", Data(SimulatedEvidence.label.utf8))
        (build.platform, build.registers) = (SimulatedEvidence.platform, [register])
        var value = WireReferenceValue()
        (value.platform, value.registers) = (build.platform, build.registers)
        value.measurement = .init(SimulatedEvidence.measurement.bytes)
        value.approvals = try holders.approvals(
            of: build, hash: SimulatedEvidence.measurement, chainID: node.chainID, by: [0, 1, 2])
        node.write(value, at: StateKey.referenceValue(value.platform, measurement: SimulatedEvidence.measurement))
        try block()
    }

    /// A recent block that the state knows.
    func challenge() throws -> WireOfferReplicaCommand {
        guard let header = node.header else { throw EnclaveError.staleState }
        let entry = RecentBlockEntry(height: header.height, hash: header.hash)
        node.write(bytes: entry.bytes, at: StateKey.recentBlock(header.height % RecentBlockEntry.slots))
        try block()
        var command = WireOfferReplicaCommand()
        (command.challengeHeight, command.challengeBlock) = (header.height, .init(header.hash.bytes))
        return command
    }

    func offer(by scene: EnclaveScene, _ challenge: WireOfferReplicaCommand) throws -> WireOfferReplicaAnswer {
        guard case .offerReplica(let answer) = try scene.driver.perform(.offerReplica(challenge)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer
    }

    /// What whoever has the keys is shown of the one that asks, under the newest header.
    func export(_ offer: WireOfferReplicaAnswer) throws -> WireExportReplicaCommand {
        var command = WireExportReplicaCommand()
        (command.offer, command.signature) = (offer.offer, offer.signature)
        command.enclave = try node.prove(StateKey.enclave(EnclaveStatement.identifier(offer.offer.identity)))
        command.referenceValue = try reference(offer.offer.identity)
        command.rules = try node.prove(StateKey.attestationRules)
        let height = try WireEvidence(strictly: [UInt8](offer.offer.evidence), limit: 1 << 16).challengeHeight
        command.challenge = try node.prove(StateKey.recentBlock(height % RecentBlockEntry.slots))
        return command
    }

    /// What the one that asks is shown of whoever has the keys.
    func take(
        _ part: WireExportReplicaAnswer, from scene: EnclaveScene, _ challenge: WireOfferReplicaCommand
    ) throws -> WireImportReplicaCommand {
        var attest = WireAttestCommand()
        (attest.challengeHeight, attest.challengeBlock) = (challenge.challengeHeight, challenge.challengeBlock)
        guard case .attest(let evidence) = try scene.driver.perform(.attest(attest)) else { throw EnclaveError.unexpectedAnswer }
        var command = WireImportReplicaCommand()
        (command.part, command.sourceEvidence) = (part, evidence.evidence)
        command.source = try node.prove(StateKey.enclave(scene.enclaveID))
        command.referenceValue = try reference(evidence.identity)
        command.rules = try node.prove(StateKey.attestationRules)
        command.challenge = try node.prove(StateKey.recentBlock(challenge.challengeHeight % RecentBlockEntry.slots))
        return command
    }

    private func reference(_ identity: WireEnclaveIdentity) throws -> WireProvenValue {
        try node.prove(StateKey.referenceValue(identity.platform, measurement: Hash32(identity.measurement) ?? .zero))
    }

    /// The other one takes over the keys of the enclave under attack.
    func replicate(_ challenge: WireOfferReplicaCommand) throws {
        let offer = try export(offer(by: other, challenge))
        guard case .exportReplica(let part) = try hostile.answer(.exportReplica(offer)) else { throw EnclaveError.unexpectedAnswer }
        _ = try other.driver.perform(.importReplica(take(part, from: hostile.scene, challenge)))
    }

    /// A part that answers the offer of the enclave under attack, from the other one, which has taken over its keys before.
    func part(_ challenge: WireOfferReplicaCommand) throws -> WireExportReplicaAnswer {
        try replicate(challenge)
        let second = try export(offer(by: hostile.scene, challenge))
        guard case .exportReplica(let answer) = try other.driver.perform(.exportReplica(second)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer
    }

    /// Changes what the chain says of an enclave, and shows it to both.
    func change(_ id: Hash32, _ adjust: (inout WireEnclave) -> Void) throws {
        var value: WireEnclave = try node.value(StateKey.enclave(id)) ?? WireEnclave()
        adjust(&value)
        node.write(value, at: StateKey.enclave(id))
        try block()
    }
}
