import Attestation
import ChainTypes
import Foundation
import JupiterClient
import Testing
import WireTypes

@Suite struct `The choice of enclaves that confirm each other` {
    private func enclave(_ id: UInt8, _ platform: String, operator account: UInt8, assurance: String = "confidential") -> WireEnclave {
        var enclave = WireEnclave()
        (enclave.id, enclave.operator) = (Data(repeating: id, count: 32), Data(repeating: account, count: 32))
        (enclave.identity.platform, enclave.assurance, enclave.status) = (platform, assurance, .active)
        return enclave
    }

    private func requirements(_ adjust: (inout WireEnclaveDemand) -> Void) throws -> EnclaveRequirements {
        var demand = WireEnclaveDemand()
        adjust(&demand)
        return try EnclaveRequirements(dataset: demand)
    }

    @Test func `finds the ones that fit together, also when the first at hand do not`() throws {
        let candidates = [
            enclave(1, "tdx", operator: 1), enclave(2, "sev-snp", operator: 1), enclave(3, "tdx", operator: 2),
            enclave(4, "simulated", operator: 3, assurance: "none"),
        ]
        let both = try requirements { ($0.confirmations, $0.distinctPlatforms, $0.distinctOperators) = (2, true, true) }
        // 1 and 2 have one operator, 1 and 3 one platform; 1 and 4 differ in both.
        #expect(EnclaveChoice.pick(candidates, both)?.map { $0.id[0] } == [1, 4])
        let strict = try requirements { demand in
            (demand.confirmations, demand.distinctPlatforms, demand.distinctOperators) = (2, true, true)
            demand.minimumAssurance = "confidential"
        }
        #expect(EnclaveChoice.pick(candidates, strict)?.map { $0.id[0] } == [2, 3])
        let impossible = try requirements { demand in
            (demand.confirmations, demand.distinctPlatforms) = (2, true)
            demand.excludedPlatforms = ["sev-snp", "simulated"]
        }
        #expect(EnclaveChoice.pick(candidates, impossible) == nil)
    }

    /// One vendor's key signs for all of its platforms, and one paravisor runs on both of Azure's.
    @Test func `does not take two platforms of one vendor for two`() throws {
        let demand = try requirements { ($0.confirmations, $0.distinctPlatforms) = (2, true) }
        let apart = ["simulated", "tpm", "sev-snp", "tdx", "nitro"]
        for (position, a) in apart.enumerated() {
            for b in apart.dropFirst(position + 1) {
                let group = [enclave(1, a, operator: 1), enclave(2, b, operator: 1)]
                #expect(EnclaveChoice.pick(group, demand)?.count == 2, "\(a) \(b)")
                #expect(throws: Never.self) { try demand.check(group: group) }
            }
        }
        for (a, b) in [
            ("sev-snp", "azure-snp"), ("tdx", "sgx"), ("tdx", "azure-tdx"), ("sgx", "azure-tdx"), ("azure-snp", "azure-tdx"),
            ("tdx", "tdx"),
            ("unknown", "unknown"),
        ] {
            let group = [enclave(1, a, operator: 1), enclave(2, b, operator: 2)]
            #expect(EnclaveChoice.pick(group, demand) == nil, "\(a) \(b)")
            #expect(throws: Refusal.admissionNotDistinct) { try demand.check(group: group) }
        }
        #expect(EnclaveChoice.pick([enclave(1, "azure-snp", operator: 1), enclave(2, "tdx", operator: 1)], demand)?.count == 2)
    }

    @Test func `names them in the order that a request needs`() throws {
        let candidates = [enclave(9, "tdx", operator: 1), enclave(2, "sev-snp", operator: 1)]
        #expect(EnclaveChoice.pick(candidates, try requirements { $0.confirmations = 2 })?.map { $0.id[0] } == [2, 9])
    }
}
