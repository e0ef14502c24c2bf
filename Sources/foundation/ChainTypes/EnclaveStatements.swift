import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// The bytes that an enclave signs, shared by the enclave that writes them and the rules that verify them.
///
/// Every part has a fixed length or a length before it, so no two statements coincide.
package enum EnclaveStatement {
    /// The name of an enclave: the hash of its platform and keys.
    package static func identifier(_ identity: WireEnclaveIdentity) -> Hash32 {
        var digest = Digest(.enclaveIdentifier)
        digest.updateWithLength(Array(identity.platform.utf8))
        digest.updateWithLength([UInt8](identity.signingKey))
        digest.update(bigEndian: UInt32(identity.vaultKey.suite.rawValue))
        digest.updateWithLength([UInt8](identity.vaultKey.key))
        digest.updateWithLength([UInt8](identity.measurement))
        return digest.finalize()
    }

    /// What an enclave's report data bind: chain, role, all public keys, and a recent block as challenge (attestation notes §7).
    package static func reportData(chainID: String, identity: WireEnclaveIdentity, height: UInt64, block: Hash32) -> Hash32 {
        var digest = Digest(.reportData)
        digest.updateWithLength(Array(chainID.utf8))
        digest.updateWithLength(Array("vault".utf8))
        digest.update(identifier(identity))
        digest.update(bigEndian: height)
        digest.update(block)
        return digest.finalize()
    }

    /// A subject key's commitment: its salted hash.
    package static func subjectKeyCommitment(key: [UInt8], salt: [UInt8]) -> Hash32 {
        var digest = Digest(.subjectKeyCommitment)
        digest.updateWithLength(salt)
        digest.updateWithLength(key)
        return digest.finalize()
    }

    /// Signed by the wallet (`Context.enrolment`) inside the sealed enrolment.
    package static func enrolment(chainID: String, enclave: Hash32, dataset: String, commitment: Hash32) -> [UInt8] {
        text(chainID) + enclave.bytes + text(dataset) + commitment.bytes
    }

    /// Signed by the enclave (`Context.enrolmentReceipt`) once the key is safe in its vault.
    package static func enrolmentReceipt(
        chainID: String, enclave: Hash32, subject: Address, dataset: String, commitment: Hash32, vaultVersion: UInt64
    ) -> [UInt8] {
        text(chainID) + enclave.bytes + subject.bytes + text(dataset) + commitment.bytes + bigEndian(vaultVersion)
    }

    /// Signed by the enclave (`Context.vaultAnchor`) at every start.
    package static func anchor(
        chainID: String, enclave: Hash32, nonce: Hash32, vaultVersion: UInt64, vaultRoot: Hash32
    ) -> [UInt8] {
        text(chainID) + enclave.bytes + nonce.bytes + bigEndian(vaultVersion) + vaultRoot.bytes
    }

    /// Signed by the enclave (`Context.erasureAcknowledgement`): nothing that the puncture log up to `acknowledgement.sequence`, whose hash
    /// is `punctures` there, asks to destroy is left in its vault.
    package static func erasureAcknowledgement(
        chainID: String, _ acknowledgement: WireErasureAcknowledgement, punctures: Hash32
    ) -> [UInt8] {
        var unsigned = acknowledgement
        unsigned.signature = .init()
        let bytes = unsigned.encoded()
        return text(chainID) + punctures.bytes + bigEndian(UInt64(bytes.count)) + bytes
    }

    /// Signed by the enclave (`Context.jobCommitment`): an assessment's sealed result is decided.
    package static func commitment(chainID: String, job: Hash32, commitment: Hash32) -> [UInt8] {
        text(chainID) + job.bytes + commitment.bytes
    }

    /// Signed by the enclave (`Context.jobCommitment`): a subscription's run at `runHeight` over `grants` is decided.
    package static func commitment(
        chainID: String, job: Hash32, commitment: Hash32, runHeight: UInt64, grants: Hash32
    ) -> [UInt8] {
        text(chainID) + job.bytes + commitment.bytes + bigEndian(runHeight) + grants.bytes
    }

    /// The hash of a run's contributing grants, in their order.
    package static func grants(_ grants: [Hash32]) -> Hash32 {
        var digest = Digest(.grantList)
        digest.update(bigEndian: UInt32(grants.count))
        for grant in grants { digest.update(grant) }
        return digest.finalize()
    }

    /// Signed by the enclave (`Context.jobOpening`): this key box opens the job's sealed result.
    package static func opening(chainID: String, job: Hash32, keyBox: WireSealedMessage) -> [UInt8] {
        text(chainID) + job.bytes + keyBox.encoded()
    }

    /// Signed by the enclave (`Context.jobRefusal`): it will not run the job.
    package static func refusal(chainID: String, job: Hash32, code: UInt32) -> [UInt8] {
        text(chainID) + job.bytes + bigEndian(UInt64(code))
    }

    /// The associated data that a record's ciphertext is bound to.
    ///
    /// - Parameter schema: the canonical encoding, version included: under another schema of the same version, which a corrupt quorum
    ///   could publish, a field would appear under another's name.
    package static func recordBinding(
        chainID: String, dataset: String, record: Hash32, schema: [UInt8], owner: Address
    ) -> [UInt8] {
        text(chainID) + text(dataset) + record.bytes + Digest.hash(.schema, schema).bytes + owner.bytes
    }

    private static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return bigEndian(UInt64(bytes.count)) + bytes
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}

extension SealedBox {
    /// The box of its wire form.
    package init(_ wire: WireSealedMessage) throws(CryptographyError) {
        guard let suite = SealingSuiteID(wire.suite) else { throw .unknownSuite }
        self.init(suite: suite, encapsulatedKey: [UInt8](wire.encapsulatedKey), ciphertext: [UInt8](wire.ciphertext))
    }

    package var wire: WireSealedMessage {
        var wire = WireSealedMessage()
        wire.suite = suite.wire
        wire.encapsulatedKey = .init(encapsulatedKey)
        wire.ciphertext = .init(ciphertext)
        return wire
    }
}

extension SealingSuiteID {
    package init?(_ wire: WireSealingSuite) {
        switch wire {
        case .x25519: self = .x25519
        case .xwing: self = .xwing
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }

    package var wire: WireSealingSuite { self == .x25519 ? .x25519 : .xwing }
}

extension SealingPublicKey {
    /// The key of its wire form.
    package init(_ wire: WireSealingKey) throws(CryptographyError) {
        guard let suite = SealingSuiteID(wire.suite) else { throw .unknownSuite }
        try self.init(suite: suite, bytes: [UInt8](wire.key))
    }

    package var wire: WireSealingKey {
        var wire = WireSealingKey()
        wire.suite = suite.wire
        wire.key = .init(bytes)
        return wire
    }
}
