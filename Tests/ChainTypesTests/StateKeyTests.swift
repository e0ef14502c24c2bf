import ChainTypes
import Cryptography
import Primitives
import TestVectors
import Testing

@Suite struct `State keys` {
    static let address = Address(Samples.hash(0xaa))
    static let id = Samples.hash(0xbb)
    static let other = Address(Samples.hash(0xcc))

    /// One key of every family (docs/spec/state-keys.md).
    static let keys: [(String, [UInt8])] = [
        ("accounts", StateKey.account(address)),
        ("assets/supply", StateKey.supply),
        ("assets/fees", StateKey.feesCollected),
        ("assets/escrow", StateKey.escrowTotal),
        ("registry", StateKey.dataset("credit")),
        ("enclaves", StateKey.enclave(id)),
        ("admission/rules", StateKey.attestationRules),
        ("admission/enclaves", StateKey.admittedEnclaves),
        ("admission/endorsements", StateKey.endorsementCount),
        ("endorsements", StateKey.endorsement("amd/crl/Genoa")),
        ("references", StateKey.referenceValue("tpm", measurement: id)),
        ("keys", StateKey.subjectKey(address, dataset: "credit", enclave: id)),
        ("holdings", StateKey.holdings(address)),
        ("punctures/head", StateKey.punctureLog),
        ("punctures", StateKey.puncture(0x0102)),
        ("puncturehashes", StateKey.punctureHash(0x0102)),
        ("erasures", StateKey.erasure(id)),
        ("erased", StateKey.erasures(of: address, sequence: 3)),
        ("erasedsubjects", StateKey.erasedSubject(address)),
        ("acknowledgements", StateKey.acknowledgement(id)),
        ("suspendedfor", StateKey.suspendedFor(id)),
        ("members", StateKey.vaultMembers(id)),
        ("sweeps", StateKey.sweep(4)),
        ("erasure/sweep-start", StateKey.sweepStart),
        ("erasure/sweep-end", StateKey.sweepEnd),
        ("erasure/settled", StateKey.settledErasures),
        ("erasure/next", StateKey.nextErasure),
        ("records", StateKey.record(address, dataset: "credit", record: id)),
        ("sidecars", StateKey.sidecar(id)),
        ("consents", StateKey.consent(address, grant: id)),
        ("grants", StateKey.grantSubject(id)),
        ("received", StateKey.received(address, dataset: "credit", grant: id)),
        ("programs", StateKey.program(id)),
        ("assessments", StateKey.assessment(id)),
        ("subscriptions", StateKey.subscription(id)),
        ("due count", StateKey.due(0x0102)),
        ("due job", StateKey.due(0x0102, position: 3)),
        ("sweep", StateKey.sweptUntil),
        ("blocks", StateKey.recentBlock(5)),
        ("localities", StateKey.locality("jupiter-sg")),
        ("checkpoints", StateKey.checkpoint("jupiter-sg", height: 9)),
        ("validators", StateKey.validator(id)),
        ("trust/validators", StateKey.validatorList),
        ("trust/epoch", StateKey.epoch),
        ("sets", StateKey.validatorSet(5)),
        ("service", StateKey.leaderService(id)),
        ("nodes", StateKey.node(id)),
        ("proposals", StateKey.proposal(id)),
        ("governance/open", StateKey.openProposals),
        ("governance/parameters", StateKey.parameters),
        ("recovery/plan", StateKey.recoveryPlan),
        ("plans", StateKey.recoveryPlan(version: 3)),
        ("planends", StateKey.recoveryPlanEnd(version: 3)),
        ("vaultepochs", StateKey.vaultEpoch(id)),
        ("holders", StateKey.recoveryHolder(address)),
        ("destructions", StateKey.shareDestruction(id, account: address)),
        ("keygrants", StateKey.keyGrant(id)),
        ("granted", StateKey.keyGrants(of: address)),
    ]

    @Test func `Every family has the bytes of the specification`() throws {
        let pinned = try NamedValue.load("state-keys")
        for (name, key) in Self.keys { #expect(Hex.encode(key) == pinned[name], "\(name): \(Hex.encode(key))") }
        #expect(pinned.count == Self.keys.count)
    }

    @Test func `No key begins another, except a due count its jobs`() {
        for (name, key) in Self.keys {
            for (other, candidate) in Self.keys where other != name && candidate.starts(with: key) {
                #expect(name == "due count" && other == "due job", "\(name) begins \(other)")
            }
        }
    }

    @Test func `Prefixes list exactly what belongs to them`() {
        let record = StateKey.record(Self.address, dataset: "credit", record: Self.id)
        #expect(record.starts(with: StateKey.records(of: Self.address)))
        #expect(record.starts(with: StateKey.records(of: Self.address, dataset: "credit")))
        // The length before the name keeps "cred" from listing "credit".
        #expect(!record.starts(with: StateKey.records(of: Self.address, dataset: "cred")))
        #expect(!record.starts(with: StateKey.records(of: Self.other)))
        #expect(StateKey.consent(Self.address, grant: Self.id).starts(with: StateKey.consents(of: Self.address)))
        let received = StateKey.received(Self.address, dataset: "credit", grant: Self.id)
        #expect(received.starts(with: StateKey.received(by: Self.address, dataset: "credit")))
        #expect(!received.starts(with: StateKey.received(by: Self.address, dataset: "credi")))
    }

    @Test func `Numbers list in their order`() {
        #expect(StateKey.due(255).lexicographicallyPrecedes(StateKey.due(256)))
        #expect(StateKey.due(1, position: 255).lexicographicallyPrecedes(StateKey.due(1, position: 256)))
        #expect(StateKey.checkpoint("a", height: 255).lexicographicallyPrecedes(StateKey.checkpoint("a", height: 256)))
    }

    @Test func `A name and a number cannot be shifted into each other`() {
        #expect(
            StateKey.subjectKey(Self.address, dataset: "a", enclave: Self.id)
                != StateKey.subjectKey(Self.address, dataset: "ab", enclave: Self.id))
        #expect(!StateKey.checkpoint("jupiter-sg", height: 1).starts(with: StateKey.checkpoint("jupiter-s", height: 0).dropLast(8)))
    }
}
