import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import Node
import Primitives
import Synchronization
import Testing
import WireTypes

/// Transactions of some accounts, and the nonces that the state holds of them.
private final class Accounts: Sendable {
    let keys: [SigningKey]
    let nonces = Mutex<[Address: UInt64]>([:])

    init(_ count: UInt8) throws {
        keys = try (1...count).map { try SigningKey.ed25519(seed: [UInt8](repeating: $0, count: 32)) }
    }

    func transaction(_ sender: Int, nonce: UInt64, validUntil: UInt64 = 1_000, withdrawal: UInt8? = nil) throws -> SubmittedTransaction {
        var message = WireMessage()
        if let withdrawal {
            message.withdrawConsent.grant = Data([UInt8](repeating: withdrawal, count: 32))
        } else {
            message.transfer.amount = 1
        }
        var body = WireTransactionBody()
        body.chainID = "jupiter-test"
        body.sender = .init(keys[sender].address.bytes)
        (body.nonce, body.validUntil, body.fee) = (nonce, validUntil, withdrawal == nil ? 1 : 0)
        body.messages = [message]
        return try SubmittedTransaction(SignedTransaction(signing: body, with: keys[sender]), sidecars: [])
    }

    func pool(_ limits: MempoolLimits = MempoolLimits()) -> Mempool {
        Mempool(limits: limits, check: { _ in }, stateNonce: { address in self.nonces.withLock { $0[address] ?? 1 } })
    }

    func commit(_ transactions: [SubmittedTransaction], height: UInt64, to pool: Mempool) {
        for submitted in transactions where !submitted.transaction.isFreeWithdrawal {
            nonces.withLock { $0[submitted.transaction.sender] = submitted.transaction.body.nonce + 1 }
        }
        pool.committed(transactions.map(\.transaction), height: height)
    }
}

private let everything = ProposalBounds(bytes: 1 << 24, transactions: 10_000, sidecarBytes: 1 << 26)

@Suite struct `Transactions that wait` {
    @Test func `a sender's transactions go by nonce without gaps`() throws {
        let accounts = try Accounts(1)
        let pool = accounts.pool()
        for nonce in [UInt64(3), 1, 5] { try pool.insert(accounts.transaction(0, nonce: nonce)) }
        #expect(try pool.pendingNonce(accounts.keys[0].address) == 2)
        #expect(pool.take(everything).map(\.transaction.body.nonce) == [1])
        // What waits behind a gap does not make an idle chain busy.
        #expect(pool.backlog == 0 && pool.count == 3)
        try pool.insert(accounts.transaction(0, nonce: 2))
        #expect(pool.take(everything).map(\.transaction.body.nonce) == [2, 3])
        #expect(try pool.pendingNonce(accounts.keys[0].address) == 4)
    }

    @Test func `senders take turns`() throws {
        let accounts = try Accounts(3)
        let pool = accounts.pool()
        for nonce in UInt64(1)...4 { try pool.insert(accounts.transaction(0, nonce: nonce)) }
        try pool.insert(accounts.transaction(1, nonce: 1))
        try pool.insert(accounts.transaction(2, nonce: 1))
        let bounds = ProposalBounds(bytes: 1 << 20, transactions: 4, sidecarBytes: 0)
        #expect(Set(pool.take(bounds).map(\.transaction.sender)).count == 3)
    }

    @Test func `withdrawals go first and have room of their own`() throws {
        let accounts = try Accounts(2)
        let pool = accounts.pool(MempoolLimits(bytes: 1 << 20, transactions: 3, transactionsPerSender: 100))
        for nonce in UInt64(1)...3 { try pool.insert(accounts.transaction(0, nonce: nonce)) }
        #expect(throws: NodeError.mempoolFull) { try pool.insert(accounts.transaction(1, nonce: 1)) }
        let withdrawals = try (1...16).map { try accounts.transaction(1, nonce: 0, withdrawal: UInt8($0)) }
        for withdrawal in withdrawals { try pool.insert(withdrawal) }
        #expect(throws: NodeError.mempoolFull) { try pool.insert(accounts.transaction(1, nonce: 0, withdrawal: 99)) }
        #expect(pool.take(everything).map(\.transaction.id).prefix(16) == withdrawals.map(\.transaction.id)[...])
    }

