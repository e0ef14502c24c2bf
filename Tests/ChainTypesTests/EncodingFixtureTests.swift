import ChainTypes
import Cryptography
import Foundation
import Primitives
import TestVectors
import Testing
import WireTypes

/// Every encoding that is stored, hashed or sent, pinned byte for byte. A change here is a new format: a new version, and migration.
@Suite struct `Pinned encodings` {
    static func values() throws -> [(String, [UInt8])] {
        let transaction = try Samples.transaction()
        let header = try BlockHeader(encoding: Samples.wireHeader)
        let set = try Samples.validators()
        let genesis = try Genesis(encoding: Samples.wireGenesis())
        let sidecar = Sidecar.make([1, 2, 3], salt: [UInt8](repeating: 7, count: 32))
        let withSidecar = try SubmittedTransaction(Samples.transaction([Samples.putRecord(sidecar)]), sidecars: [sidecar])
        return [
            ("transaction body", transaction.body.encoded()),
            ("transaction", transaction.bytes),
            ("transaction identifier", transaction.id.bytes),
            ("message identifier 1", transaction.messageIdentifier(1).bytes),
            ("transaction with sidecar", withSidecar.encoded),
            ("sidecar commitment", Sidecar.commitment(sidecar).bytes),
            ("header", header.bytes),
            ("header hash", header.hash.bytes),
            ("block", try Samples.block([transaction]).bytes),
            ("transactions root of 1", Block.transactionsRoot([transaction]).bytes),
            ("transactions root of 3", Block.transactionsRoot([transaction, withSidecar.transaction, transaction]).bytes),
            ("vote statement", QuorumCertificate.statement(Samples.certificate, chainID: Samples.chainID)),
            ("certificate", try QuorumCertificate(Samples.certificate).bytes),
            ("validator set", set.bytes),
            ("validator set hash", set.hash.bytes),
            ("genesis", genesis.bytes),
            ("genesis hash", genesis.hash.bytes),
        ]
    }

    static func stateValues() -> [(String, [UInt8])] {
        [
            ("account", StateValueSamples.account.encoded()),
            ("dataset", StateValueSamples.dataset.encoded()),
            ("enclave", StateValueSamples.enclave.encoded()),
            ("subject key", StateValueSamples.subjectKey.encoded()),
            ("record", StateValueSamples.record.encoded()),
            ("consent", StateValueSamples.consent.encoded()),
            ("program", StateValueSamples.program.encoded()),
            ("assessment", StateValueSamples.assessment.encoded()),
            ("subscription", StateValueSamples.subscription.encoded()),
            ("locality", StateValueSamples.locality.encoded()),
            ("receipt", StateValueSamples.receipt.encoded()),
            ("attestation rules", StateValueSamples.rules.encoded()),
            ("reference value", StateValueSamples.reference.encoded()),
            ("endorsement entry", StateValueSamples.endorsement.encoded()),
        ]
    }

    static func statements() -> [(String, [UInt8])] {
        let (one, two, three) = (Samples.hash(1), Samples.hash(2), Samples.hash(3))
        let (chain, subject) = (Samples.chainID, Address(Samples.hash(4)))
        let binding = AttestationBinding(chainID: chain, identity: `Enclave statements`.identity, height: 12, block: one, challenge: two)
        return [
            ("enclave identifier", EnclaveStatement.identifier(`Enclave statements`.identity).bytes),
            ("attestation binding", binding.preimage),
            ("attestation binding of 64 bytes", binding.bytes64),
            ("attestation binding of 32 bytes", binding.bytes32.bytes),
            ("subject key commitment", EnclaveStatement.subjectKeyCommitment(key: one.bytes, salt: two.bytes).bytes),
            ("enrolment", EnclaveStatement.enrolment(chainID: chain, enclave: one, dataset: "credit", commitment: two)),
            (
                "enrolment receipt",
                EnclaveStatement.enrolmentReceipt(
                    chainID: chain, enclave: one, subject: subject, dataset: "credit", commitment: two, vaultVersion: 5)
            ),
            ("anchor", EnclaveStatement.anchor(chainID: chain, enclave: one, nonce: two, vaultVersion: 5, vaultRoot: three)),
            ("assessment commitment", EnclaveStatement.commitment(chainID: chain, job: one, commitment: two)),
            (
                "subscription commitment",
                EnclaveStatement.commitment(chainID: chain, job: one, commitment: two, runHeight: 9, grants: three)
            ),
            ("grants", EnclaveStatement.grants([one, two]).bytes),
            ("opening", EnclaveStatement.opening(chainID: chain, job: one, keyBox: StateValueSamples.sealedMessage)),
            ("refusal", EnclaveStatement.refusal(chainID: chain, job: one, code: 302)),
            (
                "record binding",
                EnclaveStatement.recordBinding(chainID: chain, dataset: "credit", record: one, schema: [1, 2, 3], owner: subject)
            ),
            (
                "commitment to be confirmed",
                EnclaveStatement.commitment(chainID: chain, job: one, commitment: two, terms: StateValueSamples.terms)
            ),
            ("confirmed output", EnclaveStatement.confirmedOutput(salt: one.bytes, output: [1, 2, 3]).bytes),
            (
                "confirmation",
                EnclaveStatement.confirmation(chainID: chain, job: one, enclave: two, commitment: three, outputHash: Samples.hash(4))
            ),
            ("confirmation binding", EnclaveStatement.confirmationBinding(chainID: chain, job: one, enclave: two)),
        ]
    }

    @Test func `Transactions, blocks, certificates and genesis`() throws {
        try compare(Self.values(), with: "chain-encodings")
    }

    @Test func `Values of the state and receipts`() throws {
        try compare(Self.stateValues(), with: "state-values")
    }

    @Test func `Validators, epochs, governance and evidence`() throws {
        try compare(TrustValueSamples.values(), with: "trust-values")
    }

    @Test func `Statements of enclaves`() throws {
        try compare(Self.statements(), with: "enclave-statements")
    }

    func compare(_ values: [(String, [UInt8])], with file: String) throws {
        let pinned = try NamedValue.load(file)
        #expect(pinned.count == values.count)
        for (name, bytes) in values { #expect(Hex.encode(bytes) == pinned[name], "PIN|\(file)|\(name)|\(Hex.encode(bytes))") }
    }
}
