import ChainTypes
import Cryptography
import DataModel
import EnclaveProtocol
import Foundation
import Primitives
import WireTypes

/// A result that only its requester can read, opened and checked.
package struct OpenedResult: Sendable {
    package let request: Hash32
    package let output: ProgramOutput
    /// Of the enclave that computed it, from its signed statement.
    package let platform: String
    package let enclave: Hash32
    /// Height of the header the run was checked under.
    package let height: UInt64
    package let subjects: UInt32
    /// What the chain says that the enclave's evidence showed: `simulated`, `tpm (software)`, `sev-snp`.
    package let label: String
    package let assurance: String
    /// The enclaves that came to this result, the first among them; empty where nobody had to confirm.
    package let confirmedBy: [Hash32]
}

/// The parts of an assessment or subscription that opening its result needs.
package struct ResultSource: Sendable {
    let id: Hash32
    let enclave: Hash32
    let commitment: Hash32
    let keyBox: WireSealedMessage
    let program: Hash32
    private(set) var confirmedBy: [Hash32] = []

    package init(_ job: WireAssessment) throws(ClientError) {
        try self.init(
            (job.id, job.status, job.enclave, job.commitment), job.keyBox, program: job.request.program, refusal: job.refusalCode)
        confirmedBy = job.confirmedBy.compactMap { Hash32($0) }
        // What the requester asked for is in its own request, whatever the chain made of it.
        guard confirmedBy.count >= Int(job.request.demand.confirmations) || job.request.demand.confirmations <= 1 else {
            throw .malformedAnswer("a result that fewer enclaves came to than the request demands")
        }
    }

    package init(_ job: WireSubscription) throws(ClientError) {
        try self.init(
            (job.id, job.status, job.enclave, job.commitment), job.keyBox, program: job.request.program, refusal: job.refusalCode)
    }

    private init(
        _ job: (id: Data, status: WireJobStatus, enclave: Data, commitment: Data), _ keyBox: WireSealedMessage, program: Data,
        refusal: UInt32
    ) throws(ClientError) {
        switch job.status {
        case .opened: break
        case .pending: throw .resultNotReady("it is pending")
        case .committed: throw .resultNotReady("it is committed but not opened")
        case .refunded: throw .resultRefunded
        case .refused: throw .resultRefused(code: refusal)
        case .unspecified, .UNRECOGNIZED: throw .malformedAnswer("a request's status")
        }
        guard let id = Hash32(job.id), let enclave = Hash32(job.enclave), let commitment = Hash32(job.commitment),
            let program = Hash32(program)
        else { throw .malformedAnswer("an opened request") }
        (self.id, self.enclave, self.commitment) = (id, enclave, commitment)
        (self.keyBox, self.program) = (keyBox, program)
    }
}

/// Opens sealed results; believes only what the enclave that the chain knows has signed.
package enum ResultOpener {
    /// - Parameters:
    ///   - sidecar: what the chain's commitment hashes.
    ///   - enclave: the enclave's value on chain, from a proof.
    ///   - key: the private half of the key that the request named.
    package static func open(
        _ source: ResultSource, sidecar: [UInt8], enclave: WireEnclave, chainID: String, key: SealingPrivateKey
    ) throws -> OpenedResult {
        guard Sidecar.commitment(sidecar) == source.commitment else {
            throw ClientError.resultInvalid("the sidecar is not the one that was committed to")
        }
        guard EnclaveStatement.identifier(enclave.identity) == source.enclave else {
            throw ClientError.resultInvalid("the enclave on chain is another one")
        }
        let signed = try ResultEnvelope.open(sidecar, keyBox: SealedBox(source.keyBox), job: source.id, with: key)
        let result: WireResult
        do {
            result = try ResultEnvelope.verify(signed, job: source.id, chainID: chainID, enclave: enclave.identity)
        } catch {
            throw ClientError.resultInvalid(
                error == .badSignature ? "the enclave's signature does not match" : "it belongs to another request")
        }
        guard Hash32(result.program) == source.program else { throw ClientError.resultInvalid("it comes from another program") }
        return OpenedResult(
            request: source.id, output: try ProgramOutput.decode([UInt8](result.output)), platform: result.platform,
            enclave: source.enclave, height: result.height, subjects: result.subjects,
            label: enclave.label.isEmpty ? result.platform : enclave.label, assurance: enclave.assurance, confirmedBy: source.confirmedBy)
    }
}

extension ChainView {
    /// Opens an assessment's result; the request's state and the enclave's identity are proven under the trusted header.
    package func openAssessment(_ id: Hash32, key: SealingPrivateKey) async throws -> OpenedResult {
        guard let value = try await value(StateKey.assessment(id)) else { throw ClientError.noSuchThing("assessment \(id)") }
        let job: WireAssessment
        do { job = try WireAssessment(strictly: value, limit: Limits.stateValue) } catch {
            throw ClientError.malformedAnswer("an assessment")
        }
        return try await open(try ResultSource(job), key: key)
    }

    /// The same for a subscription.
    package func openSubscription(_ id: Hash32, key: SealingPrivateKey) async throws -> OpenedResult {
        guard let value = try await value(StateKey.subscription(id)) else { throw ClientError.noSuchThing("subscription \(id)") }
        let job: WireSubscription
        do { job = try WireSubscription(strictly: value, limit: Limits.stateValue) } catch {
            throw ClientError.malformedAnswer("a subscription")
        }
        return try await open(try ResultSource(job), key: key)
    }

    private func open(_ source: ResultSource, key: SealingPrivateKey) async throws -> OpenedResult {
        guard let value = try await value(StateKey.enclave(source.enclave)),
            let enclave = try? WireEnclave(strictly: value, limit: Limits.stateValue)
        else { throw ClientError.resultInvalid("the chain knows no such enclave") }
        let sidecar = try await client.sidecar(source.commitment)
        return try ResultOpener.open(source, sidecar: sidecar, enclave: enclave, chainID: genesis.chainID, key: key)
    }
}
