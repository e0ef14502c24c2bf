import Cryptography
import Primitives
import WireTypes

/// The beginning of a chain: its name, first validators, first balances and rules. Its hash is the parent of block 1.
package struct Genesis: Sendable {
    package static let version: UInt32 = 1

    package let wire: WireGenesis
    package let bytes: [UInt8]
    package let hash: Hash32
    package let validators: ValidatorSet
    /// The account that admits enclaves and localities until governance does.
    package let operatorAccount: Address

    package var chainID: String { wire.chainID }
    package var consensus: WireConsensusKind { wire.consensus }
    package var parameters: WireParameters { wire.parameters }
    /// Those of appraisal, until governance decides others.
    package var attestationRules: WireAttestationRules { wire.hasAttestation ? wire.attestation : .usual(wire) }

    /// Who keeps recovery shares from the first block on, and approves of what no quorum decides alone; `nil` for ever where nobody does.
    package var recoveryPlan: WireRecoveryPlan? { wire.hasRecoveryPlan ? wire.recoveryPlan : nil }

    package init(decoding bytes: [UInt8]) throws(BlockError) {
        guard let wire = try? WireGenesis(strictly: bytes, limit: Limits.genesis) else { throw .malformed }
        guard wire.version == Self.version else { throw .unknownVersion }
        guard ChainID.isValid(wire.chainID), wire.profile == .byzantine || wire.profile == .crash,
            let operatorAccount = Address(wire.operator), Self.isSensible(wire.parameters),
            wire.allocations.allSatisfy({ Address($0.account) != nil }), Self.supply(wire) != nil
        else { throw .invalidGenesis }
        self.validators = try ValidatorSet(wire.validators)
        guard Self.areValid(wire.nodes, of: validators), Self.suits(wire, validators), Self.isAdmissionValid(wire) else {
            throw .invalidGenesis
        }
        self.wire = wire
        self.bytes = bytes
        self.hash = Digest.hash(.genesisHash, bytes)
        self.operatorAccount = operatorAccount
    }

    package init(encoding wire: WireGenesis) throws(BlockError) { try self.init(decoding: wire.encoded()) }

    /// CometBFT takes no longer chain ids. Bytes.
    package static let cometChainID = 50
    /// CometBFT's bound on the sum of voting powers, 2⁶⁰ − 1.
    package static let cometTotalPower = UInt64(Int64.max / 8)

    /// Whether the engine that the genesis names can run the chain (docs/spec/light-client.md §6).
    private static func suits(_ wire: WireGenesis, _ validators: ValidatorSet) -> Bool {
        switch wire.consensus {
        case .simplex: true
        case .cometbft:
            // The set of the next epoch must be known a block before the last one: epochs have two blocks at least (`isSensible`).
            wire.profile == .byzantine && wire.chainID.utf8.count <= cometChainID && validators.totalWeight <= cometTotalPower
                && validators.members.allSatisfy { VerificationKey.ed25519($0.key).isUsable }
        case .UNRECOGNIZED: false
        }
    }

    /// Parameters of a new chain.
    package static var defaultParameters: WireParameters {
        var parameters = WireParameters()
        parameters.minimumFee = 1
        parameters.maximumBlockBytes = 8 << 20
        parameters.maximumBlockTransactions = 5_000
        parameters.maximumValidityWindow = 100_000
        parameters.maximumSidecarBytes = 512 << 10
        parameters.idleInterval = 1_000
        parameters.subscriptionWindow = 50
        parameters.epochLength = 2_000
        parameters.epochMinimum = 20
        parameters.leaderStep = 8
        return parameters
    }

    /// The nodes of the validators, in the order of the set; none are needed where the operator answers for everybody.
    private static func areValid(_ nodes: [WireValidatorNode], of validators: ValidatorSet) -> Bool {
        nodes.isEmpty
            || nodes.count == validators.members.count
                && zip(nodes, validators.members).allSatisfy { $0.isWellFormed && Hash32($0.validator) == $1.key }
                && Set(nodes.map(\.nodeID)).count == nodes.count
    }

    /// The most reference values that a genesis names; governance adds more.
    package static let referenceValues = 64

    private static func isAdmissionValid(_ wire: WireGenesis) -> Bool {
        (!wire.hasAttestation || wire.attestation.isSensible(in: wire)) && wire.referenceValues.count <= referenceValues
            && wire.referenceValues.allSatisfy(\.isWellFormed) && (!wire.hasRecoveryPlan || isFirst(wire.recoveryPlan))
    }

    private static func isFirst(_ plan: WireRecoveryPlan) -> Bool {
        plan.isWellFormed && plan.version == 0 && plan.height == 0 && plan.approvals.isEmpty
    }

    /// Whether a chain can live with these parameters.
    package static func isSensible(_ parameters: WireParameters) -> Bool {
        // Below that no proposal to governance would fit that could undo it.
        (1 << 16...UInt64(Limits.block)).contains(parameters.maximumBlockBytes) && parameters.maximumBlockTransactions >= 1
            && parameters.maximumValidityWindow >= 1 && parameters.maximumSidecarBytes <= Limits.sidecar
            && parameters.idleInterval >= 10 && parameters.subscriptionWindow >= 1
            && parameters.epochMinimum >= 2 && (parameters.epochMinimum...1_000_000).contains(parameters.epochLength)
            && parameters.leaderStep <= 16
    }

    private static func supply(_ wire: WireGenesis) -> UInt64? {
        var total: UInt64 = 0
        for allocation in wire.allocations {
            let (sum, overflow) = total.addingReportingOverflow(allocation.amount)
            if overflow { return nil }
            total = sum
        }
        return total
    }
}
