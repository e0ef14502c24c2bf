import FoundationEssentials
import Primitives
import WireTypes

/// What a chain keeps of an endorsement beside its bytes: the newest of each slot wins.
package struct EndorsementRecord: Sendable, Equatable {
    /// What it is about, such as `intel/tcb-info/tdx/b0c06f000000`.
    package let slot: String
    /// Rises with every issue by the vendor; only a greater one replaces what a slot holds.
    package let number: UInt64
    /// Until when the vendor stands by it, in milliseconds since 1970.
    package let expires: UInt64

    package init(slot: String, number: UInt64, expires: UInt64) { (self.slot, self.number, self.expires) = (slot, number, expires) }
}

/// The endorsements at hand, by slot.
package struct Endorsements: Sendable {
    package var slots: [String: WireEndorsement]

    package init(_ slots: [String: WireEndorsement] = [:]) { self.slots = slots }

    package static let none = Endorsements()

    /// Bytes of an encoded endorsement that are looked at.
    package static let maximumBytes = 288 << 10

    /// Judges an endorsement that anybody submits: signed by the vendor up to a pinned anchor, and valid at `time`.
    ///
    /// - Parameter time: block time, in milliseconds since 1970.
    package static func record(
        of endorsement: WireEndorsement, anchors: TrustAnchors = .pinned, at time: UInt64
    ) throws(AttestationError) -> EndorsementRecord {
        let document = IntelCollateral.Document(endorsement)
        switch endorsement.kind {
        case .intelRootCrl: return try rootList(document, anchors.intel, at: time) { _ in IntelSlots.rootList }
        case .amdCrl: return try rootList(document, anchors.amd, at: time) { AmdSlot.crl($0.commonName) }
        case .intelPckCrl: return try pckList(document, anchors.intel, at: time)
        case .intelTcbInfo:
            return try signed(document, "tcbInfo", anchors, at: time) { (content) throws(AttestationError) in
                let info = try TcbInfo(content)
                return (IntelSlots.tcbInfo(isTdx: info.id == "TDX", fmspc: Hex.encode(info.fmspc)), info.issue)
            }
        case .intelQeIdentity:
            return try signed(document, "enclaveIdentity", anchors, at: time) { (content) throws(AttestationError) in
                let identity = try QeIdentity(content)
                return (IntelSlots.qeIdentity(isTdx: identity.id == "TD_QE"), identity.issue)
            }
        case .unspecified, .UNRECOGNIZED: throw .unsupportedEndorsement
        }
    }

    /// A list by one of the roots themselves; it needs no issuers.
    private static func rootList(
        _ document: IntelCollateral.Document, _ anchors: [[UInt8]], at time: UInt64, slot: (VendorCertificate) -> String
    ) throws(AttestationError) -> EndorsementRecord {
        guard document.issuers.isEmpty else { throw .malformed }
        let list = try RevocationList(document.body)
        for anchor in anchors {
            let root = try VendorCertificate(anchor)
            guard root.subject == list.issuer else { continue }
            try list.verify(issuer: root, at: time)
            return EndorsementRecord(slot: slot(root), number: list.thisUpdate / 1000, expires: list.nextUpdate)
        }
        throw .untrustedRoot
    }

    private static func pckList(
        _ document: IntelCollateral.Document, _ anchors: [[UInt8]], at time: UInt64
    ) throws(AttestationError) -> EndorsementRecord {
        let issuer = try CertificatePath(parsing: document.issuers, anchors: anchors, at: time)
        guard let slot = IntelSlots.pckList(issuer.leaf.commonName) else { throw .untrustedRoot }
        let list = try RevocationList(document.body)
        try list.verify(issuer: issuer.leaf, at: time)
        return EndorsementRecord(slot: slot, number: list.thisUpdate / 1000, expires: min(list.nextUpdate, issuer.expires))
    }

    private static func signed(
        _ document: IntelCollateral.Document, _ member: String, _ anchors: TrustAnchors, at time: UInt64,
        read: (JsonValue) throws(AttestationError) -> (String, IntelIssue)
    ) throws(AttestationError) -> EndorsementRecord {
        let (content, ends) = try VerifiedCollateral.read(document, member, nil, anchors, at: time)
        let (slot, issue) = try read(content)
        try issue.check(at: time)
        return EndorsementRecord(slot: slot, number: issue.number, expires: min(issue.nextUpdate, ends))
    }
}
