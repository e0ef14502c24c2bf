import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import Logging
import Primitives
import WireTypes

/// Shows the enclave the chain's puncture log, and brings its acknowledgements to the chain (docs/spec/erasure.md §3).
extension EnclaveHost {
    /// Entries in one command: well below what the socket carries.
    private static let entriesPerCommand = 16_384

    /// Lets the enclave follow the log to its end at the builder's height, and posts its word unless the chain has it already.
    func followPunctures(_ builder: EvidenceBuilder) async throws {
        let proof = try await onThread { try builder.proven(StateKey.punctureLog) }
        guard let log = PunctureChain(proof.value.isEmpty ? nil : try WirePunctureLog(strictly: [UInt8](proof.value), limit: 256)) else {
            throw NodeError.damagedChain("puncture log")
        }
        guard followed != log.count else { return }
        var applied = try await perform { try $0.status() }.punctures
        var answer: WireProvePuncturesAnswer
        repeat {
            let next = min(log.count, applied + UInt64(Self.entriesPerCommand))
            let command = try await onThread { [applied] in
                var command = WireProvePuncturesCommand()
                command.log = proof
                for sequence in applied..<max(applied, next) {
                    guard let entry = try builder.value(StateKey.puncture(sequence + 1)) else {
                        throw NodeError.damagedChain("puncture log")
                    }
                    command.entries.append(.init(entry))
                }
                return command
            }
            answer = try await perform { try $0.provePunctures(command) }
            applied = next
        } while applied < log.count
        note(punctures: log.count)
        if answer.hasAcknowledgement { try await post(answer.acknowledgement, log, builder) }
    }

    private func post(_ acknowledgement: WireErasureAcknowledgement, _ log: PunctureChain, _ builder: EvidenceBuilder) async throws {
        guard let bytes = try view.value(StateKey.enclave(builder.enclave)),
            let known = try? WireEnclave(strictly: bytes, limit: Limits.stateValue),
            known.punctures < acknowledgement.sequence || known.suspension == EnclaveSuspension.erasure
        else { return }
        var message = WireMessage()
        message.acknowledgeErasure.acknowledgement = acknowledgement
        message.acknowledgeErasure.punctureHash = .init(log.hash.bytes)
        try await post(message)
        self.log.notice(
            "The enclave has destroyed what the chain asked for.", metadata: ["sequence": "\(acknowledgement.sequence)"])
    }
}
