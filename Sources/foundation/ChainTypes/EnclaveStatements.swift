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

    /// A subject key's commitment: its salted hash.
    package static func subjectKeyCommitment(key: [UInt8], salt: [UInt8]) -> Hash32 {
        var digest = Digest(.subjectKeyCommitment)
        digest.updateWithLength(salt)
        digest.updateWithLength(key)
        return digest.finalize()
    }

    /// Signed by the wallet (`Context.enrolment`) inside the sealed enrolment.
    package static func enrolment(
        chainID: String, enclave: Hash32, dataset: String, keyEpoch: UInt32 = 0, commitment: Hash32
    ) -> [UInt8] {
        text(chainID) + enclave.bytes + text(dataset) + bigEndian(UInt64(keyEpoch)) + commitment.bytes
    }

    /// Signed by the enclave (`Context.enrolmentReceipt`) once the key is safe in its vault.
    package static func enrolmentReceipt(
        chainID: String, enclave: Hash32, subject: Address, dataset: String, keyEpoch: UInt32 = 0, commitment: Hash32,
        vaultVersion: UInt64
    ) -> [UInt8] {
        text(chainID) + enclave.bytes + subject.bytes + text(dataset) + bigEndian(UInt64(keyEpoch)) + commitment.bytes
            + bigEndian(vaultVersion)
    }

    /// Signed by the enclave (`Context.vaultAnchor`) at every start.
    package static func anchor(
        chainID: String, enclave: Hash32, nonce: Hash32, vaultVersion: UInt64, vaultRoot: Hash32
    ) -> [UInt8] {
        text(chainID) + enclave.bytes + nonce.bytes + bigEndian(vaultVersion) + vaultRoot.bytes
    }

    /// Signed by the enclave (`Context.sessionKey`): until it says otherwise, what is sealed to this key is for it, on this chain, in the
    /// start that has the nonce.
    package static func session(chainID: String, _ session: WireSessionKey) -> [UInt8] {
        let key = session.key.encoded()
        return text(chainID) + bigEndian(UInt64(session.nonce.count)) + [UInt8](session.nonce) + bigEndian(session.number)
            + bigEndian(UInt64(key.count)) + key
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

    /// Signed by the enclave (`Context.jobCommitment`): the sealed result is decided, and what others confirm it by.
    package static func commitment(chainID: String, job: Hash32, commitment: Hash32, terms: WireConfirmationTerms) -> [UInt8] {
        self.commitment(chainID: chainID, job: job, commitment: commitment) + Digest.hash(.confirmationTerms, terms.encoded()).bytes
    }

    /// What enclaves that confirm each other compare: the output under a salt that only they know.
    package static func confirmedOutput(salt: [UInt8], output: [UInt8]) -> Hash32 {
        var digest = Digest(.confirmedOutput)
        digest.updateWithLength(salt)
        digest.updateWithLength(output)
        return digest.finalize()
    }

    /// Signed by another enclave (`Context.jobConfirmation`): what it came to for the job whose first result has this commitment.
    package static func confirmation(
        chainID: String, job: Hash32, enclave: Hash32, commitment: Hash32, outputHash: Hash32
    ) -> [UInt8] {
        text(chainID) + job.bytes + enclave.bytes + commitment.bytes + outputHash.bytes
    }

    /// The associated data of a salt that is sealed to another enclave.
    package static func confirmationBinding(chainID: String, job: Hash32, enclave: Hash32) -> [UInt8] {
        text(chainID) + job.bytes + enclave.bytes
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

    /// Signed by the source (`Context.replicaHandover`): it gave its keys, up to `sourceVersion` of its vault, to `enclave`.
    package static func handover(chainID: String, source: Hash32, enclave: Hash32, sourceVersion: UInt64) -> [UInt8] {
        text(chainID) + [1] + source.bytes + enclave.bytes + bigEndian(sourceVersion)
    }

    /// Signed by the source (`Context.replicaHandover`) inside a recovery package: whoever opens it holds the source's keys.
    ///
    /// - Parameter possession: the Ed25519 key whose secret is in the package too: nobody else can sign with it.
    package static func recoveryHandover(chainID: String, source: Hash32, epoch: UInt64, possession: Hash32) -> [UInt8] {
        text(chainID) + [2] + source.bytes + bigEndian(epoch) + possession.bytes
    }

    /// Signed with the package's own key (`Context.recoveryPossession`) by the replica that it names: it has opened the package.
    package static func possession(chainID: String, _ message: WireAnnounceReplica) -> [UInt8] {
        var message = message
        (message.signature, message.possessionSignature) = (.init(), .init())
        return text(chainID) + message.encoded()
    }

    /// Signed by the replica (`Context.replicaAnnouncement`).
    package static func announcement(chainID: String, _ message: WireAnnounceReplica) -> [UInt8] {
        var message = message
        message.signature = .init()
        return text(chainID) + message.encoded()
    }

    /// Signed by the enclave that asks for keys (`Context.replicaOffer`).
    package static func replicaOffer(_ offer: WireReplicaOffer) -> [UInt8] { offer.encoded() }

    /// Signed by the source (`Context.replicaPart`): this sealed part is for the offer with `nonce`.
    package static func replicaPart(
        chainID: String, source: Hash32, nonce: Hash32, part: WireSealedMessage, version: UInt64, isLast: Bool
    ) -> [UInt8] {
        text(chainID) + source.bytes + nonce.bytes + bigEndian(version) + [isLast ? 1 : 0] + part.encoded()
    }

    /// What a recovery package's vault and shares are bound to.
    package static func recoveryBinding(_ package: WireRecoveryPackage) -> [UInt8] {
        text(package.chainID) + [UInt8](package.vault) + [UInt8](package.enclave) + bigEndian(package.epoch)
            + bigEndian(UInt64(package.threshold))
    }

    /// What the box with a granted record key is bound to.
    package static func recordKeyBinding(
        chainID: String, grant: Hash32, dataset: String, record: Hash32, owner: Address, recipient: Address
    ) -> [UInt8] {
        text(chainID) + grant.bytes + text(dataset) + record.bytes + owner.bytes + recipient.bytes
    }

    /// Signed by the enclave that made the package (`Context.recoveryPackage`).
    package static func recoveryPackage(_ package: WireRecoveryPackage) -> [UInt8] {
        var package = package
        package.signature = .init()
        // A holder seals its share anew to the enclave that recovers; the recovered key itself shows whether it is the same.
        package.shares = []
        return package.encoded()
    }

    /// Signed by the enclave (`Context.keyGrant`): this box holds the record's key for the recipient.
    package static func keyGrant(chainID: String, id: Hash32, keyBox: WireSealedMessage) -> [UInt8] {
        text(chainID) + id.bytes + keyBox.encoded()
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
