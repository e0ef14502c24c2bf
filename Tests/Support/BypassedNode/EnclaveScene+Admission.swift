import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import Primitives
import WireTypes

/// What a node shows a wallet of the scene's enclave.
extension EnclaveScene {
    /// Has the chain admit the enclave's evidence; the proof of it is under the newest header.
    ///
    /// - Parameters:
    ///   - change: what the chain says of the enclave.
    ///   - reference: what the chain says of its build, if anything.
    package func admission(
        reference: WireReferenceValue? = nil, _ change: (inout WireEnclave) -> Void = { _ in }
    ) throws -> WireJobProof {
        guard let block = node.header, var entry: WireEnclave = try node.value(StateKey.enclave(enclaveID)) else {
            throw EnclaveError.staleState
        }
        var command = WireAttestCommand()
        (command.challengeHeight, command.challengeBlock) = (block.height, .init(block.hash.bytes))
        guard case .attest(let answer) = try driver.perform(.attest(command)) else { throw EnclaveError.unexpectedAnswer }
        entry.evidenceHash = .init(Digest.hash(.evidence, [UInt8](answer.evidence)).bytes)
        (entry.challengeHeight, entry.expires) = (block.height, node.time + 3_600_000)
        change(&entry)
        node.write(entry, at: StateKey.enclave(enclaveID))
        node.write(node.genesis.attestationRules, at: StateKey.attestationRules)
        let build = StateKey.referenceValue(answer.identity.platform, measurement: Hash32(answer.identity.measurement) ?? .zero)
        if let reference { node.write(reference, at: build) }
        try self.block()
        var proof = WireJobProof()
        proof.header = node.headers[node.headers.count - 1]
        proof.challengeHeader = node.headers[Int(block.height) - 1]
        var registration = WireRegisterEnclave()
        (registration.identity, registration.evidence) = (answer.identity, answer.evidence)
        proof.registration = .init(try sign(.registerEnclave(registration), by: node.validator).bytes)
        proof.enclave = try node.prove(StateKey.enclave(enclaveID))
        proof.attestationRules = try node.prove(StateKey.attestationRules)
        proof.referenceValue = try node.prove(build)
        return proof
    }
}
