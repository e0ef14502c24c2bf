import Attestation
import ChainTypes
import Cryptography
import Foundation
import Primitives
import Testing
import WireTypes

/// What somebody who owns the hardware, all of it real, still may not get accepted.
@Suite struct `Hardware of an attacker's` {
    /// A chain's rules about processors, without what a file cannot have.
    static func code(_ processor: ForgedAmd.Processor) throws -> String {
        try ForgedAmd(processor).vector { policy in
            policy.requireGenuineMicrocode = AppraisalPolicy(allowSimulated: false).requireGenuineMicrocode
        }.judge().code
    }

    /// Family, model, stepping, and the first microcode whose loader takes AMD's patches only.
    static let loaders: [(product: String, cpuid: [UInt8], least: UInt8)] = [
        ("Milan", [0x19, 0x01, 0], 0x7b), ("Milan", [0x19, 0x01, 1], 0xdb), ("Milan", [0x19, 0x01, 2], 0x44),
        ("Genoa", [0x19, 0x11, 1], 0x54), ("Genoa", [0x19, 0x11, 2], 0x4f), ("Genoa", [0x19, 0xa0, 1], 0x17),
        ("Genoa", [0x19, 0xa0, 2], 0x19), ("Turin", [0x1a, 0x02, 1], 0x47), ("Turin", [0x1a, 0x11, 0], 0x47),
        // Steppings that nobody has listed: as the most demanding of their line.
        ("Genoa", [0x19, 0x11, 7], 0x54), ("Turin", [0x1a, 0x02, 0], 0x47),
    ]

    @Test(arguments: loaders) func `attests nothing while it loads anybody's microcode`(
        product: String, cpuid: [UInt8], least: UInt8
    ) throws {
        var processor = ForgedAmd.Processor()
        (processor.product, processor.cpuid, processor.microcode) = (product, cpuid, least)
        #expect(try Self.code(processor) == "ok")
        processor.microcode -= 1
        #expect(try Self.code(processor) == "tcb_out_of_date")
        #expect(try ForgedAmd(processor).vector().judge().code == "ok", "files are judged without")
        (processor.microcode, processor.launchMicrocode) = (least, least - 1)
        #expect(try Self.code(processor) == "tcb_out_of_date", "updated only after the guest was started")
    }

    @Test func `that does not say which stepping it has is held to the most demanding`() throws {
        var processor = ForgedAmd.Processor()
        processor.version = 2
        #expect(try Self.code(processor) == "ok")
        processor.microcode = 0x53
        #expect(try Self.code(processor) == "tcb_out_of_date")
    }

    @Test func `has a chain of AMD's depth`() throws {
        var vector = try ForgedAmd(isShort: true).vector()
        vector.files.files[.intermediate] = nil
        #expect(vector.judge().code == "untrusted_root")
        #expect(try ForgedAmd().vector().judge().code == "ok")
    }

    /// A chain for trials needs no reference values. Then real hardware would vouch for any program that somebody starts on it.
    @Test func `vouches for no program that governance does not know, whatever the rules ask for`() throws {
        let reference = ReferenceValue(platform: .sevSnp, registers: ["measurement": [UInt8](repeating: 0x11, count: 48)])
        var generator = SeededGenerator(seed: 9)
        var identity = WireEnclaveIdentity()
        (identity.platform, identity.measurement) = ("sev-snp", .init(reference.hash.bytes))
        identity.signingKey = .init(try SigningKey.ed25519(seed: generator.bytes(32)).verificationKey.bytes)
        identity.vaultKey = try SealingPrivateKey(suite: .x25519, secretBytes: generator.bytes(32)).publicKey.wire
        let block = generator.hash()
        let binding = AttestationBinding(chainID: "jupiter-sg", identity: identity, height: 7, block: block)
        var processor = ForgedAmd.Processor()
        processor.reportData = binding.bytes64
        let hardware = try ForgedAmd(processor)
        var evidence = WireEvidence()
        (evidence.platform, evidence.report, evidence.challengeHeight) = ("sev-snp", .init(hardware.wire.encoded()), 7)
        evidence.challengeBlock = .init(block.bytes)
        var policy = AppraisalPolicy(allowSimulated: true)
        (policy.requireReferenceValues, policy.requireRevocationLists) = (false, false)
        func appraise(_ known: [ReferenceValue]) throws(AttestationError) -> AttestationResult {
            try EvidenceAppraiser.appraise(
                evidence.encoded(), about: AttestationSubject(chainID: "jupiter-sg", identity: identity, challengeBlock: block),
                anchors: TrustAnchors(amd: [hardware.root]), references: ReferenceValues(known), policy: policy, at: 1_780_000_000_000)
        }
        #expect(try appraise([reference]).assurance == .confidential)
        #expect(throws: AttestationError.measurementMismatch) { try appraise([]) }
    }

