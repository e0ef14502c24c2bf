import Attestation
import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import Logging
import Primitives
import Synchronization
import WireTypes

/// Keeping several enclaves of one vault alike: each asks the others for what it lacks (docs/spec/vault.md §7).
extension EnclaveHost {
    /// What is remembered between two rounds, for one connection.
    struct Replication {
        /// This start's offer, as long as the others know its challenge.
        var offer: WireOfferReplicaAnswer?
        /// Up to which version of each other vault everything is here.
        var progress: [Hash32: UInt64] = [:]
        /// When each was last asked.
        var asked: [Hash32: ContinuousClock.Instant] = [:]
    }

    private var sources: [any ReplicaSource] {
        let near = group.siblings(of: index).map { NearReplica(host: $0, leads: $0.index < index) }
        return near + (settings.remote.map { [$0] } ?? [])
    }

    /// How often one that changes all the time is asked, and how often anybody is looked at.
    private static let interval = Duration.seconds(1)
    private static let pause = Duration.milliseconds(250)

    /// Takes over what the vault's other enclaves have and this one lacks, until the task is cancelled.
    ///
    /// Apart from the enclave's own work: two enclaves may ask each other at one time.
    func replicate() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.pause)
            let own = status
            guard own.isServing, let id = own.id, let vault = own.vault else { continue }
            for source in sources {
                guard let peer = await source.peer(), peer.id != id, wants(peer, own, id, vault) else { continue }
                do { try await takeOver(source, peer) } catch let error as any CodedError {
                    // The other may be gone or behind; this enclave goes on with what it has.
                    state.withLock { $0.replication.offer = nil }
                    log.notice(
                        "Another enclave's keys could not be taken over now.",
                        metadata: ["from": "\(peer.id)", "error": "\(error.text)"])
                } catch {}
            }
        }
    }

    /// Whether `peer` has something for this enclave: it is of the same vault and further, or this one has no keys yet.
    private func wants(_ peer: ReplicaPeer, _ own: Status, _ id: Hash32, _ vault: Hash32) -> Bool {
        state.withLock { state in
            if let asked = state.replication.asked[peer.id], ContinuousClock.now - asked < Self.interval { return false }
            guard peer.vault != vault else { return peer.version > state.replication.progress[peer.id] ?? 0 }
            return own.enrolled == 0 && vault == id && peer.gives(id)
        }
    }

    private func takeOver(_ source: any ReplicaSource, _ peer: ReplicaPeer) async throws {
        state.withLock { $0.replication.asked[peer.id] = .now }
        let offer = try await offer()
        var version = state.withLock { $0.replication.progress[peer.id] } ?? 0
        while true {
            var request = WireExportReplicaCommand()
            (request.offer, request.signature, request.afterVersion) = (offer.offer, offer.signature, version)
            let reply = try await source.export(request, from: peer.id)
            let answer = try await withTask { host, builder in
                let shown = try await host.onThread { try builder.peer(peer.id, evidence: [UInt8](reply.sourceEvidence)) }
                var command = reply
                (command.source, command.referenceValue, command.endorsements) = (shown.enclave, shown.reference, shown.endorsements)
                (command.rules, command.challenge) = (shown.rules, shown.challenge)
                let whole = command
                return try await host.perform { try $0.importReplica(whole) }
            }
            guard answer.version > version || reply.part.isLast else { throw EnclaveError.replicaGap }
            version = answer.version
            state.withLock { $0.replication.progress[peer.id] = answer.version }
            if reply.part.isLast { break }
        }
        log.debug("Another enclave's keys are here.", metadata: ["from": "\(peer.id)", "version": "\(version)"])
    }

    /// This start's offer, which answers a block that every node of the chain has by now.
    private func offer() async throws -> WireOfferReplicaAnswer {
        if let known = state.withLock({ $0.replication.offer }) { return known }
        let offer = try await withTask { host, builder in
            let height = builder.height > 2 ? builder.height - 2 : 1
            guard let header = try host.view.ledger.header(height) else { throw NodeError.damagedChain("a recent header") }
            var command = WireOfferReplicaCommand()
            (command.challengeHeight, command.challengeBlock) = (height, .init(header.hash.bytes))
            let whole = command
            return try await host.perform { try $0.offerReplica(whole) }
        }
        state.withLock { $0.replication.offer = offer }
        return offer
    }

    // MARK: The other side

    /// A part of this enclave's vault for another enclave, which it appraises first.
    package func export(_ request: WireExportReplicaCommand) async throws -> WireImportReplicaCommand {
        guard status.isServing else { throw NodeError.enclaveUnavailable }
        return try await withTask { host, builder in try await host.export(request, builder) }
    }

    private func export(_ request: WireExportReplicaCommand, _ builder: EvidenceBuilder) async throws -> WireImportReplicaCommand {
        let peer = EnclaveStatement.identifier(request.offer.identity)
        let evidence = [UInt8](request.offer.evidence)
        let shown = try await onThread { try builder.peer(peer, evidence: evidence) }
        var command = request
        (command.enclave, command.referenceValue, command.endorsements) = (shown.enclave, shown.reference, shown.endorsements)
        (command.rules, command.challenge) = (shown.rules, shown.challenge)
        let whole = command
        var reply = WireImportReplicaCommand()
        reply.part = try await perform { try $0.exportReplica(whole) }
        // Evidence that answers the same block; once the block is old the other has seen some.
        if !shown.challenge.value.isEmpty, let asked = try? WireEvidence(strictly: evidence, limit: EvidenceAppraiser.maximumEvidence) {
            var challenge = WireAttestCommand()
            (challenge.challengeHeight, challenge.challengeBlock) = (asked.challengeHeight, asked.challengeBlock)
            let asking = challenge
            reply.sourceEvidence = try await perform { try $0.attest(asking) }.evidence
        }
        return reply
    }
}

extension EvidenceBuilder {
    /// What an enclave has to see of another one.
    struct Peer {
        let enclave, reference, rules, challenge: WireProvenValue
        let endorsements: [WireProvenValue]
    }

    /// Proofs about the enclave `id` and what its evidence rests on.
    func peer(_ id: Hash32, evidence: [UInt8]) throws -> Peer {
        let enclave = try proven(StateKey.enclave(id))
        var reference = WireProvenValue()
        if let value = try? WireEnclave(strictly: [UInt8](enclave.value), limit: Limits.stateValue),
            let measurement = Hash32(value.identity.measurement), value.identity.platform.utf8.count <= Limits.identifier
        {
            reference = try proven(StateKey.referenceValue(value.identity.platform, measurement: measurement))
        }
        var challenge = WireProvenValue()
        if let asked = try? WireEvidence(strictly: evidence, limit: EvidenceAppraiser.maximumEvidence),
            asked.challengeHeight + RecentBlockEntry.slots > height
        {
            challenge = try proven(StateKey.recentBlock(asked.challengeHeight % RecentBlockEntry.slots))
        }
        let slots = ((try? EvidenceAppraiser.slots(of: evidence)) ?? []).prefix(16).filter { $0.utf8.count <= 255 }
        let endorsements = try slots.map { try proven(StateKey.endorsement($0)) }.filter { !$0.value.isEmpty }
        return Peer(
            enclave: enclave, reference: reference, rules: try proven(StateKey.attestationRules), challenge: challenge,
            endorsements: endorsements)
    }
}
