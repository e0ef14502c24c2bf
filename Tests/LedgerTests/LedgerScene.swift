import ChainTypes
import Cryptography
import FoundationEssentials
import Ledger
import LedgerSupport
import Primitives
import Storage
import WireTypes

/// A block with what it is executed from, made by hand: no engine, no votes.
struct SceneBlock {
    let block: Block
    let content: BlockContent
    var hash: Hash32 { block.header.hash }
    var height: UInt64 { block.header.height }
    var context: BlockContext { BlockContext(block.header) }
}

/// A place to build on: the head of a ledger or a block executed on it.
struct ScenePoint {
    let hash: Hash32
    let height: UInt64
    let time: UInt64
    let stateRoot: Hash32
    let receiptsRoot: Hash32
    /// The last nonce of each account.
    var nonces: [Int]

    init(_ head: ApplicationHead, nonces: [Int]) {
        (hash, height, time, stateRoot) = (head.blockHash, head.height, head.time, head.stateRoot)
        (receiptsRoot, self.nonces) = (head.receiptsRoot, nonces)
    }

    init(_ block: SceneBlock, _ outcome: BlockOutcome, nonces: [Int]) {
        (hash, height, time, stateRoot) = (block.hash, block.height, block.block.header.time, outcome.stateRoot)
        (receiptsRoot, self.nonces) = (outcome.receiptsRoot, nonces)
    }
}

/// A chain with eight funded accounts.
struct LedgerScene {
    let genesis: Genesis
    let keys: [SigningKey]

    init(seed: UInt64 = 1) throws {
        var generator = SeededGenerator(seed: seed)
        keys = try (0..<8).map { _ in try SigningKey.ed25519(seed: generator.bytes(32)) }
        genesis = try MemoryChain(funded: keys.map(\.address), seed: seed).genesis
    }

    var start: [Int] { keys.map { _ in 0 } }

    func transaction(_ account: Int, nonce: Int, _ messages: [WireMessage], sidecars: [[UInt8]] = []) throws -> SubmittedTransaction {
        var body = WireTransactionBody()
        body.chainID = genesis.chainID
        body.sender = .init(keys[account].address.bytes)
        body.nonce = UInt64(nonce)
        body.validUntil = 10_000
        body.fee = 1
        body.messages = messages
        return try SubmittedTransaction(SignedTransaction(signing: body, with: keys[account]), sidecars: sidecars)
    }

    /// A transfer to one of the accounts, or to one that is new.
    func transfer(_ account: Int, nonce: Int, generator: inout SeededGenerator) throws -> SubmittedTransaction {
        var transfer = WireTransfer()
        let known = generator.next() % 2 == 0
        transfer.to = .init(known ? keys[Int(generator.next() % 8)].address.bytes : generator.bytes(32))
        // Now and then more than there is: a receipt that refuses.
        transfer.amount = generator.next() % 10 == 0 ? 10_000_000_000 : 1 + generator.next() % 1_000
        return try transaction(account, nonce: nonce, [WireMessage(.transfer(transfer))])
    }

    func block(on point: ScenePoint, _ transactions: [SubmittedTransaction], view: UInt64? = nil) throws -> SceneBlock {
        var wire = WireHeader()
        wire.version = BlockHeader.version
        wire.chainID = genesis.chainID
        wire.height = point.height + 1
        wire.view = view ?? point.height + 1
        wire.parent = .init(point.hash.bytes)
        wire.proposer = .init(genesis.validators.members[0].key.bytes)
        wire.time = point.time + 1_000
        let signed = transactions.map(\.transaction)
        wire.transactionsRoot = .init(Block.transactionsRoot(signed).bytes)
        wire.evidenceRoot = .init(MerkleList.root([]).bytes)
        wire.stateRoot = .init(point.stateRoot.bytes)
        wire.receiptsRoot = .init(point.receiptsRoot.bytes)
        wire.validatorsHash = .init(genesis.validators.hash.bytes)
        wire.nextValidatorsHash = .init(genesis.validators.hash.bytes)
        wire.applicationVersion = 1
        return SceneBlock(block: Block(header: try BlockHeader(encoding: wire), transactions: signed), content: BlockContent(transactions))
    }

    /// A block of random transfers in the order of their nonces; the point after it lacks only its roots.
    func randomBlock(on point: ScenePoint, most: Int = 6, view: UInt64, generator: inout SeededGenerator) throws -> (SceneBlock, [Int]) {
        var nonces = point.nonces
        let transactions = try (0..<Int(generator.next() % UInt64(most + 1))).map { _ in
            let account = Int(generator.next() % 8)
            nonces[account] += 1
            return try transfer(account, nonce: nonces[account], generator: &generator)
        }
        return (try block(on: point, transactions, view: view), nonces)
    }
}

extension LedgerApplication {
    /// Executes and commits; the outcome.
    @discardableResult
    func run(_ block: SceneBlock) throws -> BlockOutcome {
        let outcome = try finalizeBlock(block.content, hash: block.hash, context: block.context)
        try commit(block.block, certificate: nil)
        return outcome
    }
}
