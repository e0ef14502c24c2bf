import Crypto
import FoundationEssentials
import Primitives

/// A quote of Intel SGX or TDX.
package struct IntelEvidence: Sendable {
    package var quote: [UInt8]
    /// `nil` takes the endorsements' one.
    package var collateral: IntelCollateral?
    /// TDX: the firmware's event log, which explains the run-time registers; `nil` when none was sent along.
    package var eventLog: [UInt8]?

    package init(quote: [UInt8], collateral: IntelCollateral? = nil, eventLog: [UInt8]? = nil) {
        (self.quote, self.collateral, self.eventLog) = (quote, collateral, eventLog)
    }

    func appraise(_ context: AppraisalContext, _ trail: inout AppraisalTrail) throws(AttestationError) -> AttestationResult {
        let proof = try vouch(context, &trail)
        try trail.step("report data") { () throws(AttestationError) in
            try context.expectation.check(reportData: proof.quote.reportData)
            return ((), context.expectation.detail)
        }
        try checkEventLog(proof, &trail)
        let measurement = Measurement(platform: proof.quote.isTdx ? .tdx : .sgx, registers: proof.registers)
        try context.check(measurement, &trail)
        guard let verdict = proof.verdict else { throw .bindingOnly }
        return AttestationResult(
            platform: measurement.platform, assurance: .confidential, measurement: measurement, machine: proof.machine,
            product: Hex.encode(proof.pck.fmspc), tcbStatus: verdict.status, advisories: verdict.advisories, expires: verdict.expires)
    }

    /// A log that is sent along must explain the registers it mentions.
    private func checkEventLog(_ proof: Proof, _ trail: inout AppraisalTrail) throws(AttestationError) {
        guard let eventLog else { return }
        guard case .td(let report) = proof.quote.body else { throw .malformed }
        let log = try trail.step("event log") { () throws(AttestationError) in
            let log = try EventLog(eventLog)
            return (log, "events of \(log.registers.count) registers")
        }
        let explains = log.registers.allSatisfy { index, value in report.rtmr(index).elementsEqual(value) }
        try trail.check("event log replay", explains, .measurementMismatch) { "gives the quoted registers" }
    }

    /// What the processor vouches for, before report data and measurement are judged.
    struct Proof {
        let quote: IntelQuoteReader
        let pck: PckCertificate
        /// `nil` without any collateral.
        let verdict: IntelTcbVerdict?

        var machine: MachineIdentity { MachineIdentity(kind: .ppid, bytes: pck.ppid) }

        var registers: [String: [UInt8]] {
            switch quote.body {
            case .sgx(let report): return ["mrenclave": Array(report.mrEnclave), "mrsigner": Array(report.mrSigner)]
            case .td(let report):
                var registers = ["mrtd": Array(report.mrtd)]
                for index in 0..<4 { registers["rtmr\(index)"] = Array(report.rtmr(index)) }
                return registers
            }
        }
    }

    /// The slots of the collateral that the quote's platform takes.
    func slots() throws(AttestationError) -> [String] {
        let quote = try IntelQuoteReader(self.quote)
        let pck = try VendorCertificate(quote.certificates[0])
        let slots = try Self.slots(quote, try PckCertificate(pck), issuer: quote.certificates.count > 1 ? quote.certificates[1] : nil)
        return [IntelSlots.rootList, slots.pckList, slots.tcbInfo, slots.qeIdentity]
    }

    private static func slots(
        _ quote: IntelQuoteReader, _ pck: PckCertificate, issuer: [UInt8]?
    ) throws(AttestationError) -> IntelSlots {
        guard let issuer, let pckList = IntelSlots.pckList(try VendorCertificate(issuer).commonName) else { throw .untrustedRoot }
        return IntelSlots(
            tcbInfo: IntelSlots.tcbInfo(isTdx: quote.isTdx, fmspc: Hex.encode(pck.fmspc)),
            qeIdentity: IntelSlots.qeIdentity(isTdx: quote.isTdx), pckList: pckList)
    }

    /// Form, certificates, revocation, the three signatures from the platform's key to the body, collateral, then the policy about state.
    func vouch(_ context: AppraisalContext, _ trail: inout AppraisalTrail) throws(AttestationError) -> Proof {
        let quote = try trail.step("form") { () throws(AttestationError) in
            let quote = try IntelQuoteReader(self.quote)
            return (quote, "\(quote.isTdx ? "TDX" : "SGX") quote, version \(quote.version)")
        }
        let path = try trail.step("certificates") { () throws(AttestationError) in
            let path = try Self.path(quote, context)
            return (path, path.certificates.map(\.commonName).joined(separator: " ← "))
        }
        let pck = try PckCertificate(path.leaf)
        let slots = try Self.slots(quote, pck, issuer: path.certificates[1].encoded)
        guard let found = self.collateral ?? IntelCollateral(context.endorsements, slots) else {
            guard !context.policy.requireRevocationLists else { throw .endorsementMissing }
            trail.note("collateral", "none given: signatures and binding can be checked, the platform's state cannot")
            try Self.checkSignatures(quote, path.leaf, &trail)
            try Self.checkState(quote, context.policy, &trail)
            return Proof(quote: quote, pck: pck, verdict: nil)
        }
        let lists = try IntelRevocation.check(path, found, context, &trail)
        try Self.checkSignatures(quote, path.leaf, &trail)
        let collateral = try VerifiedCollateral(found, rootList: lists.root, context, &trail)
        try collateral.match(quote, pck, &trail)
        try Self.checkState(quote, context.policy, &trail)
        let expires = min(path.expires, lists.expires, collateral.expires)
        let verdict = try IntelTcbVerdict(quote, pck, collateral, expires: expires)
        try verdict.check(context.policy, collateral, &trail)
        return Proof(quote: quote, pck: pck, verdict: verdict)
    }

    /// PCK ← Platform or Processor CA ← root.
    private static func path(_ quote: IntelQuoteReader, _ context: AppraisalContext) throws(AttestationError) -> CertificatePath {
        let path = try CertificatePath(parsing: quote.certificates, anchors: context.anchors.intel, at: context.time)
        guard path.certificates.count == 3, IntelSlots.pckList(path.certificates[1].commonName) != nil else { throw .untrustedRoot }
        return path
    }

    private static func checkSignatures(
        _ quote: IntelQuoteReader, _ pck: VendorCertificate, _ trail: inout AppraisalTrail
    ) throws(AttestationError) {
        try trail.check(
            "quoting enclave's report", pck.publicKey.verifies(raw: quote.qeSignature, of: quote.qeReport.layout.bytes), .qeReportSignature
        ) { "signed by the PCK" }
        // Quote library API, appendix A.4: the QE vouches for its key by its report data.
        let expected = Array(SHA256.hash(data: Data(quote.attestationKey + quote.qeAuthentication)))
        try trail.check(
            "attestation key", quote.qeReport.reportData.elementsEqual(expected + [UInt8](repeating: 0, count: 32)), .akBinding
        ) { "its hash is in the quoting enclave's report" }
        let key = try? P256.Signing.PublicKey(rawRepresentation: Data(quote.attestationKey))
        let isSigned = key.map { VendorPublicKey.p256($0).verifies(raw: quote.signature, of: quote.signed) } ?? false
        try trail.check("quote signature", isSigned, .quoteSignature) { "ECDSA P-256 by the attestation key" }
    }

    private static func checkState(
        _ quote: IntelQuoteReader, _ policy: AppraisalPolicy, _ trail: inout AppraisalTrail
    ) throws(AttestationError) {
        var isDebug = quote.qeReport.isDebug
        switch quote.body {
        case .sgx(let report): isDebug = isDebug || report.isDebug
        case .td(let report): isDebug = isDebug || report.isUnderDebug
        }
        try trail.check("debug", !isDebug, .debugEnabled) { "off, in the quoting enclave too" }
        guard case .td(let report) = quote.body else { return }
        let isAllowed =
            !report.isMigratable && (policy.allowServiceTd || !report.hasServiceTd)
            && (!policy.requireSeptVeDisable || report.hasSeptVeDisabled)
        try trail.check("TD attributes", isAllowed, .platformPolicy) { "not migratable" }
    }
}
