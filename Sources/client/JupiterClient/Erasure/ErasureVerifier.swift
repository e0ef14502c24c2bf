import AuthenticatedState
import ChainTypes
import Cryptography
import Foundation
import LightClient
import Primitives
import WireTypes

/// Checks an erasure certificate without any node, one step after another.
package enum ErasureVerifier {
    /// A step that held, in words for a person.
    package struct Step: Sendable, Equatable {
        package let title: String
        package let finding: String
    }

    package struct Verified: Sendable {
        package let genesis: Genesis
        package let erasure: WireErasure
        /// The header that everything was proven under.
        package let header: BlockHeader
        package let steps: [Step]

        /// What the erasure rests on, by the genesis that was verified.
        package var basis: ErasureBasis { ErasureBasis(genesis) }
    }

    /// - Parameter genesisHash: the hash that the genesis must have, from a source the verifier trusts; without it the file's own genesis
    ///   is believed, and the first step says so.
    /// - Throws: `wrongGenesis`, or `proofInvalid` with what does not hold.
    package static func verify(_ bytes: [UInt8], genesisHash: Hash32? = nil) throws -> Verified {
        let certificate = try ErasureCertificate(decoding: bytes)
        var steps: [Step] = []
        let genesis: Genesis
        do { genesis = try Genesis(decoding: [UInt8](certificate.genesis)) } catch {
            throw ClientError.proofInvalid("the genesis is not one")
        }
        if let genesisHash, genesisHash != genesis.hash { throw ClientError.wrongGenesis(found: genesis.hash.description) }
        guard certificate.chain == genesis.chainID else { throw ClientError.proofInvalid("the genesis is another chain's") }
        let pinned = genesisHash == nil ? "as the file has it; pin it with --genesis-hash" : "as pinned"
        steps.append(Step(title: "genesis", finding: "\(genesis.chainID), \(genesis.hash), \(pinned)"))
        let (root, header) = try follow(certificate.headers, genesis)
        steps.append(
            Step(
                title: "header",
                finding: "\(header.height), certified by the chain's validators over \(Counted.text(certificate.headers.count, "header"))")
        )
        let erasure = try ErasureCertificate.erasure(value(certificate.erasure, under: root))
        guard let id = Hash32(erasure.id), Data(StateKey.erasure(id)) == certificate.erasure.key else {
            throw ClientError.proofInvalid("the erasure is another one")
        }
        guard erasure.status == .complete else { throw ClientError.proofInvalid("the erasure is not complete yet") }
        steps.append(Step(title: "certificate", finding: "erasure \(id) in the state, complete since block \(erasure.completedHeight)"))
        try checkPuncture(certificate.puncture, erasure, root)
        steps.append(Step(title: "puncture log", finding: "entry \(erasure.sequence) orders \(text(erasure))"))
        steps += try checkVaults(certificate, erasure, root, genesis.chainID)
        steps.append(Step(title: "ciphertext", finding: ErasureBasis(genesis).finding))
        if !erasure.shareHolders.isEmpty {
            steps.append(
                Step(
                    title: "recovery shares",
                    finding: "\(erasure.shareHolders.count) holders attest to have destroyed those of older epochs"))
        }
        for export in erasure.exports {
            let recipient = Address(export.recipient)?.description ?? "?"
            steps.append(Step(title: "export", finding: "the key was given to \(recipient) at block \(export.height): outside the promise"))
        }
        return Verified(genesis: genesis, erasure: erasure, header: header, steps: steps)
    }

    private static func text(_ erasure: WireErasure) -> String {
        let subject = Address(erasure.subject)?.description ?? "?"
        switch erasure.kind {
        case .record: return "record \(Hex.encode(erasure.record)) of \(subject) in \(erasure.dataset)"
        case .dataset: return "\(erasure.records) records of \(subject) in \(erasure.dataset), and the keys"
        case .subject: return "all \(erasure.records) records of \(subject), and the keys"
        case .unspecified, .UNRECOGNIZED: return "something unknown"
        }
    }

    /// Follows the certified headers from the genesis; the last one, and the state root that it proves.
    private static func follow(_ headers: [Data], _ genesis: Genesis) throws -> (root: Hash32, header: BlockHeader) {
        var client = LightVerifier(genesis: genesis)
        var newest: BlockHeader?
        for bytes in headers {
            guard
                let certified = try? WireCertifiedHeader(
                    strictly: [UInt8](bytes), limit: Limits.header + Limits.finality + Limits.validatorSet)
            else { throw ClientError.proofInvalid("a header is not well formed") }
            try client.accept(certified)
            newest = try LightVerifier.header(certified)
        }
        guard let newest else { throw ClientError.proofInvalid("there is no header") }
        return (client.trusted.stateRoot, newest)
    }

    /// The value, if it stands in the state at its key.
    private static func value(
        _ proven: ErasureCertificate.Proven, under root: Hash32, at key: [UInt8]? = nil
    ) throws -> Data {
        if let key, Data(key) != proven.key { throw ClientError.proofInvalid("a value is of another place") }
        do {
            try StateProof.decode([UInt8](proven.proof)).verify(root: root, key: [UInt8](proven.key), value: [UInt8](proven.value))
        } catch { throw ClientError.proofInvalid("a value is not in the state under the header") }
        return proven.value
    }

    private static func checkPuncture(_ proven: ErasureCertificate.Proven, _ erasure: WireErasure, _ root: Hash32) throws {
        let bytes = [UInt8](try value(proven, under: root, at: StateKey.puncture(erasure.sequence)))
        guard let entry = try? WirePuncture(strictly: bytes, limit: Limits.stateValue), entry.sequence == erasure.sequence,
            entry.erasure == erasure.id, entry.subject == erasure.subject, entry.kind == erasure.kind, entry.dataset == erasure.dataset
        else { throw ClientError.proofInvalid("the puncture log's entry is about something else") }
    }

    /// Every enclave that counts: the keys it is known by, its own signature, and that what it signed reaches the erasure.
    private static func checkVaults(
        _ certificate: ErasureCertificate, _ erasure: WireErasure, _ root: Hash32, _ chainID: String
    ) throws -> [Step] {
        var hashes: [Data: Hash32] = [:]
        for proven in certificate.punctureHashes {
            guard let hash = Hash32(try value(proven, under: root)) else { throw ClientError.proofInvalid("a hash of the puncture log") }
            hashes[proven.key] = hash
        }
        var enclaves: [Data: WireEnclave] = [:]
        for proven in certificate.enclaves {
            let bytes = [UInt8](try value(proven, under: root))
            guard let enclave = try? WireEnclave(strictly: bytes, limit: Limits.stateValue), let id = Hash32(enclave.id),
                Data(StateKey.enclave(id)) == proven.key, EnclaveStatement.identifier(enclave.identity) == id
            else { throw ClientError.proofInvalid("an enclave is not the one that its keys name") }
            enclaves[enclave.id] = enclave
        }
        var steps: [Step] = []
        for word in erasure.acknowledgements {
            guard let enclave = enclaves[word.enclave], let key = Hash32(enclave.identity.signingKey), word.sequence >= erasure.sequence,
                let hash = hashes[Data(StateKey.punctureHash(word.sequence))]
            else { throw ClientError.proofInvalid("an acknowledgement's enclave or place in the log is missing") }
            let statement = EnclaveStatement.erasureAcknowledgement(chainID: chainID, word, punctures: hash)
            do {
                try VerificationKey.ed25519(key).verify([UInt8](word.signature), of: statement, context: .erasureAcknowledgement)
            } catch { throw ClientError.proofInvalid("an enclave did not sign its acknowledgement") }
            steps.append(
                Step(
                    title: "vault",
                    finding:
                        "\(Hex.encode(word.enclave)) (\(enclave.label.isEmpty ? enclave.identity.platform : enclave.label)) signed that the keys are destroyed, up to entry "
                        + "\(word.sequence)"))
        }
        for silent in erasure.suspended {
            guard enclaves[silent] != nil else { throw ClientError.proofInvalid("a silent enclave is missing") }
            steps.append(
                Step(
                    title: "vault",
                    finding: "\(Hex.encode(silent)) stayed silent and was suspended: it serves nothing before it has destroyed them"))
        }
        if erasure.vaults.isEmpty { steps.append(Step(title: "vault", finding: "none held the key")) }
        return steps
    }
}
