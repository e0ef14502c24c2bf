/// What a hash, signature or sealed message is for. Every use has its own, registered here, so that none can stand in for another.
///
/// The text is part of the protocol and is fed, length-prefixed, before the data (docs/spec/encodings.md).
package enum Context: String, CaseIterable, Sendable {
    // Hashes
    case address = "jupiter/address/v1"
    case transactionIdentifier = "jupiter/transaction-id/v1"
    case messageIdentifier = "jupiter/message-id/v1"
    case headerHash = "jupiter/header/v1"
    case genesisHash = "jupiter/genesis/v1"
    case validatorSetHash = "jupiter/validator-set/v1"
    case merkleLeaf = "jupiter/merkle-leaf/v1"
    case merkleNode = "jupiter/merkle-node/v1"
    case sidecar = "jupiter/sidecar/v1"
    case schema = "jupiter/schema/v1"
    case subjectKeyCommitment = "jupiter/subject-key-commitment/v1"
    case enclaveIdentifier = "jupiter/enclave-id/v1"
    case grantList = "jupiter/grant-list/v1"
    case recipientKey = "jupiter/recipient-key/v1"
    case vaultRoot = "jupiter/vault-root/v1"
    case punctureLog = "jupiter/puncture-log/v1"
    case reportData = "jupiter/attestation-binding/v1"
    case measurement = "jupiter/measurement/v1"
    case launchMeasurement = "jupiter/launch-measurement/v1"
    case attestationKeyLabel = "jupiter/attestation-key-label/v1"
    case evidence = "jupiter/evidence/v1"
    case confirmedOutput = "jupiter/confirmed-output/v1"
    case confirmationTerms = "jupiter/confirmation-terms/v1"
    case logFrame = "jupiter/log-frame/v1"
    case logIdentity = "jupiter/log-identity/v1"
    case cometCommitment = "jupiter/comet-commitment/v1"
    case recoveryPlan = "jupiter/recovery-plan/v1"
    case recoveryPackageHash = "jupiter/recovery-package/v1"

    // Signatures
    case transaction = "jupiter/sign/transaction/v1"
    case vote = "jupiter/sign/vote/v1"
    case validatorPossession = "jupiter/sign/validator-possession/v1"
    case rejoin = "jupiter/sign/rejoin/v1"
    case enrolment = "jupiter/sign/enrolment/v1"
    case enrolmentReceipt = "jupiter/sign/enrolment-receipt/v1"
    case vaultAnchor = "jupiter/sign/vault-anchor/v1"
    case erasureAcknowledgement = "jupiter/sign/erasure-acknowledgement/v1"
    case jobCommitment = "jupiter/sign/job-commitment/v1"
    case jobOpening = "jupiter/sign/job-opening/v1"
    case jobRefusal = "jupiter/sign/job-refusal/v1"
    case jobConfirmation = "jupiter/sign/job-confirmation/v1"
    case result = "jupiter/sign/result/v1"
    case sessionKey = "jupiter/sign/session-key/v1"
    case replicaOffer = "jupiter/sign/replica-offer/v1"
    case replicaPart = "jupiter/sign/replica-part/v1"
    case replicaHandover = "jupiter/sign/replica-handover/v1"
    case replicaAnnouncement = "jupiter/sign/replica-announcement/v1"
    case recoveryPackage = "jupiter/sign/recovery-package/v1"
    case recoveryApproval = "jupiter/sign/recovery-approval/v1"
    case recoveryPossession = "jupiter/sign/recovery-possession/v1"
    case planApproval = "jupiter/sign/plan-approval/v1"
    case referenceApproval = "jupiter/sign/reference-approval/v1"
    case keyGrant = "jupiter/sign/key-grant/v1"

    // Key derivation, sealing and authenticated encryption
    case recordKeyTree = "jupiter/derive/record-key-tree/v1"
    case resultKey = "jupiter/derive/result-key/v1"
    case resultSecret = "jupiter/derive/result-secret/v1"
    case platformSealing = "jupiter/derive/platform-sealing/v1"
    case confirmationSalt = "jupiter/derive/confirmation-salt/v1"
    case confirmationKey = "jupiter/derive/confirmation-key/v1"
    case vaultEntry = "jupiter/seal/vault-entry/v1"
    case storageKey = "jupiter/seal/storage-key/v1"
    case record = "jupiter/seal/record/v1"
    case sealedResult = "jupiter/seal/result/v1"
    case keyBox = "jupiter/seal/key-box/v1"
    case confirmationBox = "jupiter/seal/confirmation/v1"
    case confirmationSecret = "jupiter/seal/confirmation-secret/v1"
    case enrolmentBox = "jupiter/seal/enrolment/v1"
    case replicaBox = "jupiter/seal/replica/v1"
    case recoveryVault = "jupiter/seal/recovery-vault/v1"
    case recoveryShare = "jupiter/seal/recovery-share/v1"
    case recordKeyBox = "jupiter/seal/record-key/v1"
    case keyFile = "jupiter/seal/key-file/v1"
    case wallet = "jupiter/derive/wallet/v1"
    case walletFile = "jupiter/seal/wallet-file/v1"

    /// Calls `body` with the text, whose length goes before it.
    func withPrefix(_ body: (UnsafeRawBufferPointer) -> Void) {
        var text = rawValue
        text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    /// One length byte and the text.
    package var prefix: [UInt8] {
        let text = Array(rawValue.utf8)
        return [UInt8(text.count)] + text
    }

    /// The prefix followed by `bytes`: what is signed.
    package func bind(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var bound = prefix
        bound.reserveCapacity(bound.count + bytes.count)
        bound.append(contentsOf: bytes)
        return bound
    }
}