    /// What a reference value does not name is free.
    @Test func `meets no reference value that leaves the program open`() throws {
        let decisive: [EvidencePlatform: [[String]]] = [
            .tpm: [["pcr11"], ["pcr0"], ["pcr17"]], .sevSnp: [["measurement"]], .tdx: [["mrtd", "rtmr1", "rtmr2"]], .sgx: [["mrenclave"]],
            .nitro: [["pcr0"]], .azureSnp: [["measurement", "pcr4"]], .azureTdx: [["mrtd", "pcr4"]], .simulated: [["label"]],
        ]
        let open: [EvidencePlatform: [[String]]] = [
            .tpm: [["pcr16"], ["pcr23"], ["pcr16", "pcr23"], ["pcr24"], ["measurement"]], .sevSnp: [["pcr0"]],
            .tdx: [["mrtd"], ["rtmr1", "rtmr2"], ["mrtd", "rtmr0", "rtmr1"]], .sgx: [["mrsigner"]], .nitro: [["pcr1", "pcr2"], ["pcr8"]],
            .azureSnp: [["pcr4"], ["measurement"], ["measurement", "pcr23"]], .azureTdx: [["pcr4"], ["mrtd"]],
        ]
        func reference(_ platform: EvidencePlatform, _ names: [String]) throws(AttestationError) -> ReferenceValue {
            let registers = Dictionary(uniqueKeysWithValues: names.map { ($0, [UInt8](repeating: 1, count: 32)) })
            return try ReferenceValue(ReferenceValue(platform: platform, registers: registers).wire)
        }
        for (platform, lists) in decisive {
            for names in lists { #expect(try reference(platform, names).platform == platform, "\(platform) \(names)") }
        }
        for (platform, lists) in open {
            for names in lists {
                #expect(throws: AttestationError.malformed, "\(platform) \(names)") { try reference(platform, names) }
            }
        }
    }

    /// A vault reads the rules from a state that a corrupt quorum may have written.
    @Test func `gains nothing by rules that no chain could have`() throws {
        var rules = WireAttestationRules()
        rules.tcbStatuses = ["Revoked", "UpToDate"]
        rules.floors = [WireTCBFloor()]
        (rules.floors[0].productLine, rules.floors[0].floor) = ("Genoa", Data([0]))
        let policy = AppraisalPolicy(rules, allowSimulated: false)
        #expect(policy.tcbStatuses == [.upToDate])
        let code = try ForgedAmd().vector { $0.amdFloors = policy.amdFloors }.judge().code
        #expect(code == "tcb_out_of_date", "a floor of no size is no low floor")
        rules.tcbStatuses = ["Revoked"]
        #expect(AppraisalPolicy(rules, allowSimulated: false).tcbStatuses.isEmpty)
    }

    @Test func `with a TPM is one machine, whosever certificate it shows`() throws {
        let vector = try VectorSet.committed().vector("tpm-ecc-good")
        var without = vector
        without.files.files[.endorsementCertificate] = nil
        without.files.files[.endorsementIssuers] = nil
        let machine = try #require(vector.judge().result?.machine)
        #expect(machine.kind == .attestationKey && machine == without.judge().result?.machine)
    }
}
