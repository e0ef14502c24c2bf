import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import LightClient
import PlatformProtocol
import Primitives
import WireTypes

/// Entries of the chain's puncture log that the host has shown so far; nothing is applied before their proven end is reached.
struct StagedPunctures {
    /// The log up to the last of them, if they are genuine.
    var end: PunctureChain
    /// Those entries, in order.
    var entries: [WirePuncture] = []
}

/// Destroying keys because the chain says so (docs/spec/erasure.md §3).
extension EnclaveMachine {
    /// Bytes of one entry that are looked at.
    private static let maximumEntry = 512

    /// Follows the chain's puncture log to its end under the newest header, destroys what it asks for, and says so.
    ///
    /// Nothing is served after a start before this succeeded once. A vault that holds no key reads all of it too: keys may come later.
    mutating func provePunctures(_ command: WireProvePuncturesCommand) throws -> WireProvePuncturesAnswer {
        guard isAnchored else { throw EnclaveError.notServing }
        guard command.entries.count <= EnclaveLimits.punctures else { throw EnclaveError.tooMany }
        let target = try punctureLog(command.log)
        var staged = stagedPunctures ?? StagedPunctures(end: vault.punctures)
        stagedPunctures = nil
        for bytes in command.entries {
            guard let entry = try? WirePuncture(strictly: [UInt8](bytes), limit: Self.maximumEntry) else { throw EnclaveError.badProof }
            // A command that comes again shows what is known already.
            guard entry.sequence > staged.end.count else { continue }
            guard entry.sequence == staged.end.count + 1, Address(entry.subject) != nil,
                [.record, .dataset, .subject].contains(entry.kind)
            else { throw EnclaveError.badProof }
            staged.entries.append(entry)
            staged.end.append([UInt8](bytes))
        }
        guard staged.end.count >= target.count else {
            stagedPunctures = staged
            return WireProvePuncturesAnswer()
        }
        guard staged.end == target else { throw EnclaveError.badProof }
        if target != vault.punctures {
            observer?(.vault)
            defer { observer?(.other) }
            try vault.apply(staged.entries, upTo: target, at: client.trusted.height)
            // What was sent before and not yet taken in may hold what was just destroyed.
            try beginSession()
        }
        hasProvenPunctures = true
        var answer = WireProvePuncturesAnswer()
        if target.count > 0 { answer.acknowledgement = try acknowledgement() }
        return answer
    }

    /// Returns if the vault has applied the whole puncture log that the chain has under the newest header.
    func requirePunctured(_ proven: WireProvenValue) throws(EnclaveError) {
        guard try punctureLog(proven) == vault.punctures else { throw .puncturesPending }
    }

    private func punctureLog(_ proven: WireProvenValue) throws(EnclaveError) -> PunctureChain {
        guard let log = PunctureChain(try state.value(proven, at: StateKey.punctureLog)) else { throw .badProof }
        return log
    }

    private func acknowledgement() throws(EnclaveError) -> WireErasureAcknowledgement {
        var acknowledgement = WireErasureAcknowledgement()
        acknowledgement.enclave = .init(id.bytes)
        acknowledgement.sequence = vault.punctures.count
        acknowledgement.vaultVersion = vault.version
        acknowledgement.vaultRoot = .init(vault.root.bytes)
        acknowledgement.recoveryEpoch = vault.recoveryEpoch
        acknowledgement.height = client.trusted.height
        let statement = EnclaveStatement.erasureAcknowledgement(
            chainID: chainID, acknowledgement, punctures: vault.punctures.hash)
        acknowledgement.signature = .init(try sign(statement, .erasureAcknowledgement))
        return acknowledgement
    }
}
