import ChainTypes
import Crypto
import Cryptography
import EnclaveProtocol
import Primitives
import WireTypes

/// The cryptographic operations of assessments and nothing else: on the bytes of a round, by the same library, decoded before.
///
/// Keys are others than the enclave's, which nobody gets out of it; lengths and numbers of operations are the same.
struct AssessmentCryptography {
    /// What one kind of operation takes of an assessment.
    struct Time {
        let name: String
        let microseconds: Double
    }

    /// A record as it lies in its sidecar, under a key of this benchmark's.
    private struct Sealed {
        let sidecar: [UInt8]
        let leaf: UInt32
    }

    private let transactions: [SignedTransaction]
    private let proofs: [StateClaim]
    private let records: [Sealed]
    private let results: [[UInt8]]
    private let recipientKey: WireSealingKey
    private let recipient: SealingPublicKey
    private let count: Double

    private let tree = RecordKeyTree(subjectKey: AuthenticatedEncryption.randomKey())
    private let secret = AuthenticatedEncryption.randomKey()
    private let signer = SigningKey.ed25519()
    /// As long as those that the real operations are bound to.
    private let binding = [UInt8](repeating: 7, count: 120)

    init(_ work: BenchScene.Work, _ opening: BenchScene.Opening, recipient: SealingPublicKey) throws {
        let assessments = work.command.assessments
        count = Double(assessments.count)
        transactions = try assessments.flatMap { [$0.requestTransaction, $0.grantTransaction] }.map {
            try SignedTransaction(decoding: [UInt8]($0))
        }
        proofs = try StateClaim.all(of: work) + StateClaim.all(of: opening)
        let (tree, binding) = (tree, binding)
        records = try assessments.flatMap(\.records).enumerated().map { position, evidence in
            let content = [UInt8](repeating: 0, count: evidence.sidecar.count - Sidecar.saltBytes - AuthenticatedEncryption.overhead)
            let leaf = UInt32(position)
            let box = try AuthenticatedEncryption.seal(content, key: tree.recordKey(leaf), context: .record, associated: binding)
            return Sealed(sidecar: Sidecar.make(box, salt: [UInt8](repeating: 0, count: Sidecar.saltBytes)), leaf: leaf)
        }
        results = opening.outcomes.map { [UInt8]($0.sealedResult) }
        self.recipient = recipient
        recipientKey = recipient.wire
    }

    /// Medians of `rounds`, of each kind of operation.
    func times(rounds: Int = 7) throws -> [Time] {
        try [
            ("verifying signatures of grant and request", verify), ("hashing the proofs", hash),
            ("deriving record keys, decrypting", decrypt),
            ("sealing and signing the result", seal), ("encrypting the vault's entries", store), ("opening to the recipient", open),
        ].map { name, body in
            var times: [Double] = []
            for _ in 0..<rounds {
                let start = ContinuousClock.now
                try body()
                times.append((ContinuousClock.now - start).microseconds / count)
            }
            return Time(name: name, microseconds: times.sorted()[rounds / 2])
        }
    }

    private func verify() throws {
        for transaction in transactions {
            // Its identifier.
            _ = Digest.hash(.transactionIdentifier, transaction.bytes)
            try transaction.verifySignature()
        }
    }

    private func hash() throws { for claim in proofs { try claim.verify() } }

    private func decrypt() throws {
        for record in records {
            _ = Sidecar.commitment(record.sidecar)
            guard let box = Sidecar.content(record.sidecar) else { continue }
            _ = try AuthenticatedEncryption.open(box, key: tree.recordKey(record.leaf), context: .record, associated: binding)
        }
    }

    private func seal() throws {
        for result in results {
            _ = ResultEnvelope.recipient(recipientKey)
            _ = try signer.sign(binding, context: .result)
            let salt = SecureRandom.bytes(Sidecar.saltBytes)
            let key = KeyDerivation.derive(secret, context: .resultKey, identifier: binding)
            let padded = Array(result[..<(result.count - Sidecar.saltBytes - AuthenticatedEncryption.overhead)])
            let box = try AuthenticatedEncryption.seal(padded, key: key, context: .sealedResult, associated: Hash32.zero.bytes)
            _ = Sidecar.commitment(Sidecar.make(box, salt: salt))
            _ = try signer.sign(binding, context: .jobCommitment)
        }
    }

    /// What the vault writes down: each sealed result with some names around it, in one batch, and that it was opened in another.
    private func store() throws {
        for size in [results.reduce(0) { $0 + $1.count + 300 }, results.count * 100] {
            let box = try AuthenticatedEncryption.seal(
                [UInt8](repeating: 0, count: size), key: secret, context: .vaultEntry, associated: binding)
            _ = Digest.hash(.vaultRoot, box)
        }
    }

    private func open() throws {
        for result in results {
            _ = ResultEnvelope.recipient(recipientKey)
            let key = KeyDerivation.derive(secret, context: .resultKey, identifier: binding)
            // The enclave tries the key before it gives it away.
            _ = try? AuthenticatedEncryption.open(
                result[Sidecar.saltBytes...], key: key, context: .sealedResult, associated: Hash32.zero.bytes)
            _ = try ResultEnvelope.keyBox(key, job: .zero, to: recipient)
            _ = try signer.sign([UInt8](repeating: 7, count: 1_250), context: .jobOpening)
        }
    }
}
