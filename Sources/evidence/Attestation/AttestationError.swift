import Primitives

/// Why evidence or an endorsement is not accepted (codes 1650–1689).
///
/// `word` is the vocabulary of `jupiter evidence verify` and of the published vectors (docs/spec/attestation.md §3).
package enum AttestationError: UInt32, CodedError, CaseIterable {
    case malformed = 1650
    case unsupportedPlatform = 1651
    case simulatedNotAllowed = 1652
    case wrongBinding = 1653
    case wrongChallenge = 1654
    case staleChallenge = 1655
    case badIdentity = 1656
    case untrustedRoot = 1657
    case chainSignature = 1658
    case certExpired = 1659
    case certRevoked = 1660
    case reportSignature = 1661
    case endorsementMismatch = 1662
    case debugEnabled = 1663
    case quoteSignature = 1664
    case qeReportSignature = 1665
    case akBinding = 1666
    case collateralSignature = 1667
    case collateralExpired = 1668
    case fmspcMismatch = 1669
    case tcbNoMatch = 1670
    case tcbOutOfDate = 1671
    case tcbStatusNotAllowed = 1672
    case coseAlgorithm = 1673
    case coseSignature = 1674
    case keyAttributes = 1675
    case nonceMismatch = 1676
    case pcrDigestMismatch = 1677
    case measurementMismatch = 1678
    case endorsementMissing = 1679
    case platformPolicy = 1680
    case productNotAllowed = 1681
    case softwareTpmNotAllowed = 1682
    case unsupportedEndorsement = 1683
    case chainOnly = 1684
    case bindingOnly = 1685
    case noEvidence = 1686
    case evidenceIncomplete = 1687

    package static let domain = "attestation"

    /// The case's name in snake case: `tcb_out_of_date`.
    package var word: String {
        String(describing: self).reduce(into: "") { word, character in
            if character.isUppercase { word.append("_") }
            word += character.lowercased()
        }
    }

    /// Whether everything at hand was good, but too little was at hand to accept or refuse.
    package var isInconclusive: Bool { [.chainOnly, .bindingOnly, .noEvidence].contains(self) }

    package var reason: String {
        switch self {
        case .malformed: "the bytes are not evidence in its only encoding"
        case .unsupportedPlatform: "no verifier for this platform is built in"
        case .simulatedNotAllowed: "the chain's genesis does not allow simulated enclaves"
        case .wrongBinding: "the report does not bind this chain and these keys"
        case .wrongChallenge: "the evidence answers no block of this chain"
        case .staleChallenge: "the block that the evidence answers is too old"
        case .badIdentity: "the enclave's keys or measurement are malformed"
        case .untrustedRoot: "the certificates lead to no pinned root of the vendor"
        case .chainSignature: "a certificate is not signed by the one above it"
        case .certExpired: "a certificate is not valid at this time"
        case .certRevoked: "a certificate is revoked"
        case .reportSignature: "the report is not signed by the processor's key"
        case .endorsementMismatch: "the endorsements are of another platform than the evidence"
        case .debugEnabled: "the enclave runs in debug mode: its memory is open to the host"
        case .quoteSignature: "the quote is not signed by the attestation key"
        case .qeReportSignature: "the quoting enclave's report is not signed by the platform's key"
        case .akBinding: "nothing vouches for the attestation key"
        case .collateralSignature: "TCB info, identity or revocation list are not signed by the vendor"
        case .collateralExpired: "TCB info, identity or revocation list are not valid at this time"
        case .fmspcMismatch: "the TCB info is of another family of platforms"
        case .tcbNoMatch: "the platform is below every TCB level that the vendor knows"
        case .tcbOutOfDate: "the platform's TCB is out of date"
        case .tcbStatusNotAllowed: "the policy does not allow the platform's TCB status"
        case .coseAlgorithm: "the document is not signed with ES384"
        case .coseSignature: "the document is not signed by its certificate's key"
        case .keyAttributes: "the attestation key is not a restricted signing key of its TPM"
        case .nonceMismatch: "the evidence answers another challenge"
        case .pcrDigestMismatch: "the register values are not those that were quoted"
        case .measurementMismatch: "the measurement is not a reference value"
        case .endorsementMissing: "an endorsement that the policy demands is missing"
        case .platformPolicy: "the platform's settings are refused by the policy"
        case .productNotAllowed: "the policy does not allow this product line"
        case .softwareTpmNotAllowed: "the policy does not allow a software TPM"
        case .unsupportedEndorsement: "no endorsement of this kind is known"
        case .chainOnly: "there is no report: only certificates could be checked, and they are good"
        case .noEvidence: "there is nothing that a platform signed"
        case .evidenceIncomplete: "a part of the evidence that its platform makes is missing"
        case .bindingOnly: "there are no endorsements: signatures and binding are good, the platform's state is unknown"
        }
    }
}
