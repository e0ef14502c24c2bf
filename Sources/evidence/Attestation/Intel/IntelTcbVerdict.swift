/// Intel's verdict about a platform: the worst of processor, TDX module and quoting enclave (DCAP quote verification library).
package struct IntelTcbVerdict {
    let status: TcbStatus
    /// Sorted.
    let advisories: [String]
    /// Milliseconds since 1970.
    let expires: UInt64

    /// - Throws: `tcbNoMatch` when the platform is below every level.
    init(_ quote: IntelQuoteReader, _ pck: PckCertificate, _ collateral: VerifiedCollateral, expires: UInt64) throws(AttestationError) {
        var svn: [UInt8]?
        var parts: [QeIdentity.Level] = []
        if case .td(let report) = quote.body {
            let versions = Array(report.teeTcbSvn)
            svn = versions
            if versions[1] != 0 {
                guard let module = collateral.tcbInfo.modules[Self.moduleName(versions[1])],
                    let level = module.levels.reached(by: UInt16(versions[0]))
                else { throw .tcbNoMatch }
                parts.append(level)
            }
        }
        guard let platform = collateral.tcbInfo.level(pck, tdx: svn),
            let enclave = collateral.qeIdentity.levels.reached(by: quote.qeReport.securityVersion)
        else { throw .tcbNoMatch }
        parts.append(enclave)
        status = parts.reduce(platform.status) { Self.converge($0, $1.status) }
        advisories = Set(platform.advisories + parts.flatMap(\.advisories)).sorted()
        self.expires = expires
    }

    /// The name of a TDX module's identity by its major version: `TDX_01`.
    package static func moduleName(_ major: UInt8) -> String {
        let digits = String(major, radix: 16, uppercase: true)
        return "TDX_" + (digits.count < 2 ? "0" : "") + digits
    }

    /// The status of a platform with a part (module, quoting enclave) of another status: whatever is wanting in one of them is in both.
    package static func converge(_ platform: TcbStatus, _ part: TcbStatus) -> TcbStatus {
        let both = [platform, part]
        let isOld = both.contains { $0 == .outOfDate || $0 == .outOfDateConfigurationNeeded }
        let isMisconfigured = both.contains {
            [.configurationNeeded, .configurationAndSWHardeningNeeded, .outOfDateConfigurationNeeded].contains($0)
        }
        let isSoft = both.contains { $0 == .swHardeningNeeded || $0 == .configurationAndSWHardeningNeeded }
        return switch (isOld, isMisconfigured, isSoft) {
        case _ where both.contains(.revoked): .revoked
        case (true, true, _): .outOfDateConfigurationNeeded
        case (true, false, _): .outOfDate
        case (false, true, true): .configurationAndSWHardeningNeeded
        case (false, true, false): .configurationNeeded
        case (false, false, true): .swHardeningNeeded
        case (false, false, false): .upToDate
        }
    }

    func check(_ policy: AppraisalPolicy, _ collateral: VerifiedCollateral, _ trail: inout AppraisalTrail) throws(AttestationError) {
        let isOld = status == .outOfDate || status == .outOfDateConfigurationNeeded
        try trail.check("TCB status", policy.tcbStatuses.contains(status), isOld ? .tcbOutOfDate : .tcbStatusNotAllowed) {
            "\(status.rawValue)\(advisories.isEmpty ? "" : ", advisories \(advisories.joined(separator: ", "))")"
        }
        let least = min(collateral.tcbInfo.issue.evaluation, collateral.qeIdentity.issue.evaluation)
        let isAllowed = policy.refusedAdvisories.isDisjoint(with: advisories) && least >= policy.minimumTcbEvaluation
        try trail.check("TCB policy", isAllowed, .tcbStatusNotAllowed) { "no refused advisory, evaluation \(least)" }
    }
}
