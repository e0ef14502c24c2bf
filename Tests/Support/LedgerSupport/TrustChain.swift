import ChainTypes
import CometSupport
import Cryptography
import FoundationEssentials
import LightClient
import Modules
import Primitives
import WireTypes

/// A validator of a test: its voting key, the account that answers for it, and where its node would be.
package struct TestValidator: Sendable {
    package let key: SigningKey
    package let account: SigningKey
    package let node: WireValidatorNode

    package init(_ generator: inout SeededGenerator) throws {
        key = try SigningKey.ed25519(seed: generator.bytes(32))
        account = try SigningKey.ed25519(seed: generator.bytes(32))
        var node = WireValidatorNode()
        node.validator = .init(key.verificationKey.bytes)
        node.nodeID = .init(generator.bytes(32))
        node.endpoint = "node-\(Hex.encode(key.verificationKey.bytes.prefix(4))).test:7000"
        node.account = .init(account.address.bytes)
        self.node = node
    }

    package var id: Hash32 { Hash32(key.verificationKey.bytes) ?? .zero }
}

/// A chain of many validators without consensus: every block is certified by whoever may vote, and a light client follows.
package struct TrustChain {
    package private(set) var chain: MemoryChain
    package let validators: [TestValidator]
    package private(set) var client: LightVerifier
    /// Every header with what makes it final.
    package private(set) var certified: [WireCertifiedHeader] = []
    private let comet: SimulatedComet

    /// - Parameters:
    ///   - weights: of the genesis's validators.
    ///   - spare: further validators, with funded accounts, that may be added.
    package init(
        weights: [UInt64], spare: Int = 0, profile: WireQuorumProfile = .byzantine, seed: UInt64 = 1,
        _ adjust: (inout WireGenesis) -> Void = { _ in }
    ) throws {
        var generator = SeededGenerator(seed: seed &+ 5_000)
        let validators = try (0..<weights.count + spare).map { _ in try TestValidator(&generator) }
        chain = try MemoryChain(funded: validators.map(\.account.address), seed: seed) { genesis in
            genesis.profile = profile
            genesis.validators.validators = zip(validators, weights).map { validator, weight in
                var wire = WireValidator()
                wire.publicKey = validator.node.validator
                (wire.votingWeight, wire.leaderWeight) = (weight, 1)
                return wire
            }
            genesis.nodes = validators.prefix(weights.count).map(\.node)
            (genesis.parameters.epochLength, genesis.parameters.epochMinimum) = (12, 3)
            adjust(&genesis)
        }
        self.validators = validators
        client = LightVerifier(genesis: chain.genesis)
        comet = SimulatedComet(chainID: chain.genesis.chainID, keys: validators.map(\.key))
    }

    package var plan: EpochPlan { chain.plan }
    package var view: TrustView { TrustView(chain.state, genesis: chain.genesis) }

    package func record(_ position: Int) throws -> WireValidatorRecord {
        try view.validator(validators[position].id) ?? WireValidatorRecord()
    }

    /// The weights of the set of the next block, by the test's positions.
    package var weights: [Int: UInt64] {
        Dictionary(
            uniqueKeysWithValues: plan.validators.members.compactMap { member in
                validators.firstIndex { $0.id == member.key }.map { ($0, member.votingWeight) }
            })
    }

    /// Executes and certifies a block; the light client accepts it or this throws.
    @discardableResult
    package mutating func block(
        _ transactions: [SignedTransaction] = [], evidence: [[UInt8]] = [], skipping: UInt64 = 0
    ) throws -> [WireReceipt] {
        let plan = plan
        let receipts = try chain.block(transactions, evidence: evidence, skipping: skipping)
        guard let header = chain.lastHeader, plan.admits(header) else { throw BlockError.invalidValidators }
        let certified =
            switch chain.genesis.consensus {
            case .cometbft: try comet.certified(header, voters: plan.validators, following: plan.following)
            default: try certify(header, plan)
            }
        try client.accept(certified)
        self.certified.append(certified)
        return receipts
    }

    /// The header with the certificate of our own engine.
    private func certify(_ header: BlockHeader, _ plan: EpochPlan) throws -> WireCertifiedHeader {
        var builder = CertificateBuilder(
            header: header, view: header.view, validators: plan.validators, profile: chain.genesis.wire.profile)
        for member in plan.validators.members where !builder.isComplete && member.votingWeight > 0 {
            guard let validator = validators.first(where: { $0.id == member.key }) else { continue }
            try builder.sign(with: validator.key)
        }
        var certified = WireCertifiedHeader()
        certified.header = .init(header.bytes)
        certified.certificate = .init(try builder.certificate().bytes)
        if let following = plan.following { certified.nextValidators = .init(following.bytes) }
        return certified
    }

    /// Empty blocks until the epoch `epoch` has begun.
    package mutating func reach(epoch: UInt64) throws { while plan.epoch < epoch { try block() } }

    /// Ends the present epoch.
    package mutating func endEpoch() throws { try reach(epoch: plan.epoch + 1) }

    package mutating func sign(_ message: WireMessage, by position: Int) throws -> SignedTransaction {
        try chain.sign([message], by: validators[position].account)
    }

    /// One message in a block of its own; the receipt's code.
    @discardableResult
    package mutating func submit(_ message: WireMessage, by position: Int) throws -> UInt32 {
        try block([try sign(message, by: position)])[0].code
    }

    // MARK: Messages

    package func proposal(expires: UInt64? = nil, _ adjust: (inout WireChange) -> Void) -> WireMessage {
        var message = WireProposeChange()
        adjust(&message.change)
        message.expires = expires ?? chain.height + 100
        return WireMessage(.proposeChange(message))
    }

    package func addition(_ position: Int, weight: UInt64 = 1, signedBy key: SigningKey? = nil) throws -> WireAddValidator {
        let validator = validators[position]
        var change = WireAddValidator()
        change.node = validator.node
        (change.votingWeight, change.leaderWeight) = (weight, 1)
        let statement = ValidatorStatement.possession(chainID: chain.genesis.chainID, account: validator.account.address)
        change.signature = .init(try (key ?? validator.key).sign(statement, context: .validatorPossession))
        return change
    }

    package func removal(_ position: Int) -> WireRemoveValidator {
        var change = WireRemoveValidator()
        change.validator = validators[position].node.validator
        return change
    }

    package func rejoin(_ position: Int, log: Hash32, signedBy key: SigningKey? = nil) throws -> WireMessage {
        let validator = validators[position]
        var message = WireRejoin()
        message.validator = validator.node.validator
        message.log = .init(log.bytes)
        let statement = ValidatorStatement.rejoin(chainID: chain.genesis.chainID, account: validator.account.address, log: log)
        message.signature = .init(try (key ?? validator.key).sign(statement, context: .rejoin))
        return WireMessage(.rejoin(message))
    }

    /// Proposes a change and has all other voters agree until it is decided; the identifier of the proposal.
    @discardableResult
    package mutating func decide(by proposer: Int = 0, _ adjust: (inout WireChange) -> Void) throws -> Hash32 {
        let transaction = try sign(proposal(adjust), by: proposer)
        let receipt = try block([transaction])[0]
        guard receipt.code == 0 else { throw Refusal(receipt.code, "test.refused", "the proposal was refused") }
        let id = transaction.messageIdentifier(0)
        for (position, weight) in weights.sorted(by: { $0.key < $1.key }) where position != proposer && weight > 0 {
            guard try view.proposal(id)?.status == .open else { break }
            try submit(vote(id), by: position)
        }
        return id
    }

    package func vote(_ proposal: Hash32, agrees: Bool = true) -> WireMessage {
        var message = WireVoteOnProposal()
        (message.proposal, message.agrees) = (.init(proposal.bytes), agrees)
        return WireMessage(.voteOnProposal(message))
    }

    // MARK: Evidence

    /// A vote of a validator at its position in the present set, signed with its key.
    package func ballot(
        _ position: Int, _ kind: WireVoteKind, view: UInt64 = 1, height: UInt64 = 1, block: Hash32 = Hash32(7, 7, 7, 7),
        epoch: UInt64? = nil, signedBy key: SigningKey? = nil
    ) throws -> WireVote {
        let validator = validators[position]
        var vote = WireVote()
        (vote.epoch, vote.view, vote.kind) = (epoch ?? plan.epoch, view, kind)
        vote.height = kind == .nullify ? 0 : height
        vote.block = .init((kind == .nullify ? Hash32.zero : block).bytes)
        vote.signer = UInt32(plan.validators.members.firstIndex { $0.key == validator.id } ?? 0)
        let statement = EquivocationRules.statement(vote, profile: chain.genesis.wire.profile, chainID: chain.genesis.chainID)
        vote.signature = .init(try (key ?? validator.key).sign(statement, context: .vote))
        return vote
    }

    /// Proof that the validator voted for two blocks in a view of the present epoch.
    package func equivocation(_ position: Int, view: UInt64 = 1) throws -> [UInt8] {
        EquivocationRules.evidence(
            try ballot(position, .notarise, view: view, block: Hash32(1, 1, 1, 1)),
            try ballot(position, .notarise, view: view, block: Hash32(2, 2, 2, 2))
        ).encoded()
    }
}
