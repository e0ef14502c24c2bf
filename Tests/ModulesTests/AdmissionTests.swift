import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import HolderSupport
import LedgerSupport
import Modules
import Primitives
import Testing
import TpmSupport
import WireTypes

@Suite struct `Admission of enclaves` {
    @Test func `keeps what the evidence showed, honestly labelled, and until when it holds`() throws {
        var scene = try AdmissionScene()
        let (simulated, measured) = (try scene.simulated(), try scene.measured())
        #expect(try scene.register(simulated) == 0)
        #expect(try scene.register(measured) == 0)
        let (a, b) = (try scene.enclave(simulated), try scene.enclave(measured))
        #expect(a.label == "simulated" && a.assurance == "none" && a.identity.platform == "simulated")
        #expect(b.label == "tpm (software)" && b.assurance == "none" && !b.machine.isEmpty)
        #expect(a.expires == scene.chain.time - 1_000 + 600_000 && a.evidenceHash.count == 32 && a.vault == a.id)
        #expect(try scene.register(simulated) == Refusal.keysEnclaveExists.code)
    }

    @Test func `names the enclave's label in the receipt`() throws {
        var scene = try AdmissionScene()
        let registration = try scene.simulated().registration(height: scene.chain.height, block: scene.chain.lastHash)
        let transaction = try scene.chain.sign([registration], by: scene.chain.operatorKey)
        #expect(try scene.chain.block([transaction])[0].events.map(\.label) == ["simulated"])
    }

    @Test func `refuses simulated enclaves and software TPMs where the genesis does not allow them`() throws {
        var scene = try AdmissionScene { genesis in
            (genesis.allowSimulatedEnclaves, genesis.allowSoftwareTpm) = (false, false)
            genesis.attestation = .usual(genesis)
        }
        #expect(try scene.register(scene.simulated()) == AttestationError.simulatedNotAllowed.code)
        let tpm = try scene.register(scene.measured())
        #expect([AttestationError.softwareTpmNotAllowed.code, AttestationError.measurementMismatch.code].contains(tpm))
        var rules = try scene.rules()
        rules.allowSoftwareTpm = true
        #expect(try scene.decide { $0.setAttestationRules = rules } == Refusal.admissionMalformedChange.code, "the genesis forbids it")
        rules = try scene.rules()
        rules.referenceValuesRequired = false
        #expect(try scene.decide { $0.setAttestationRules = rules } == Refusal.admissionMalformedChange.code)
        var wire = scene.chain.genesis.wire
        wire.attestation.referenceValuesRequired = false
        #expect(throws: BlockError.invalidGenesis) { try Genesis(encoding: wire) }
    }

    @Test func `takes enclaves only of accounts that governance knows`() throws {
        var scene = try AdmissionScene()
        #expect(try scene.register(scene.simulated(), by: scene.stranger) == Refusal.keysNotOperator.code)
        var trust = try TrustChain(weights: [1, 1], spare: 1)
        try trust.block()
        let enclave = try TestEnclave(chainID: trust.chain.genesis.chainID)
        let registration = enclave.registration(height: trust.chain.height, block: trust.chain.lastHash)
        #expect(try trust.submit(registration, by: 2) == Refusal.keysNotOperator.code, "not admitted yet")
        #expect(try trust.submit(registration, by: 1) == 0, "a validator's account")
        #expect(try trust.submit(enclave.suspension, by: 0) == Refusal.keysNotOperator.code, "another's enclave")
        #expect(try trust.submit(enclave.suspension, by: 1) == 0)
    }

    @Test func `ends with the evidence's time, and goes on with fresh evidence`() throws {
        var scene = try AdmissionScene()
        let enclave = try scene.simulated()
        #expect(try scene.register(enclave) == 0)
        #expect(try scene.act(enclave) == 0)
        try scene.chain.block(seconds: 300)
        #expect(try scene.renew(enclave, by: scene.stranger) == Refusal.keysNotOperator.code)
        #expect(try scene.renew(enclave) == 0)
        try scene.chain.block(seconds: 400)
        #expect(try scene.act(enclave) == 0, "past the first end")
        try scene.chain.block(seconds: 250)
        #expect(try scene.act(enclave) == Refusal.admissionExpired.code)
        #expect(try scene.renew(enclave) == 0)
        #expect(try scene.act(enclave) == 0)
    }

