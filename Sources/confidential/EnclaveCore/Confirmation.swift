import Attestation
import ChainTypes
import Crypto
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Results that several enclaves come to (docs/spec/admission.md §6).
///
/// The first seals a salt and its result's key to the others. They run the same program over the same record, and look into the sealed
/// result as well: a hash alone could be right while what the requester will open is not. What is sealed opens with the record's key too,
/// which all of them have: once that is destroyed, what lies on the chain opens for nobody.
extension EnclaveMachine {
    /// One outcome for each assessment, in order; the rules of proofs are those of runs.
    mutating func confirmAssessments(_ command: WireConfirmAssessmentsCommand) throws -> WireConfirmAssessmentsAnswer {
        try requireServing(at: command.shared.height)
        guard command.assessments.count <= EnclaveLimits.assessments else { throw EnclaveError.tooMany }
        try requirePunctured(command.shared.punctures)
        var checks = EvidenceChecks(
            chainID: chainID, enclave: id, vault: vaultID, trusted: client.trusted, shared: command.shared, observer: observer)
        var answer = WireConfirmAssessmentsAnswer()
        var pending: [Hash32: Vault.Uses] = [:]
        var changes: [WireVaultEntry.OneOf_Change] = []
        for evidence in command.assessments {
            var outcome = WireConfirmOutcome()
            do throws(RunFailure) {
                let run = try confirm(evidence, &checks, pending, &outcome)
                if !vault.uses(of: run.grant).requests.contains(run.job) {
                    pending[run.grant, default: Vault.Uses()].add(run.job, outputBytes: run.outputBytes)
                    changes.append(.used(Self.use(run.grant, run.job, outputBytes: run.outputBytes)))
                }
            } catch { try fail(&outcome, error) }
            answer.outcomes.append(outcome)
        }
        // A use counts before it is answered, and once, however many enclaves of a vault compute it.
        if !changes.isEmpty { try record(changes) }
        return answer
    }

    private func fail(_ outcome: inout WireConfirmOutcome, _ failure: RunFailure) throws(EnclaveError) {
        outcome.failure = failure.failure
        guard failure.isFinal, let job = Hash32(outcome.id) else { return }
        let statement = EnclaveStatement.refusal(chainID: chainID, job: job, code: failure.failure.code)
        outcome.signature = .init(try sign(statement, .jobRefusal))
    }

    private mutating func confirm(
        _ evidence: WireAssessmentEvidence, _ checks: inout EvidenceChecks, _ pending: [Hash32: Vault.Uses],
        _ outcome: inout WireConfirmOutcome
    ) throws(RunFailure) -> BegunRun {
        let assessment = try checks.assessment(evidence.assessment)
        guard let job = Hash32(assessment.id), let commitment = Hash32(assessment.commitment), assessment.status == .committed,
            assessment.hasTerms
        else { throw .host(.notToConfirm) }
        outcome.id = assessment.id
        guard let peers = try peers(of: assessment, evidence, &checks), let first = peers.first(where: { $0.id == assessment.enclave })
        else { throw .host(.notToConfirm) }
        let sealed = [UInt8](evidence.sealedResult)
        guard sealed.count <= Limits.sidecar, Sidecar.commitment(sealed) == commitment else { throw .host(.tamperedCiphertext) }
        let run = try begin(assessment, evidence, job: job, &checks, pending)
        let output = try finish(run.ready)
        let secret = try secret(in: assessment.terms, job: job, source: run.source)
        // Anybody can seal a salt to this enclave, and a hash under a salt of the host's own would let it guess the output. Only the
        // first enclave's key opens what it has signed and committed to, and the salt is believed because it comes with that key.
        guard let theirs = Self.output(of: sealed, key: secret.resultKey, job: job, chainID: chainID, enclave: first.identity) else {
            throw .final(.badConfirmationTerms)
        }
        let own = EnclaveStatement.confirmedOutput(salt: secret.salt, output: output)
        guard own.bytes != [UInt8](assessment.terms.outputHash) || theirs == output else { throw .final(.resultNotConfirmed) }
        let statement = EnclaveStatement.confirmation(
            chainID: chainID, job: job, enclave: id, commitment: commitment, outputHash: own)
        do throws(EnclaveError) { outcome.signature = .init(try sign(statement, .jobConfirmation)) } catch { throw .host(error) }
        outcome.outputHash = .init(own.bytes)
        return run
    }

