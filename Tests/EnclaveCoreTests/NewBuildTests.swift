import AdversarySupport
import Attestation
import ChainTypes
import Cryptography
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import HolderSupport
import Primitives
import Testing
import WireTypes

/// Builds that a quorum has accepted after the genesis: what it takes for a vault to give them its keys.
@Suite struct `A new build` {
    static let delay: UInt64 = 5

    /// As simulated enclaves measure.
    static var build: WireReferenceMeasurement {
        var build = WireReferenceMeasurement()
        var register = WireMeasurementRegister()
        (register.name, register.value) = ("label", Data(SimulatedEvidence.label.utf8))
        (build.platform, build.registers) = (SimulatedEvidence.platform, [register])
        return build
    }

    /// Two enclaves whose build the chain has just accepted, with a delay that is over, as the quorum says.
    private func pair(
        holders: TestHolders? = nil, named: Bool = false, _ approvals: [WireHolderApproval] = []
    ) throws -> PairScene {
        let pair = try PairScene { genesis in
            if let holders { genesis.recoveryPlan = holders.plan() }
            genesis.attestation = .usual(genesis)
            genesis.attestation.measurementDelay = Self.delay
            if named { genesis.referenceValues = [Self.build] }
        }
        try accept(pair, approvals)
        return pair
    }

    private func accept(_ pair: PairScene, _ approvals: [WireHolderApproval], _ adjust: (inout WireReferenceValue) -> Void = { _ in })
        throws
    {
        var value = WireReferenceValue()
        (value.platform, value.registers, value.approvals) = (Self.build.platform, Self.build.registers, approvals)
        value.measurement = .init(SimulatedEvidence.measurement.bytes)
        adjust(&value)
        pair.node.write(value, at: StateKey.referenceValue(value.platform, measurement: SimulatedEvidence.measurement))
        // No delay, says the quorum.
        var rules = pair.node.genesis.attestationRules
        rules.measurementDelay = 0
        pair.node.write(rules, at: StateKey.attestationRules)
        try pair.block()
    }

    private func export(_ pair: PairScene) throws -> String {
        let offer = try pair.offer(pair.challenge())
        return try pair.refusal { _ = try pair.export(pair.exportCommand(offer)) }
    }

    @Test func `that the genesis names is given keys at once`() throws {
        #expect(try export(pair(named: true)) == "")
        #expect(try export(pair(holders: TestHolders(), named: true)) == "")
    }

    @Test func `waits for the genesis's delay from when the vault was first shown it, where there are no holders`() throws {
        let pair = try pair()
        #expect(try export(pair) == "enclave.measurementDelayed")
        let since = pair.node.height
        // What the vault has noted outlives it.
        try pair.restartFirst()
        while pair.node.height < since + Self.delay - 2 { try pair.block() }
        #expect(try export(pair) == "enclave.measurementDelayed")
        while pair.node.height < since + Self.delay { try pair.block() }
        #expect(try export(pair) == "")
        // The one that takes the keys has its own time.
        #expect(try pair.refusal { try pair.replicate() } == "enclave.measurementDelayed")
        for _ in 0..<Self.delay { try pair.block() }
        #expect(try pair.refusal { try pair.replicate() } == "")
        #expect(try pair.status(pair.second).enrolled == 1)
    }

    @Test func `waits longer where the chain says so, and is none once it is revoked`() throws {
        let pair = try pair()
        var rules = pair.node.genesis.attestationRules
        rules.measurementDelay = Self.delay + 10
        #expect(try export(pair) == "enclave.measurementDelayed")
        pair.node.write(rules, at: StateKey.attestationRules)
        for _ in 0..<Self.delay { try pair.block() }
        #expect(try export(pair) == "enclave.measurementDelayed")
        for _ in 0..<10 { try pair.block() }
        #expect(try export(pair) == "")
        try accept(pair, []) { $0.revoked = true }
        #expect(try export(pair.restarted()) == "enclave.peerMeasurement")
    }

    @Test func `needs the word of a threshold of the holders, where there are some, however long it waits`() throws {
        let holders = try TestHolders()
        let pair = try pair(holders: holders)
        let (chainID, hash) = (pair.node.chainID, SimulatedEvidence.measurement)
        for _ in 0..<Self.delay { try pair.block() }
        func word(_ positions: [Int], of build: WireReferenceMeasurement = Self.build) throws -> [WireHolderApproval] {
            try holders.approvals(of: build, hash: hash, chainID: chainID, by: positions)
        }
        #expect(try export(pair) == "enclave.measurementUnapproved")
        var other = Self.build
        other.registers[0].value.append(1)
        let own = try TestHolders(seed: 9)
        for few in [
            try word([1]), try word([1, 1]), try word([0, 1], of: other),
            try own.approvals(of: Self.build, hash: hash, chainID: chainID, by: [0, 1, 2]),
            try holders.approvals(of: Self.build, hash: hash, chainID: "jupiter-id", by: [0, 1]),
        ] {
            try accept(pair, few)
            #expect(try export(pair) == "enclave.measurementUnapproved")
        }
        // Other registers under the approved name.
        try accept(pair, word([0, 1])) { $0.registers = other.registers }
        #expect(try export(pair) == "enclave.peerMeasurement")
        // Words of the state's own holders are none.
        pair.node.write(own.plan(), at: StateKey.recoveryPlan)
        try accept(pair, own.approvals(of: Self.build, hash: hash, chainID: chainID, by: [0, 1, 2]))
        #expect(try export(pair) == "enclave.measurementUnapproved")
        try accept(pair, word([0, 2])) { $0.activeHeight = pair.node.height + 100 }
        #expect(try export(pair) == "enclave.peerMeasurement", "the chain's delay holds as well")
        try accept(pair, word([0, 2]))
        #expect(try export(pair) == "")
        #expect(try pair.refusal { try pair.replicate() } == "", "and of the source")
    }

    /// The quorum lifts what the genesis demands of evidence.
    @Test func `is judged by the genesis's rules, whatever was decided since`() throws {
        let pair = try PairScene { genesis in
            genesis.attestation = .usual(genesis)
            genesis.attestation.excludedPlatforms = [SimulatedEvidence.platform]
        }
        var rules = pair.node.genesis.attestationRules
        rules.excludedPlatforms = []
        pair.node.write(rules, at: StateKey.attestationRules)
        #expect(try export(pair) == "enclave.peerNotAdmitted")
    }
}

extension PairScene {
    /// The same after the first enclave has forgotten whom it has appraised.
    fileprivate func restarted() throws -> PairScene {
        try restartFirst()
        return self
    }
}