    @Test func `takes no evidence twice, nor older than the last, nor of a block too far back`() throws {
        var scene = try AdmissionScene()
        let enclave = try scene.simulated()
        let first = (height: scene.chain.height, block: scene.chain.lastHash)
        try scene.chain.block()
        let second = (height: scene.chain.height, block: scene.chain.lastHash)
        #expect(try scene.chain.submit(enclave.registration(height: second.height, block: second.block), by: scene.chain.operatorKey) == 0)
        for old in [first, second] {
            #expect(
                try scene.chain.submit(enclave.renewal(height: old.height, block: old.block), by: scene.chain.operatorKey)
                    == Refusal.admissionEvidenceReused.code)
        }
        scene = try AdmissionScene { $0.attestation.evidenceWindow = 3 }
        let other = try scene.simulated(9)
        let late = (height: scene.chain.height, block: scene.chain.lastHash)
        for _ in 0..<3 { try scene.chain.block() }
        #expect(
            try scene.chain.submit(other.registration(height: late.height, block: late.block), by: scene.chain.operatorKey)
                == Refusal.keysStaleEvidence.code)
    }

    @Test func `a suspension by the operator ends with fresh evidence, one by governance does not`() throws {
        var scene = try AdmissionScene()
        let enclave = try scene.simulated()
        #expect(try scene.register(enclave) == 0)
        #expect(try scene.chain.submit(enclave.suspension, by: scene.chain.operatorKey) == 0)
        #expect(try scene.enclave(enclave).suspension == "operator")
        #expect(try scene.act(enclave) == Refusal.keysEnclaveSuspended.code)
        #expect(try scene.renew(enclave) == 0)
        #expect(try scene.act(enclave) == 0)
        #expect(try scene.decide { $0.suspendEnclaves.enclave = .init(enclave.id.bytes) } == 0)
        #expect(try scene.enclave(enclave).suspension == "governance")
        #expect(try scene.renew(enclave) == Refusal.keysEnclaveSuspended.code)
        #expect(try scene.decide { $0.resumeEnclave.enclave = .init(enclave.id.bytes) } == 0)
        #expect(try scene.act(enclave) == 0)
        #expect(try scene.decide { $0.resumeEnclave.enclave = .init(enclave.id.bytes) } == Refusal.governanceNoChange.code)
        // What the enclave could end by itself does not shield it from a decision.
        #expect(try scene.chain.submit(enclave.suspension, by: scene.chain.operatorKey) == 0)
        #expect(try scene.decide { $0.suspendEnclaves.enclave = .init(enclave.id.bytes) } == 0)
        #expect(try scene.enclave(enclave).suspension == "governance")
        #expect(try scene.renew(enclave) == Refusal.keysEnclaveSuspended.code)
        #expect(try scene.decide { $0.suspendEnclaves.enclave = .init(enclave.id.bytes) } == Refusal.governanceNoChange.code)
    }

    @Test func `a broken platform is out as a whole, and stays out`() throws {
        var scene = try AdmissionScene()
        let (simulated, measured) = (try scene.simulated(), try scene.measured())
        #expect(try scene.register(simulated) == 0)
        #expect(try scene.register(measured) == 0)
        #expect(try scene.decide { $0.suspendEnclaves.platform = "quantum" } == Refusal.admissionMalformedChange.code)
        #expect(try scene.decide { $0.suspendEnclaves.platform = "tpm" } == 0)
        #expect(try scene.enclave(measured).suspension == "platform")
        #expect(try scene.act(measured) == Refusal.keysEnclaveSuspended.code)
        #expect(try scene.act(simulated) == 0, "the other platform goes on")
        #expect(try scene.register(scene.measured(50)) == Refusal.admissionPlatformExcluded.code)
        #expect(
            try scene.decide { $0.resumeEnclave.enclave = .init(measured.id.bytes) } == Refusal.admissionPlatformExcluded.code)
        var rules = try scene.rules()
        rules.excludedPlatforms = []
        #expect(try scene.decide { $0.setAttestationRules = rules } == 0)
        #expect(try scene.decide { $0.resumeEnclave.enclave = .init(measured.id.bytes) } == 0)
        #expect(try scene.act(measured) == 0)
    }
}