    /// What the first enclave sealed to this one.
    private func secret(
        in terms: WireConfirmationTerms, job: Hash32, source: Vault.RecordKeyName
    ) throws(RunFailure) -> ConfirmationBox {
        let binding = EnclaveStatement.confirmationBinding(chainID: chainID, job: job, enclave: id)
        let recordKey = try leaf(source)
        guard let own = terms.salts.first(where: { Hash32($0.enclave) == id }), let box = try? SealedBox(own.salt),
            let secret = try? ConfirmationBox(opening: box, recordKey: recordKey, binding: binding, with: secrets.vaultKey)
        else { throw .final(.badConfirmationTerms) }
        return secret
    }

    private func leaf(_ source: Vault.RecordKeyName) throws(RunFailure) -> SymmetricKey {
        guard let key = try? vault.key(source.key)?.tree?.recordKey(source.leaf) else { throw .final(.recordErased) }
        return key
    }

    /// The output inside a sealed result that `enclave` signed; `nil` for anything else.
    private static func output(
        of sealed: [UInt8], key: SymmetricKey, job: Hash32, chainID: String, enclave: WireEnclaveIdentity
    ) -> [UInt8]? {
        guard let signed = try? ResultEnvelope.open(sealed, key: key, job: job),
            let result = try? ResultEnvelope.verify(signed, job: job, chainID: chainID, enclave: enclave)
        else { return nil }
        return [UInt8](result.output)
    }

    // MARK: Terms

    /// The other enclaves that the request names, when they have to confirm; `nil` when nobody has to.
    ///
    /// What keeps this enclave from the job is not signed: another one may do it.
    func peers(
        of assessment: WireAssessment, _ evidence: WireAssessmentEvidence, _ checks: inout EvidenceChecks
    ) throws(RunFailure) -> [WireEnclave]? {
        let request = assessment.request
        let dataset = try checks.dataset(request.dataset).value
        do throws(Refusal) {
            let requirements = try EnclaveRequirements(dataset: dataset.demand, request: request.demand)
            try requirements.check(admission)
            guard request.enclaves.isEmpty || request.enclaves.contains(Data(id.bytes)) else { throw .admissionWrongEnclaves }
            guard requirements.confirmations > 1 else { return nil }
            guard evidence.enclaves.count == request.enclaves.count, Set(request.enclaves).count == request.enclaves.count else {
                throw .admissionWrongEnclaves
            }
            let named = try Self.named(request.enclaves, evidence.enclaves, checks)
            try requirements.check(group: named)
            return named.filter { Hash32($0.id) != id }
        } catch { throw .host(error) }
    }

    private static func named(
        _ ids: [Data], _ proven: [WireProvenValue], _ checks: borrowing EvidenceChecks
    ) throws(Refusal) -> [WireEnclave] {
        var enclaves: [WireEnclave] = []
        for (id, proven) in zip(ids, proven) {
            do throws(RunFailure) { enclaves.append(try checks.enclave(proven, id: id)) } catch { throw Refusal(error.failure) }
        }
        return enclaves
    }

    /// What the others confirm `output` by: its hash under a salt, and for each of them the salt and the key of the sealed result.
    /// - Parameter source: the record that it was made from.
    func terms(
        _ output: [UInt8], job: Hash32, source: Vault.RecordKeyName, key: SymmetricKey, for peers: [WireEnclave]
    ) throws(RunFailure) -> WireConfirmationTerms {
        let salt = KeyDerivation.derive(key, context: .confirmationSalt, identifier: job.bytes).withUnsafeBytes { [UInt8]($0) }
        let (secret, recordKey) = (ConfirmationBox(salt: salt, resultKey: key), try leaf(source))
        var terms = WireConfirmationTerms()
        terms.outputHash = .init(EnclaveStatement.confirmedOutput(salt: salt, output: output).bytes)
        for peer in peers {
            guard let id = Hash32(peer.id) else { throw .host(.badProof) }
            let binding = EnclaveStatement.confirmationBinding(chainID: chainID, job: job, enclave: id)
            guard let key = try? SealingPublicKey(peer.identity.vaultKey),
                let box = try? secret.seal(recordKey: recordKey, binding: binding, to: key)
            else { throw .host(.badProof) }
            var sealed = WireSealedSalt()
            (sealed.enclave, sealed.salt) = (peer.id, box.wire)
            terms.salts.append(sealed)
        }
        return terms
    }

    /// The same of a run that was decided before.
    func terms(
        of earlier: Vault.Run, _ sealed: [UInt8], job: Hash32, for peers: [WireEnclave]
    ) throws(RunFailure) -> WireConfirmationTerms {
        guard let key = vault.resultKey(of: earlier, job: job), let source = earlier.sources.first,
            let output = Self.output(of: sealed, key: key, job: job, chainID: chainID, enclave: identity)
        else { throw .host(.internalFailure) }
        return try terms(output, job: job, source: source, key: key, for: peers)
    }
}
