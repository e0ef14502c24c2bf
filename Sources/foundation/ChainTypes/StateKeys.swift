import Cryptography
import Primitives

/// The raw keys of the authenticated state, one family a module: shared by the rules, the clients and the enclave.
///
/// A key is an ASCII family, a slash, and fixed-length or length-prefixed parts, so no two families overlap and a family
/// lists in the order of its parts (docs/spec/state-keys.md).
package enum StateKey {
    package static func account(_ address: Address) -> [UInt8] { family("accounts") + address.bytes }
    package static let supply = family("assets") + Array("supply".utf8)
    package static let feesCollected = family("assets") + Array("fees".utf8)
    package static let escrowTotal = family("assets") + Array("escrow".utf8)

    package static func dataset(_ name: String) -> [UInt8] { family("registry") + text(name) }

    package static func enclave(_ id: Hash32) -> [UInt8] { family("enclaves") + id.bytes }
    /// - Parameters:
    ///   - enclave: the vault: the enclave that first held its keys.
    ///   - epoch: which of the subject's keys for the dataset, from 0.
    package static func subjectKey(_ subject: Address, dataset: String, enclave: Hash32, epoch: UInt32 = 0) -> [UInt8] {
        subjectKeys(of: subject, dataset: dataset) + enclave.bytes + bigEndian(UInt64(epoch))
    }
    package static func subjectKeys(of subject: Address, dataset: String) -> [UInt8] {
        family("keys") + subject.bytes + text(dataset)
    }

    /// The present plan; and each there ever was, with the count of the puncture log at its end.
    package static let recoveryPlan = family("recovery") + Array("plan".utf8)
    package static func recoveryPlan(version: UInt32) -> [UInt8] { family("plans") + bigEndian(UInt64(version)) }
    package static func recoveryPlanEnd(version: UInt32) -> [UInt8] { family("planends") + bigEndian(UInt64(version)) }
    /// Packages of older recovery epochs of the vault are not taken.
    package static func vaultEpoch(_ vault: Hash32) -> [UInt8] { family("vaultepochs") + vault.bytes }
    /// Whether the account keeps shares, or did.
    package static func recoveryHolder(_ account: Address) -> [UInt8] { family("holders") + account.bytes }
    /// What a holder attested to have destroyed of a vault.
    package static func shareDestruction(_ vault: Hash32, account: Address) -> [UInt8] {
        family("destructions") + vault.bytes + account.bytes
    }
    package static func keyGrant(_ id: Hash32) -> [UInt8] { family("keygrants") + id.bytes }
    /// The ids of the subject's key grants, in order.
    package static func keyGrants(of subject: Address) -> [UInt8] { family("granted") + subject.bytes }
    package static let attestationRules = family("admission") + Array("rules".utf8)
    /// The enclaves that may be active.
    package static let admittedEnclaves = family("admission") + Array("enclaves".utf8)
    package static let endorsementCount = family("admission") + Array("endorsements".utf8)
    /// What the vendor of a platform signed; at most 255 bytes of slot.
    package static func endorsement(_ slot: String) -> [UInt8] { family("endorsements") + text(slot) }
    /// A build of the enclave, by platform and measurement; at most 255 bytes of platform.
    package static func referenceValue(_ platform: String, measurement: Hash32) -> [UInt8] {
        family("references") + text(platform) + measurement.bytes
    }
    /// What a subject has: its datasets, last records and keys.
    package static func holdings(_ subject: Address) -> [UInt8] { family("holdings") + subject.bytes }

    /// The end of the puncture log, and its entry number `sequence`, from 1.
    package static let punctureLog = family("punctures") + Array("head".utf8)
    package static func puncture(_ sequence: UInt64) -> [UInt8] { family("punctures") + bigEndian(sequence) }
    package static func punctureHash(_ sequence: UInt64) -> [UInt8] { family("puncturehashes") + bigEndian(sequence) }
    package static func erasure(_ id: Hash32) -> [UInt8] { family("erasures") + id.bytes }
    /// Lists a subject's erasures, oldest first; the value is the id.
    package static func erasures(of subject: Address, sequence: UInt64) -> [UInt8] { erasures(of: subject) + bigEndian(sequence) }
    package static func erasures(of subject: Address) -> [UInt8] { family("erased") + subject.bytes }
    /// Whoever had everything erased; the value is the erasure's entry of the puncture log.
    package static func erasedSubject(_ subject: Address) -> [UInt8] { family("erasedsubjects") + subject.bytes }
    /// An enclave's newest acknowledgement, and the entry of the log that it was suspended for.
    package static func acknowledgement(_ enclave: Hash32) -> [UInt8] { family("acknowledgements") + enclave.bytes }
    package static func suspendedFor(_ enclave: Hash32) -> [UInt8] { family("suspendedfor") + enclave.bytes }
    /// The replicas of a vault.
    package static func vaultMembers(_ vault: Hash32) -> [UInt8] { family("members") + vault.bytes }
    /// Erasures whose ciphertexts are being let go of: a queue from the first that is not done to behind the last.
    package static func sweep(_ position: UInt64) -> [UInt8] { family("sweeps") + bigEndian(position) }
    package static let sweepStart = family("erasure") + Array("sweep-start".utf8)
    package static let sweepEnd = family("erasure") + Array("sweep-end".utf8)
    /// Every certificate up to here is complete, and the one to look at next.
    package static let settledErasures = family("erasure") + Array("settled".utf8)
    package static let nextErasure = family("erasure") + Array("next".utf8)

    package static func record(_ owner: Address, dataset: String, record: Hash32) -> [UInt8] {
        records(of: owner, dataset: dataset) + record.bytes
    }
    /// How many entries of the state name a sidecar.
    package static func sidecar(_ commitment: Hash32) -> [UInt8] { family("sidecars") + commitment.bytes }
    package static func records(of owner: Address, dataset: String) -> [UInt8] { records(of: owner) + text(dataset) }
    package static func records(of owner: Address) -> [UInt8] { family("records") + owner.bytes }

    package static func consent(_ subject: Address, grant: Hash32) -> [UInt8] { consents(of: subject) + grant.bytes }
    package static func consents(of subject: Address) -> [UInt8] { family("consents") + subject.bytes }
    /// From the grant's identifier alone to its subject.
    package static func grantSubject(_ grant: Hash32) -> [UInt8] { family("grants") + grant.bytes }
    /// Lists the grants that one recipient has for one dataset.
    package static func received(_ recipient: Address, dataset: String, grant: Hash32) -> [UInt8] {
        received(by: recipient, dataset: dataset) + grant.bytes
    }
    package static func received(by recipient: Address, dataset: String) -> [UInt8] {
        family("received") + recipient.bytes + text(dataset)
    }

    package static func program(_ codeHash: Hash32) -> [UInt8] { family("programs") + codeHash.bytes }
    package static func assessment(_ id: Hash32) -> [UInt8] { family("assessments") + id.bytes }
    package static func subscription(_ id: Hash32) -> [UInt8] { family("subscriptions") + id.bytes }
    /// How many jobs are refunded at one second since 1970, and the job at each position.
    package static func due(_ second: UInt64) -> [UInt8] { family("due") + bigEndian(second) }
    package static func due(_ second: UInt64, position: UInt64) -> [UInt8] { due(second) + bigEndian(position) }
    package static let sweptUntil = family("sweep") + Array("until".utf8)

    /// The hash of a recent block; the slots are used in turn.
    package static func recentBlock(_ slot: UInt64) -> [UInt8] { family("blocks") + bigEndian(slot) }

    package static func locality(_ chainID: String) -> [UInt8] { family("localities") + text(chainID) }
    package static func checkpoint(_ chainID: String, height: UInt64) -> [UInt8] {
        family("checkpoints") + text(chainID) + bigEndian(height)
    }

    package static func validator(_ key: Hash32) -> [UInt8] { family("validators") + key.bytes }
    package static let validatorList = family("trust") + Array("validators".utf8)
    package static let epoch = family("trust") + Array("epoch".utf8)
    /// Who votes in an epoch; kept while its offences can be proven.
    package static func validatorSet(_ epoch: UInt64) -> [UInt8] { family("sets") + bigEndian(epoch) }
    package static func leaderService(_ validator: Hash32) -> [UInt8] { family("service") + validator.bytes }
    /// From the identifier of a node to the key of its validator.
    package static func node(_ id: Hash32) -> [UInt8] { family("nodes") + id.bytes }

    package static func proposal(_ id: Hash32) -> [UInt8] { family("proposals") + id.bytes }
    package static let openProposals = family("governance") + Array("open".utf8)
    package static let parameters = family("governance") + Array("parameters".utf8)

    /// All keys of a family begin so.
    package static func family(_ name: String) -> [UInt8] { Array(name.utf8) + [UInt8(ascii: "/")] }

    private static func text(_ name: String) -> [UInt8] {
        let bytes = Array(name.utf8)
        precondition(bytes.count <= 255, "names are bounded where they are decoded")
        return [UInt8(bytes.count)] + bytes
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}
