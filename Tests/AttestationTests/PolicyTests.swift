import Attestation
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `The appraisal policy` {
    func code(_ id: String, _ change: (inout EvidenceVector) -> Void) throws -> String {
        var vector = try VectorSet.committed().vector(id)
        change(&vector)
        return vector.judge().code
    }

    @Test func `of a chain refuses Milan, lower privileges, missing lists and unknown measurements by default`() throws {
        let chain = AppraisalPolicy(allowSimulated: true)
        #expect(!chain.amdProducts.contains(.milan) && chain.maximumVmpl == 0)
        #expect(chain.requireRevocationLists && chain.requireReferenceValues && !chain.allowSoftwareTpm)
        #expect(chain.tcbStatuses == [.upToDate] && chain.requireGenuineMicrocode)
        #expect(try code("snp-synth-good") { $0.policy.amdProducts = chain.amdProducts } == "product_not_allowed")
        #expect(try code("snp-milan-v3-vlek-aws") { $0.policy.maximumVmpl = 0 } == "platform_policy")
        #expect(try code("snp-genoa-v5") { $0.policy.requireRevocationLists = true } == "endorsement_missing")
        #expect(try code("snp-genoa-v5") { $0.policy.requireReferenceValues = true } == "measurement_mismatch")
        #expect(try code("tpm-ecc-good") { $0.policy.allowSoftwareTpm = false } == "software_tpm_not_allowed")
    }

    @Test func `sets floors under AMD's TCB, part by part`() throws {
        func floor(_ change: (inout AmdTcb) -> Void) throws -> String {
            // The report's own: 0a00000000001b1b, bootloader first.
            var floor = AmdTcb(bootloader: 0x0a, tee: 0, snp: 0x1b, microcode: 0x1b)
            change(&floor)
            return try code("snp-genoa-v5") { $0.policy.amdFloors[.genoa] = floor }
        }
        #expect(try floor { _ in } == "ok")
        #expect(try floor { $0.bootloader += 1 } == "tcb_out_of_date")
        #expect(try floor { $0.tee += 1 } == "tcb_out_of_date")
        #expect(try floor { $0.snp += 1 } == "tcb_out_of_date")
        #expect(try floor { $0.microcode += 1 } == "tcb_out_of_date")
        #expect(try floor { $0.fmc += 1 } == "tcb_out_of_date")
        #expect(try code("snp-genoa-v5") { $0.policy.amdFloors[.milan] = AmdTcb(bootloader: 99, tee: 0, snp: 0, microcode: 0) } == "ok")
    }

    @Test func `decides about Intel's statuses, advisories and evaluation numbers`() throws {
        let allowed: (inout EvidenceVector) -> Void = { $0.policy.tcbStatuses.insert(.configurationAndSWHardeningNeeded) }
        #expect(try code("sgx-v3-conf-swhardening", allowed) == "ok")
        #expect(
            try code("sgx-v3-conf-swhardening") {
                allowed(&$0)
                $0.policy.refusedAdvisories = ["INTEL-SA-00615"]
            } == "tcb_status_not_allowed")
        #expect(try code("tdx-v4-uptodate") { $0.policy.minimumTcbEvaluation = 17 } == "ok")
        #expect(try code("tdx-v4-uptodate") { $0.policy.minimumTcbEvaluation = 18 } == "tcb_status_not_allowed")
        #expect(try code("tdx-v4-uptodate") { $0.policy.requireSeptVeDisable = true } == "ok")
        // Debug has no switch.
        #expect(try code("sgx-v3-debug") { $0.policy.tcbStatuses = Set(TcbStatus.allCases) } == "debug_enabled")
    }

    @Test func `compares every register that a reference value names`() throws {
        let set = try VectorSet.committed()
        for id in ["tdx-v4-uptodate", "snp-genoa-v5", "nitro-good-nonce", "tpm-ecc-good", "az-snp-milan"] {
            let vector = try set.vector(id)
            let measured = try #require(vector.judge().result).measurement
            #expect(try code(id) { $0.registers = measured.registers } == "ok")
            for (name, value) in measured.registers where !["pcr3", "pcr4"].contains(name) {
                var other = measured.registers
                other[name] = [value[0] ^ 1] + value.dropFirst()
                #expect(try code(id) { $0.registers = other } == "measurement_mismatch", "\(id) \(name)")
            }
            #expect(try code(id) { $0.registers["pcr31x"] = [1] } == "measurement_mismatch")
        }
    }

    @Test func `asks every platform for what was asked of it`() throws {
        let set = try VectorSet.committed()
        for id in ["tdx-v4-uptodate", "snp-genoa-v5", "nitro-good-nonce", "tpm-ecc-good", "az-snp-milan", "az-tdx"] {
            #expect(try code(id) { $0.nonce = [1, 2, 3] } == "nonce_mismatch", "\(id)")
        }
        let genoa = try set.vector("snp-genoa-v5")
        #expect(genoa.nonce == nil)
        #expect(try code("snp-genoa-v5") { $0.nonce = Array("hello-attestation".utf8) } == "ok")
        #expect(try code("snp-genoa-v5") { $0.nonce = Array("hello-attestatio".utf8) } == "nonce_mismatch")
    }

    @Test func `pins what counts as a root: names and chains of somebody else's do not`() throws {
        let other = try VectorSet.committed().vector("nitro-good-nonce").anchors
        for id in ["tdx-v4-uptodate", "snp-genoa-v5", "sgx-v3-debug", "tpm-ecc-good"] {
            #expect(try code(id) { $0.anchors = other } == "untrusted_root", "\(id)")
        }
        let pinned = try VectorSet.committed().vector("tdx-v4-uptodate")
        #expect(pinned.anchors.intel == TrustAnchors.pinned.intel)
        #expect(try code("snp-genoa-v5") { $0.anchors = .pinned } == "ok")
        #expect(try code("nitro-good-nonce") { $0.anchors = .pinned } == "ok")
        #expect(try code("snp-synth-good") { $0.anchors = .pinned } == "untrusted_root")
    }

    @Test func `takes the worst of processor, module and quoting enclave`() {
        #expect(IntelTcbVerdict.converge(.upToDate, .upToDate) == .upToDate)
        #expect(IntelTcbVerdict.converge(.upToDate, .outOfDate) == .outOfDate)
        #expect(IntelTcbVerdict.converge(.swHardeningNeeded, .outOfDate) == .outOfDate)
        #expect(IntelTcbVerdict.converge(.configurationNeeded, .outOfDate) == .outOfDateConfigurationNeeded)
        #expect(IntelTcbVerdict.converge(.configurationAndSWHardeningNeeded, .outOfDate) == .outOfDateConfigurationNeeded)
        #expect(IntelTcbVerdict.converge(.outOfDate, .upToDate) == .outOfDate)
        #expect(IntelTcbVerdict.converge(.configurationNeeded, .outOfDateConfigurationNeeded) == .outOfDateConfigurationNeeded)
        #expect(IntelTcbVerdict.converge(.swHardeningNeeded, .configurationNeeded) == .configurationAndSWHardeningNeeded)
        for status in TcbStatus.allCases {
            #expect(TcbStatus.allCases.allSatisfy { IntelTcbVerdict.converge(status, $0) == IntelTcbVerdict.converge($0, status) })
            #expect(IntelTcbVerdict.converge(status, .revoked) == .revoked && IntelTcbVerdict.converge(.revoked, status) == .revoked)
            #expect(IntelTcbVerdict.converge(status, .upToDate) == status)
        }
        #expect(IntelTcbVerdict.moduleName(1) == "TDX_01" && IntelTcbVerdict.moduleName(0xab) == "TDX_AB")
    }

    @Test func `has an error word for every rule, and no two alike`() {
        let words = AttestationError.allCases.map(\.word)
        #expect(Set(words).count == words.count)
        #expect(AttestationError.tcbOutOfDate.word == "tcb_out_of_date" && AttestationError.qeReportSignature.word == "qe_report_signature")
        #expect(AttestationError.allCases.allSatisfy { 1650...1689 ~= $0.code })
    }
}
