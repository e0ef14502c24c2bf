import ChainTypes
import EnclaveProtocol
import FoundationEssentials
import Logging
import Modules
import Primitives
import Synchronization
import WireTypes

/// Keeping an enclave admitted: its evidence is renewed before the chain forgets it (docs/spec/admission.md §3).
extension EnclaveHost {
    /// Heights between two attempts at a renewal that was refused.
    private static let renewalPause: UInt64 = 64

    /// Returns once the chain shows the enclave as admitted: renews what has expired, and waits while it is suspended.
    func awaitAdmission(_ id: Hash32) async throws {
        while !Task.isCancelled {
            let header = try await feed()
            let builder = EvidenceBuilder(view: view, height: header.height - 1, enclave: id, vault: id)
            if let enclave = try note(builder), Self.mayStart(enclave) {
                guard enclave.isExpired(at: header.time) else { return }
                try await renew(enclave, at: header)
            }
            await news()
        }
        throw CancellationError()
    }

    /// Renews the evidence when half of its time is over, and shows the enclave what the chain made of it. A suspended enclave is told,
    /// and works no more.
    func keepAdmitted(_ builder: EvidenceBuilder, at header: BlockHeader) async throws {
        guard let enclave = try note(builder) else { return }
        guard Self.mayStart(enclave) else {
            do { try await show(builder) } catch let refusal as Refusal where refusal.code == EnclaveError.suspended.code {
                state.withLock { $0.status.isServing = false }
            }
            log.warning("The chain has suspended the enclave.", metadata: ["reason": "\(enclave.suspension)"])
            return try await awaitAdmission(builder.enclave)
        }
        if state.withLock({ $0.shownExpiry != enclave.expires || !$0.status.isServing }) { try await show(builder) }
        if try isDue(enclave, at: header) { try await renew(enclave, at: header) }
    }

    /// Whether it is active, or has to start to become so: by destroying what it did not destroy in time.
    private static func mayStart(_ enclave: WireEnclave) -> Bool {
        enclave.status == .active || enclave.suspension == EnclaveSuspension.erasure
    }

    /// Shows the enclave what the chain says of it, under its newest header.
    func show(_ builder: EvidenceBuilder) async throws {
        let proof = try builder.proven(StateKey.enclave(builder.enclave))
        let answer = try await perform { try $0.proveAnchor(proof) }
        let expires = try? WireEnclave(strictly: [UInt8](proof.value), limit: Limits.stateValue).expires
        state.withLock { ($0.status.isServing, $0.shownExpiry) = (answer.serving, expires) }
    }

    private func note(_ builder: EvidenceBuilder) throws -> WireEnclave? {
        guard let bytes = try builder.value(StateKey.enclave(builder.enclave)),
            let enclave = try? WireEnclave(strictly: bytes, limit: Limits.stateValue)
        else { return nil }
        state.withLock { state in
            (state.status.label, state.status.assurance) = (enclave.label, enclave.assurance)
            (state.status.expires, state.status.suspension) = (enclave.expires, enclave.suspension)
        }
        return enclave
    }

    /// Whether less is left of the evidence's time than has passed of it.
    private func isDue(_ enclave: WireEnclave, at header: BlockHeader) throws -> Bool {
        guard enclave.expires != 0 else { return false }
        guard enclave.expires > header.time else { return true }
        guard let made = try view.ledger.header(enclave.challengeHeight) else { return true }
        return enclave.expires - header.time < header.time - min(made.time, header.time)
    }

    /// Posts fresh evidence; a refusal is logged and tried again later.
    private func renew(_ enclave: WireEnclave, at header: BlockHeader) async throws {
        guard settings.registers, state.withLock({ $0.renewsFrom <= header.height }) else { return }
        state.withLock { $0.renewsFrom = header.height + Self.renewalPause }
        var message = WireMessage()
        message.renewEvidence.enclave = enclave.id
        message.renewEvidence.evidence = try await attest().evidence
        do {
            try await post(message)
            log.notice("The enclave's evidence is renewed.", metadata: ["expired": "\(enclave.expires)"])
        } catch let refusal as Refusal {
            log.warning("The chain refuses the enclave's evidence.", metadata: ["error": "\(refusal.text)"])
        }
    }
}
