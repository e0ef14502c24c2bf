import Attestation
import Primitives
import Testing

/// No committed evidence of SGX or of Azure over TDX is one that the strict policy accepts. These are synthetic: the rules are the same,
/// the keys are not Intel's.
@Suite struct `Synthetic evidence of Intel's kind` {
    private static let mrEnclave = [UInt8](repeating: 0x3e, count: 32)

    @Test func `of SGX is accepted by the strict policy`() throws {
        let vector = try ForgedIntel(.sgx(mrEnclave: Self.mrEnclave)).vector
        let judgement = vector.judge(recording: true)
        let result = try #require(judgement.result, "\(judgement.trail.steps)")
        #expect(judgement.code == "ok" && result.platform == .sgx && result.assurance == .confidential && result.tcbStatus == .upToDate)
        #expect(result.measurement.registers["mrenclave"] == Self.mrEnclave && result.machine?.kind == .ppid)
        var pinned = vector
        pinned.anchors = .pinned
        #expect(pinned.judge().code == "untrusted_root")
    }

    @Test func `of SGX is refused for debug mode, for an old TCB and for another status`() throws {
        #expect(try ForgedIntel(.sgx(mrEnclave: Self.mrEnclave, attributes: 7)).vector.judge().code == "debug_enabled")
        for (status, code) in [("OutOfDate", "tcb_out_of_date"), ("SWHardeningNeeded", "tcb_status_not_allowed")] {
            #expect(try ForgedIntel(.sgx(mrEnclave: Self.mrEnclave), status: status).vector.judge().code == code)
        }
    }

    @Test func `of Azure over TDX is accepted by the strict policy`() throws {
        let judgement = try ForgedIntel.azure().judge(recording: true)
        let result = try #require(judgement.result, "\(judgement.trail.steps)")
        #expect(result.platform == .azureTdx && result.assurance == .confidential && result.tcbStatus == .upToDate)
        #expect(result.measurement.registers["mrtd"] != nil && result.measurement.registers["pcr0"] != nil)
    }
}