@Suite struct `Reference values` {
    @Test func `take the word of a threshold of the recovery holders, where the genesis names some`() throws {
        let (holders, own) = (try TestHolders(), try TestHolders(seed: 9))
        var scene = try AdmissionScene(requiresReferences: true) { $0.recoveryPlan = holders.plan() }
        let (reference, hash, chainID) = (scene.tpm.reference, scene.tpm.measurement, scene.chain.genesis.chainID)
        func propose(_ approvals: [WireHolderApproval]) throws -> UInt32 {
            try scene.decide { change in
                (change.addReferenceValue.measurement, change.addReferenceValue.approvals) = (reference, approvals)
            }
        }
        func word(_ positions: [Int]) throws -> [WireHolderApproval] {
            try holders.approvals(of: reference, hash: hash, chainID: chainID, by: positions)
        }
        let refused = Refusal.admissionUnapproved.code
        for few in [[], [0], [1, 1], [2, 0]] { #expect(try propose(word(few)) == refused) }
        #expect(try propose(own.approvals(of: reference, hash: hash, chainID: chainID, by: [0, 1, 2])) == refused)
        #expect(try propose(holders.approvals(of: reference, hash: hash, chainID: "jupiter-id", by: [0, 1])) == refused)
        var other = reference
        other.registers[0].value[0] ^= 1
        #expect(try propose(holders.approvals(of: other, hash: hash, chainID: chainID, by: [0, 1])) == refused)
        #expect(try scene.reference() == nil)
        #expect(try propose(word([0, 2])) == 0)
        let value = try #require(try scene.reference())
        #expect(try value.approvals == word([0, 2]) && value.activeHeight == value.addedHeight + 5)
        #expect(try propose(word([0, 2])) == Refusal.governanceNoChange.code)
        // Words of others of them take the place of these; the delay does not begin anew.
        #expect(try propose(word([1, 2])) == 0)
        let renewed = try #require(try scene.reference())
        #expect(try renewed.approvals == word([1, 2]) && renewed.activeHeight == value.activeHeight)
    }

    @Test func `have no approvals where the genesis names nobody who could approve`() throws {
        var scene = try AdmissionScene(requiresReferences: true)
        let (reference, holders) = (scene.tpm.reference, try TestHolders())
        let words = try holders.approvals(
            of: reference, hash: scene.tpm.measurement, chainID: scene.chain.genesis.chainID, by: [0, 1])
        #expect(
            try scene.decide { ($0.addReferenceValue.measurement, $0.addReferenceValue.approvals) = (reference, words) }
                == Refusal.admissionMalformedChange.code)
    }

    @Test func `let a build in, with keys only after the delay, and out again with all of its enclaves`() throws {
        var scene = try AdmissionScene(requiresReferences: true)
        let enclave = try scene.measured()
        #expect(try scene.register(enclave) == AttestationError.measurementMismatch.code)
        let reference = scene.tpm.reference
        #expect(
            try scene.decide {
                $0.addReferenceValue.measurement = reference
                $0.addReferenceValue.description_p = "release 1"
            } == 0)
        let value = try #require(try scene.reference())
        #expect(value.activeHeight == value.addedHeight + 5 && value.description_p == "release 1")
        #expect(try scene.decide { $0.addReferenceValue.measurement = reference } == Refusal.governanceNoChange.code)
        #expect(try scene.register(enclave) == 0)
        #expect(try scene.register(TestEnclave(chainID: "jupiter-test", seed: 4, tpm: TestTpm(build: 2))) != 0, "another build")
        let revocation: (inout WireChange) -> Void = { change in
            change.revokeReferenceValue.platform = value.platform
            change.revokeReferenceValue.measurement = value.measurement
        }
        #expect(try scene.decide(revocation) == 0)
        #expect(try scene.enclave(enclave).suspension == "reference")
        #expect(try scene.act(enclave) == Refusal.keysEnclaveSuspended.code)
        #expect(try scene.decide(revocation) == Refusal.admissionUnknownReference.code)
        #expect(try scene.register(scene.measured(60)) == Refusal.admissionUnknownReference.code)
        #expect(
            try scene.decide { $0.resumeEnclave.enclave = .init(enclave.id.bytes) } == Refusal.admissionUnknownReference.code)
        #expect(try scene.decide { $0.addReferenceValue.measurement = reference } == 0, "read again, accepted again")
        #expect(try scene.decide { $0.resumeEnclave.enclave = .init(enclave.id.bytes) } == 0)
    }

    @Test func `of the genesis count from the first block on`() throws {
        let reference = try TestTpm().reference
        var scene = try AdmissionScene(requiresReferences: true) { $0.referenceValues = [reference] }
        #expect(try scene.register(scene.measured()) == 0)
        #expect(try scene.reference()?.activeHeight == 0)
    }

    @Test func `are refused when they are not well formed`() throws {
        var scene = try AdmissionScene()
        let good = scene.tpm.reference
        let faults: [(inout WireReferenceMeasurement) -> Void] = [
            { $0.platform = "quantum" }, { $0.registers = [] }, { $0.registers[0].value = .init() }, { $0.registers += $0.registers },
            { $0.registers[0].name = "" }, { $0.registers[0].value = .init(repeating: 1, count: 65) },
        ]
        for fault in faults {
            var measurement = good
            fault(&measurement)
            #expect(
                try scene.decide { $0.addReferenceValue.measurement = measurement } == Refusal.admissionMalformedChange.code)
        }
    }
}

