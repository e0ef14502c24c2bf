import AuthenticatedState
import ChainTypes
import Cryptography
import Execution
import FoundationEssentials
import LightClient
import Modules
import Primitives
import StateModel
import SwiftProtobuf
import WireTypes

/// A chain with its real rules, its real state tree and real certificates, block after block at the test's own pace: what a light client
/// and an enclave follow as they would a node's.
final class ProvenChain {
    let genesis: Genesis
    let operatorKey: SigningKey
    private let validatorKey: SigningKey
    private let executor: BlockExecutor
    private let tree: StateTree
    private let store = MemoryNodeStore()
    private var plan: EpochPlan
    private var nonces: [Address: UInt64] = [:]
    private(set) var header: BlockHeader?
    /// All certified headers, from height 1 on.
    private(set) var headers: [WireCertifiedHeader] = []
    /// Sidecars and transactions, as a node's archive has them.
    private(set) var sidecars: [Hash32: [UInt8]] = [:]
    private(set) var transactions: [Hash32: [UInt8]] = [:]

    init(funded: [Address], _ adjust: (inout WireGenesis) -> Void) throws {
        var generator = SeededGenerator(seed: 2_026)
        operatorKey = try SigningKey.ed25519(seed: generator.bytes(32))
        validatorKey = try SigningKey.ed25519(seed: generator.bytes(32))
        var wire = WireGenesis()
        (wire.version, wire.chainID, wire.time, wire.profile) = (Genesis.version, "jupiter-sg", 1_800_000_000_000, .byzantine)
        var validator = WireValidator()
        validator.publicKey = .init(validatorKey.verificationKey.bytes)
        (validator.votingWeight, validator.leaderWeight) = (1, 1)
        wire.validators.validators = [validator]
        wire.allocations = ([operatorKey.address] + funded).map { address in
            var allocation = WireAllocation()
            (allocation.account, allocation.amount) = (.init(address.bytes), 1_000_000)
            return allocation
        }
        wire.operator = .init(operatorKey.address.bytes)
        wire.parameters = Genesis.defaultParameters
        adjust(&wire)
        genesis = try Genesis(encoding: wire)
        executor = BlockExecutor(genesis: genesis)
        tree = StateTree(store: store, version: nil)
        plan = EpochPlan(genesis: genesis)
        store.commit(try tree.apply(executor.genesisWrites(), version: 1))
        plan = try executor.plan(after: 0, on: committed)
    }

    var chainID: String { genesis.chainID }
    var height: UInt64 { header?.height ?? 0 }
    var time: UInt64 { header?.time ?? genesis.wire.time }
    var hash: Hash32 { header?.hash ?? genesis.hash }
    private var committed: Committed { Committed(tree: tree) }

    /// Signs `messages` with the sender's next nonce.
    func sign(_ messages: [WireMessage], by key: SigningKey) throws -> SignedTransaction {
        var body = WireTransactionBody()
        (body.chainID, body.sender, body.validUntil, body.fee) = (chainID, .init(key.address.bytes), height + 100, 1)
        body.nonce = nonces[key.address, default: 0] + 1
        body.messages = messages
        nonces[key.address] = body.nonce
        return try SignedTransaction(signing: body, with: key)
    }

    /// Executes and certifies a block.
    @discardableResult
    func block(_ transactions: [SignedTransaction] = [], sidecars: [[UInt8]] = [], seconds: UInt64 = 1) throws -> [WireReceipt] {
        let next = try nextHeader(transactions, seconds: seconds)
        let result = try executor.execute(transactions, parent: hash, context: BlockContext(next), on: committed)
        let certified = try certify(next)
        store.commit(try tree.apply(result.writes, version: next.height + 1))
        for sidecar in sidecars { self.sidecars[Sidecar.commitment(sidecar)] = sidecar }
        for transaction in transactions { self.transactions[transaction.id] = transaction.bytes }
        for erased in result.erasedSidecars { self.sidecars[erased] = nil }
        (header, plan) = (next, result.plan)
        headers.append(certified)
        return result.receipts
    }

    /// Signs and executes one message in a block of its own; the code of its receipt, and what it made.
    @discardableResult
    func submit(_ message: WireMessage, by key: SigningKey, sidecars: [[UInt8]] = []) throws -> (code: UInt32, id: Hash32) {
        let transaction = try sign([message], by: key)
        return (try block([transaction], sidecars: sidecars)[0].code, transaction.messageIdentifier(0))
    }

    private func nextHeader(_ transactions: [SignedTransaction], seconds: UInt64) throws -> BlockHeader {
        var wire = WireHeader()
        (wire.version, wire.chainID, wire.height, wire.epoch) = (BlockHeader.version, chainID, height + 1, plan.epoch)
        wire.view = (header.map { $0.lastOfEpoch ? 0 : $0.view } ?? 0) + 1
        wire.parent = .init(hash.bytes)
        wire.proposer = .init(validatorKey.verificationKey.bytes)
        wire.time = time + seconds * 1000
        wire.transactionsRoot = .init(Block.transactionsRoot(transactions).bytes)
        wire.evidenceRoot = .init(MerkleList.root([]).bytes)
        wire.stateRoot = .init(try tree.root().bytes)
        wire.receiptsRoot = .init(Hash32.zero.bytes)
        wire.validatorsHash = .init(plan.validators.hash.bytes)
        wire.nextValidatorsHash = .init((plan.following ?? plan.validators).hash.bytes)
        (wire.lastOfEpoch, wire.applicationVersion) = (plan.closes, 1)
        return try BlockHeader(encoding: wire)
    }

    private func certify(_ header: BlockHeader) throws -> WireCertifiedHeader {
        var builder = CertificateBuilder(header: header, view: header.view, validators: plan.validators, profile: .byzantine)
        try builder.sign(with: validatorKey)
        var certified = WireCertifiedHeader()
        (certified.header, certified.certificate) = (.init(header.bytes), .init(try builder.certificate().bytes))
        if let following = plan.following { certified.nextValidators = .init(following.bytes) }
        return certified
    }

    /// What the newest header proves of `key`: the state after the block before it.
    func prove(_ key: [UInt8]) throws -> WireProvenValue {
        var proven = WireProvenValue()
        proven.value = .init(try tree.get(key, version: height) ?? [])
        proven.proof = .init(try tree.prove(key, version: height).encode())
        return proven
    }

    /// The newest value.
    func value<M: SwiftProtobuf.Message>(_ key: [UInt8], as type: M.Type = M.self) throws -> M? {
        try tree.get(key).map { try M(serializedBytes: $0) }
    }

    private struct Committed: CommittedState {
        let tree: StateTree
        func value(_ key: [UInt8]) throws -> [UInt8]? { try tree.get(key) }
    }
}
