import Primitives

/// The two revocation lists that every quote is checked against.
struct IntelRevocation {
    let root: RevocationList
    /// Milliseconds since 1970.
    let expires: UInt64

    /// Checks both lists, then the certificates of `path` against the list of whoever issued them.
    static func check(
        _ path: CertificatePath, _ collateral: IntelCollateral, _ context: AppraisalContext, _ trail: inout AppraisalTrail
    ) throws(AttestationError) -> IntelRevocation {
        try trail.step("revocation") { () throws(AttestationError) in
            let root = try RevocationList(collateral.rootList)
            try root.verify(issuer: path.root, at: context.time)
            let list = try RevocationList(collateral.pckList.body)
            let issuer = try CertificatePath(parsing: collateral.pckList.issuers, anchors: context.anchors.intel, at: context.time)
            // The lists' CA and the certificate's are one key, whichever certificate of it each side shows.
            guard issuer.leaf.subject == path.certificates[1].subject, issuer.leaf.publicKeyInfo == path.certificates[1].publicKeyInfo
            else {
                throw .endorsementMismatch
            }
            try list.verify(issuer: issuer.leaf, at: context.time)
            guard !list.revokes(path.leaf), !root.revokes(path.certificates[1]), !root.revokes(issuer.leaf) else { throw .certRevoked }
            let expires = min(root.nextUpdate, list.nextUpdate, issuer.expires)
            return (IntelRevocation(root: root, expires: expires), "lists of the root and of \(issuer.leaf.commonName)")
        }
    }
}

/// TCB info and identity whose signatures, validity and signer were checked.
struct VerifiedCollateral {
    let tcbInfo: TcbInfo
    let qeIdentity: QeIdentity
    /// Milliseconds since 1970.
    let expires: UInt64

    init(
        _ collateral: IntelCollateral, rootList: RevocationList, _ context: AppraisalContext, _ trail: inout AppraisalTrail
    ) throws(AttestationError) {
        (tcbInfo, qeIdentity, expires) = try trail.step("collateral") { () throws(AttestationError) in
            let (info, infoEnds) = try Self.read(collateral.tcbInfo, "tcbInfo", rootList, context.anchors, at: context.time)
            let (identity, identityEnds) = try Self.read(
                collateral.qeIdentity, "enclaveIdentity", rootList, context.anchors, at: context.time)
            let (tcbInfo, qeIdentity) = (try TcbInfo(info), try QeIdentity(identity))
            try tcbInfo.issue.check(at: context.time)
            try qeIdentity.issue.check(at: context.time)
            let expires = min(infoEnds, identityEnds, tcbInfo.issue.nextUpdate, qeIdentity.issue.nextUpdate)
            return ((tcbInfo, qeIdentity, expires), "TCB info and identity of evaluation \(tcbInfo.issue.evaluation), signed by Intel")
        }
    }

    /// The signed object of `document`, and when its certificates end.
    static func read(
        _ document: IntelCollateral.Document, _ member: String, _ rootList: RevocationList?, _ anchors: TrustAnchors, at time: UInt64
    ) throws(AttestationError) -> (JsonValue, UInt64) {
        let path = try CertificatePath(parsing: document.issuers, anchors: anchors.intel, at: time)
        guard path.certificates.count == 2, path.leaf.commonName == "Intel SGX TCB Signing" else { throw .untrustedRoot }
        guard rootList.map({ !$0.revokes(path.leaf) }) ?? true else { throw .certRevoked }
        let signed = try IntelSignedJson(document.body, member: member)
        try signed.verify(path.leaf)
        return (signed.content, path.expires)
    }

    /// The collateral is of this platform and of this quoting enclave.
    func match(_ quote: IntelQuoteReader, _ pck: PckCertificate, _ trail: inout AppraisalTrail) throws(AttestationError) {
        try trail.check("kind of collateral", tcbInfo.id == (quote.isTdx ? "TDX" : "SGX"), .endorsementMismatch) { tcbInfo.id }
        try trail.check("platform family", tcbInfo.fmspc == pck.fmspc && tcbInfo.pceID == pck.pceID, .fmspcMismatch) {
            "FMSPC \(Hex.encode(pck.fmspc)), PCE \(Hex.encode(pck.pceID))"
        }
        let isCovered = qeIdentity.id == (quote.isTdx ? "TD_QE" : "QE") && qeIdentity.covers(quote.qeReport)
        try trail.check("quoting enclave", isCovered, .endorsementMismatch) { "is Intel's \(qeIdentity.id)" }
        guard case .td(let report) = quote.body else { return }
        let svn = Array(report.teeTcbSvn)
        let module = svn[1] == 0 ? tcbInfo.module : tcbInfo.modules[IntelTcbVerdict.moduleName(svn[1])]
        guard let module else { throw .tcbNoMatch }
        try trail.check("TDX module", module.covers(report), .endorsementMismatch) { "is Intel's" }
    }
}