    @Test func `the same transaction, a used nonce and too many of one sender are refused`() throws {
        let accounts = try Accounts(1)
        let pool = accounts.pool(MempoolLimits(bytes: 1 << 20, transactions: 100, transactionsPerSender: 3))
        let first = try accounts.transaction(0, nonce: 1)
        try pool.insert(first)
        #expect(throws: TransactionError.alreadyKnown) { try pool.insert(first) }
        #expect(throws: TransactionError.replayed) { try pool.insert(accounts.transaction(0, nonce: 1, validUntil: 7)) }
        #expect(throws: TransactionError.nonceGap) { try pool.insert(accounts.transaction(0, nonce: 100)) }
        try pool.insert(accounts.transaction(0, nonce: 2))
        try pool.insert(accounts.transaction(0, nonce: 3))
        #expect(throws: NodeError.senderQueueFull) { try pool.insert(accounts.transaction(0, nonce: 4)) }
    }

    @Test func `what the application leaves out waits again, and what expires goes`() throws {
        let accounts = try Accounts(2)
        let pool = accounts.pool()
        let transactions = try (1...3).map { try accounts.transaction(0, nonce: $0, validUntil: 10) }
        for transaction in transactions { try pool.insert(transaction) }
        let taken = pool.take(everything)
        pool.putBack(Array(taken[1...]))
        accounts.commit([taken[0]], height: 5, to: pool)
        #expect(pool.backlog == 1 && pool.count == 2)
        #expect(pool.take(everything).map(\.transaction.body.nonce) == [2, 3])
        pool.putBack(Array(taken[1...]))
        accounts.commit([], height: 10, to: pool)
        #expect(pool.count == 0 && pool.backlog == 0 && pool.bytes == 0)
    }

    @Test func `a transaction left out again and again is dropped`() throws {
        let accounts = try Accounts(1)
        let pool = accounts.pool()
        try pool.insert(accounts.transaction(0, nonce: 1))
        for _ in 0..<5 { pool.putBack(pool.take(everything)) }
        #expect(pool.count == 0 && pool.take(everything).isEmpty)
    }

    @Test func `bounds of a proposal hold`() throws {
        let accounts = try Accounts(5)
        let pool = accounts.pool()
        let transactions = try (0..<5).map { try accounts.transaction($0, nonce: 1) }
        for transaction in transactions { try pool.insert(transaction) }
        let size = transactions[0].transaction.bytes.count + 6
        #expect(pool.take(ProposalBounds(bytes: size * 2 + size / 2, transactions: 10, sidecarBytes: 0)).count == 2)
        #expect(pool.take(ProposalBounds(bytes: 1 << 20, transactions: 1, sidecarBytes: 0)).count == 1)
        #expect(pool.take(everything).count == 2 && pool.backlog == 0)
    }

    @Test func `random histories keep counts, order and nonces right`() throws {
        for seed in UInt64(1)...30 {
            var random = SeededGenerator(seed: seed)
            let accounts = try Accounts(4)
            let pool = accounts.pool()
            var next = [UInt64](repeating: 1, count: 4)
            var executed = [UInt64](repeating: 1, count: 4)
            for height in UInt64(1)...40 {
                for _ in 0..<Int.random(in: 0...5, using: &random) {
                    let sender = Int.random(in: 0..<4, using: &random)
                    try pool.insert(accounts.transaction(sender, nonce: next[sender], validUntil: 10_000))
                    next[sender] += 1
                }
                let bounds = ProposalBounds(bytes: 1 << 20, transactions: Int.random(in: 1...6, using: &random), sidecarBytes: 0)
                let taken = pool.take(bounds)
                let kept = taken.count - Int.random(in: 0...min(1, taken.count), using: &random)
                pool.putBack(Array(taken[kept...]))
                for submitted in taken[..<kept] {
                    let sender = accounts.keys.firstIndex { $0.address == submitted.transaction.sender } ?? 0
                    #expect(submitted.transaction.body.nonce == executed[sender], "seed \(seed), height \(height)")
                    executed[sender] += 1
                }
                accounts.commit(Array(taken[..<kept]), height: height, to: pool)
            }
            while true {
                let rest = pool.take(everything)
                if rest.isEmpty { break }
                accounts.commit(rest, height: 50, to: pool)
            }
            #expect(pool.backlog == 0 && pool.bytes >= 0, "seed \(seed)")
        }
    }
}
