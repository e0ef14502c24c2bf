import ChainTypes
import Cryptography
import Execution
import FoundationEssentials
import Modules
import Primitives
import SwiftProtobuf
import WireTypes

/// A dictionary in the place of the authenticated state.
package struct MemoryState: CommittedState {
    package var values: [[UInt8]: [UInt8]] = [:]

    package init() {}

    package func value(_ key: [UInt8]) throws -> [UInt8]? { values[key] }

    package mutating func apply(_ writes: [(key: [UInt8], value: [UInt8]?)]) {
        for (key, value) in writes { values[key] = value }
    }
}

/// A chain without consensus, disk or clock: the executor over a dictionary, block after block at the test's own pace.
package struct MemoryChain {
    package let genesis: Genesis
    package let executor: BlockExecutor
    package private(set) var state = MemoryState()
    package private(set) var height: UInt64 = 0
    package private(set) var lastHash: Hash32
    /// Of the next block.
    package private(set) var plan: EpochPlan
    /// The header of the newest block, and what happened to it as a whole.
    package private(set) var lastHeader: BlockHeader?
    package private(set) var lastEvents: [WireEvent] = []
    /// The sidecars that the newest block let go of.
    package private(set) var lastErased: [Hash32] = []
    /// The view of the epoch's newest block.
    private var view: UInt64 = 0
    /// Milliseconds since 1970; a block takes a second unless a test moves it.
    package var time: UInt64

    /// The account that admits enclaves and localities.
    package let operatorKey: SigningKey
    package let validatorKey: SigningKey
    private var nonces: [Address: UInt64] = [:]

    package init(
        chainID: String = "jupiter-test", funded: [Address] = [], amount: UInt64 = 1_000_000_000, seed: UInt64 = 1,
        _ adjust: (inout WireGenesis) -> Void = { _ in }
    ) throws {
        var generator = SeededGenerator(seed: seed)
        operatorKey = try SigningKey.ed25519(seed: generator.bytes(32))
        validatorKey = try SigningKey.ed25519(seed: generator.bytes(32))
        var wire = WireGenesis()
        wire.version = Genesis.version
        wire.chainID = chainID
        wire.time = 1_800_000_000_000
        wire.profile = .byzantine
        var validator = WireValidator()
        validator.publicKey = .init(validatorKey.verificationKey.bytes)
        validator.votingWeight = 1
        validator.leaderWeight = 1
        wire.validators.validators = [validator]
        wire.allocations = ([operatorKey.address] + funded).map { address in
            var allocation = WireAllocation()
            allocation.account = .init(address.bytes)
            allocation.amount = amount
            return allocation
        }
        wire.operator = .init(operatorKey.address.bytes)
        wire.allowSimulatedEnclaves = true
        wire.parameters = Genesis.defaultParameters
        adjust(&wire)
        genesis = try Genesis(encoding: wire)
        executor = BlockExecutor(genesis: genesis)
        time = wire.time
        lastHash = genesis.hash
        state.apply(executor.genesisWrites())
        plan = try executor.plan(after: 0, on: state)
    }

    /// Writes a value as if an earlier block had left it.
    package mutating func write(_ message: some SwiftProtobuf.Message, at key: [UInt8]) {
        state.apply([(key: key, value: message.encoded())])
    }

    /// Signs `messages` with the sender's next nonce.
    package mutating func sign(
        _ messages: [WireMessage], by key: SigningKey, fee: UInt64 = 1, _ adjust: (inout WireTransactionBody) -> Void = { _ in }
    ) throws -> SignedTransaction {
        var body = WireTransactionBody()
        body.chainID = genesis.chainID
        body.sender = .init(key.address.bytes)
        body.nonce = nonces[key.address, default: 0] + 1
        body.validUntil = height + 100
        body.fee = fee
        body.messages = messages
        adjust(&body)
        let transaction = try SignedTransaction(signing: body, with: key)
        if !transaction.isFreeWithdrawal { nonces[key.address] = body.nonce }
        return transaction
    }

    /// Executes one block, a second after the last, led by whom the schedule says.
    /// - Parameter skipping: how many views were nullified before the block's.
    @discardableResult
    package mutating func block(
        _ transactions: [SignedTransaction] = [], evidence: [[UInt8]] = [], skipping: UInt64 = 0, seconds: UInt64 = 1
    ) throws -> [WireReceipt] {
        let header = try nextHeader(transactions, evidence: evidence, skipping: skipping, seconds: seconds)
        let context = BlockContext(header)
        let result = try executor.execute(transactions, evidence: evidence, parent: lastHash, context: context, on: state)
        state.apply(result.writes)
        (height, time, lastHash, lastHeader) = (header.height, header.time, header.hash, header)
        view = header.lastOfEpoch ? 0 : header.view
        (plan, lastEvents, lastErased) = (result.plan, result.events, result.erasedSidecars)
        return result.receipts
    }

    /// The header of a next block as an honest leader makes it; the roots of state and receipts stand for nothing.
    package func nextHeader(
        _ transactions: [SignedTransaction] = [], evidence: [[UInt8]] = [], skipping: UInt64 = 0, seconds: UInt64 = 1
    ) throws -> BlockHeader {
        var wire = WireHeader()
        wire.version = BlockHeader.version
        wire.chainID = genesis.chainID
        (wire.height, wire.epoch, wire.view) = (height + 1, plan.epoch, view + 1 + skipping)
        wire.parent = .init(lastHash.bytes)
        let leader = plan.validators.members[LeaderSchedule(plan.validators).leader(wire.view)]
        wire.proposer = .init(leader.key.bytes)
        wire.time = time + seconds * 1000
        wire.transactionsRoot = .init(Block.transactionsRoot(transactions).bytes)
        wire.evidenceRoot = .init(MerkleList.root(evidence.map(MerkleList.leaf)).bytes)
        wire.stateRoot = .init(Hash32(height, 1, 0, 0).bytes)
        wire.receiptsRoot = .init(Hash32(height, 2, 0, 0).bytes)
        wire.validatorsHash = .init(plan.validators.hash.bytes)
        wire.nextValidatorsHash = .init((plan.following ?? plan.validators).hash.bytes)
        wire.lastOfEpoch = plan.closes
        wire.applicationVersion = 1
        return try BlockHeader(encoding: wire)
    }

    /// Puts a value into the state past all rules: what another part of the chain would have written.
    package mutating func write(_ key: [UInt8], _ value: [UInt8]) { state.apply([(key, value)]) }

    /// Signs and executes `messages` in a block of their own; the receipt's code.
    @discardableResult
    package mutating func submit(_ messages: WireMessage..., by key: SigningKey) throws -> UInt32 {
        try block([try sign(messages, by: key)])[0].code
    }

    package func account(_ address: Address) throws -> WireAccount { try message(StateKey.account(address)) ?? WireAccount() }

    package func message<M: SwiftProtobuf.Message>(_ key: [UInt8], as type: M.Type = M.self) throws -> M? {
        try state.values[key].map { try M(serializedBytes: $0) }
    }

    /// Everything that exists of JUPT: balances, escrow and collected fees.
    package func totalSupply() throws -> UInt64 {
        let family = StateKey.family("accounts")
        var total = number(StateKey.escrowTotal) + number(StateKey.feesCollected)
        for (key, value) in state.values where key.starts(with: family) { total += try WireAccount(serializedBytes: value).balance }
        return total
    }

    package func number(_ key: [UInt8]) -> UInt64 { (state.values[key] ?? []).reduce(0) { $0 << 8 | UInt64($1) } }
}

extension WireMessage {
    /// A message of this kind.
    package init(_ kind: OneOf_Kind) {
        self.init()
        self.kind = kind
    }
}