@Suite struct `Rules of attestation` {
    @Test func `are decided at once, and only as a chain can live with them`() throws {
        var scene = try AdmissionScene()
        let present = try scene.rules()
        #expect(try scene.decide { $0.setAttestationRules = present } == Refusal.governanceNoChange.code)
        let faults: [(inout WireAttestationRules) -> Void] = [
            { $0.evidenceLifetime = 0 }, { $0.evidenceLifetime = .max }, { $0.evidenceWindow = 0 }, { $0.evidenceWindow = 257 },
            { $0.tcbStatuses = ["Revoked"] }, { $0.tcbStatuses = ["UpToDate", "OutOfDate"] }, { $0.tcbStatuses = ["Splendid"] },
            { $0.excludedProductLines = ["Rome"] }, { $0.excludedPlatforms = ["tpm", "tpm"] }, { $0.maximumVmpl = 4 },
            { $0.tpmRoots = [.init(repeating: 1, count: 5_000)] }, { $0.renewalGrace = .max }, { $0.measurementDelay = .max },
            {
                $0.floors = [WireTCBFloor()]
                ($0.floors[0].productLine, $0.floors[0].floor) = ("Genoa", .init(repeating: 0, count: 7))
            },
        ]
        for (position, fault) in faults.enumerated() {
            var rules = present
            fault(&rules)
            #expect(try scene.decide { $0.setAttestationRules = rules } == Refusal.admissionMalformedChange.code, "fault \(position)")
        }
        var rules = present
        rules.evidenceLifetime = 120_000
        #expect(try scene.decide { $0.setAttestationRules = rules } == 0)
        let enclave = try scene.simulated()
        #expect(try scene.register(enclave) == 0)
        #expect(try scene.enclave(enclave).expires == scene.chain.time + 120_000)
    }

    @Test func `an enclave is active exactly from its registration to its end, whatever the blocks' pace`() throws {
        for seed in UInt64(0)..<20 {
            var generator = SeededGenerator(seed: seed)
            var scene = try AdmissionScene { $0.attestation.evidenceLifetime = 60_000 + generator.next() % 600_000 }
            let enclave = try scene.simulated(seed + 100)
            #expect(try scene.register(enclave) == 0)
            var end = try scene.enclave(enclave).expires
            for _ in 0..<30 {
                try scene.chain.block(seconds: 1 + generator.next() % 120)
                if generator.next() % 4 == 0 {
                    #expect(try scene.renew(enclave) == 0, "seed \(seed)")
                    end = try scene.enclave(enclave).expires
                    #expect(end > scene.chain.time, "seed \(seed)")
                }
                let code = try scene.act(enclave)
                #expect(code == (scene.chain.time < end ? 0 : Refusal.admissionExpired.code), "seed \(seed)")
            }
        }
    }
}
