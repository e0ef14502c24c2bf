import FoundationEssentials
import Primitives
import WireTypes

/// A SEV-SNP report with the certificates of the key that signed it.
package struct SnpEvidence: Sendable {
    /// 1184 bytes; `nil` when only certificates are at hand.
    package var report: [UInt8]?
    /// DER of the VCEK or VLEK; `nil` when only a report is at hand.
    package var endorsementKey: [UInt8]?
    /// DER from the ASK or ASVK upward; the root may be left out.
    package var issuers: [[UInt8]]
    /// DER of the ARK's revocation list; `nil` takes the endorsements' one.
    package var revocationList: [UInt8]?

    package init(report: [UInt8]?, endorsementKey: [UInt8]?, issuers: [[UInt8]], revocationList: [UInt8]? = nil) {
        (self.report, self.endorsementKey, self.issuers, self.revocationList) = (report, endorsementKey, issuers, revocationList)
    }

    func appraise(_ context: AppraisalContext, _ trail: inout AppraisalTrail) throws(AttestationError) -> AttestationResult {
        let proof = try vouch(context, &trail)
        try trail.step("report data") { () throws(AttestationError) in
            try context.expectation.check(reportData: proof.report.reportData)
            return ((), context.expectation.detail)
        }
        let measurement = Measurement(platform: .sevSnp, registers: proof.registers)
        try context.check(measurement, &trail)
        return AttestationResult(
            platform: .sevSnp, assurance: .confidential, measurement: measurement, machine: proof.machine, product: proof.product.rawValue,
            expires: proof.expires)
    }

    /// What the processor vouches for, before report data and measurement are judged.
    struct Proof {
        let report: SnpReport
        let product: AmdProduct
        let expires: UInt64

        var registers: [String: [UInt8]] { ["measurement": Array(report.measurement)] }
        var machine: MachineIdentity? {
            report.chipID.allSatisfy { $0 == 0 } ? nil : MachineIdentity(kind: .chip, bytes: Array(report.chipID))
        }
    }

    /// Form, certificates, revocation, signature, endorsement, then the policy about state.
    func vouch(_ context: AppraisalContext, _ trail: inout AppraisalTrail) throws(AttestationError) -> Proof {
        let parsed = try trail.step("form") { () throws(AttestationError) in
            guard let report else { return (SnpReport?.none, "certificates only") }
            let parsed = try SnpReport(report)
            return (parsed, "SEV-SNP report, version \(parsed.version), signed by the \(parsed.signer == .vcek ? "VCEK" : "VLEK")")
        }
        if endorsementKey == nil { trail.note("missing", "the certificate of the key that signed the report") }
        let path = try trail.step("certificates") { () throws(AttestationError) in
            let path = try certificates(context)
            return (path, path.certificates.map(\.commonName).joined(separator: " ← "))
        }
        let listEnds = try revocation(of: path, context, &trail)
        guard let product = AmdProduct.allCases.first(where: { path.root.commonName == "ARK-\($0.rawValue)" }) else {
            throw .untrustedRoot
        }
        let key = try AmdEndorsementKey(path.leaf)
        guard let parsed else { throw .chainOnly }
        try trail.check("report signature", path.leaf.publicKey.verifies(raw: parsed.signature, of: parsed.signed), .reportSignature) {
            "ECDSA P-384 by the endorsement key"
        }
        try trail.step("endorsement") { () throws(AttestationError) in
            try match(parsed, key, product)
            return ((), "product line \(product.rawValue), reported TCB and chip are those of the certificate")
        }
        try judge(parsed, product, context.policy, &trail)
        return Proof(report: parsed, product: product, expires: min(path.expires, listEnds ?? .max))
    }

    private func certificates(_ context: AppraisalContext) throws(AttestationError) -> CertificatePath {
        guard let endorsementKey else { throw .endorsementMissing }
        let path = try CertificatePath(parsing: [endorsementKey] + issuers, anchors: context.anchors.amd, at: context.time)
        // VCEK ← ASK or VLEK ← ASVK, ← ARK: AMD signs nothing of another depth.
        guard path.certificates.count == 3 else { throw .untrustedRoot }
        return path
    }

    /// - Returns: when the list ends, if there is one.
    private func revocation(
        of path: CertificatePath, _ context: AppraisalContext, _ trail: inout AppraisalTrail
    ) throws(AttestationError) -> UInt64? {
        let slot = AmdSlot.crl(path.root.commonName)
        guard let bytes = revocationList ?? context.endorsements.slots[slot].map({ [UInt8]($0.body) }) else {
            guard !context.policy.requireRevocationLists else { throw .endorsementMissing }
            trail.note("revocation", "no list of the ARK given")
            return nil
        }
        return try trail.step("revocation") { () throws(AttestationError) in
            let list = try RevocationList(bytes)
            try list.verify(issuer: path.root, at: context.time)
            // The list is the root's: it names certificates that the root issued.
            guard !path.certificates.contains(where: { $0.issuer == list.issuer && list.revokes($0) }) else { throw .certRevoked }
            return (list.nextUpdate, "list of \(path.root.commonName) with \(list.serials.count) entries")
        }
    }

    /// The certificate is of this report's chip, product line and TCB.
    private func match(_ report: SnpReport, _ key: AmdEndorsementKey, _ product: AmdProduct) throws(AttestationError) {
        guard try report.product().map({ $0 == product }) ?? (product != .turin), key.productName.hasPrefix(product.rawValue),
            key.tcb == report.reportedTcb(product)
        else { throw .endorsementMismatch }
        switch report.signer {
        case .vcek:
            guard let hardware = key.hardwareID, hardware.count == (product == .turin ? 8 : 64), report.chipID.starts(with: hardware),
                report.chipID.dropFirst(hardware.count).allSatisfy({ $0 == 0 })
            else { throw .endorsementMismatch }
        case .vlek:
            guard key.providerID != nil else { throw .endorsementMismatch }
        }
    }

    private func judge(
        _ report: SnpReport, _ product: AmdProduct, _ policy: AppraisalPolicy, _ trail: inout AppraisalTrail
    ) throws(AttestationError) {
        try trail.check("debug", !report.isDebug, .debugEnabled) { "off" }
        let hasSafeSettings =
            !report.mayMigrate && report.vmpl <= policy.maximumVmpl && (!policy.requireAliasCheck || report.hasAliasCheck)
        try trail.check("guest policy", hasSafeSettings, .platformPolicy) { "no migration agent, VMPL \(report.vmpl)" }
        try trail.check("product line", policy.amdProducts.contains(product), .productNotAllowed) { "\(product.rawValue) is allowed" }
        let (reported, committed) = (report.reportedTcb(product), report.committedTcb(product))
        try trail.check(
            "TCB order", committed.reaches(reported) && report.currentTcb(product).reaches(committed), .tcbStatusNotAllowed
        ) { "reported ≤ committed ≤ current" }
        let states = [reported, committed, report.launchTcb(product)]
        if policy.requireGenuineMicrocode {
            let least = MicrocodeLoader.leastGenuine(report, product)
            try trail.check("microcode loader", states.allSatisfy { $0.microcode >= least }, .tcbOutOfDate) {
                "takes AMD's patches only, since \(least)"
            }
        }
        guard let floor = policy.amdFloors[product] else { return trail.note("TCB floor", "none set for \(product.rawValue)") }
        try trail.check("TCB floor", states.allSatisfy { $0.reaches(floor) }, .tcbOutOfDate) {
            "reported, committed and launch TCB reach it"
        }
    }
}
