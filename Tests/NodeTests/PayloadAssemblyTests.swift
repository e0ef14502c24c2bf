import ChainTypes
import Cryptography
import FoundationEssentials
import Glibc
import Networking
import Node
import Primitives
import Synchronization
import Testing
import WireTypes

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isUp: Bool { value.load(ordering: .acquiring) }
    func raise() { value.store(true, ordering: .releasing) }
}

private enum Made {
    static func transaction(_ seed: UInt8, isForged: Bool = false) throws -> SubmittedTransaction {
        let key = try SigningKey.ed25519(seed: [UInt8](repeating: seed, count: 32))
        var message = WireMessage()
        message.transfer.amount = 1
        var body = WireTransactionBody()
        body.chainID = "jupiter-test"
        body.sender = .init(key.address.bytes)
        (body.nonce, body.validUntil, body.fee) = (1, 1_000, 1)
        body.messages = [message]
        let signed = try SignedTransaction(signing: body, with: key)
        guard isForged else { return try SubmittedTransaction(signed, sidecars: []) }
        var wire = try WireTransaction(strictly: signed.bytes, limit: 1 << 20)
        wire.signature = Data([UInt8](repeating: 1, count: 64))
        return try SubmittedTransaction(SignedTransaction(decoding: wire.encoded()), sidecars: [])
    }

    static func header() throws -> BlockHeader {
        var wire = WireHeader()
        (wire.version, wire.chainID, wire.height, wire.view, wire.time) = (BlockHeader.version, "jupiter-test", 5, 1, 1)
        let hash = Data(Hash32(1, 2, 3, 4).bytes)
        (wire.parent, wire.proposer, wire.transactionsRoot, wire.evidenceRoot) = (hash, hash, hash, hash)
        (wire.stateRoot, wire.receiptsRoot, wire.validatorsHash, wire.nextValidatorsHash) = (hash, hash, hash, hash)
        return try BlockHeader(encoding: wire)
    }
}

@Suite struct `Blocks that are not whole yet` {
    @Test func `a named transaction fills its place, another does not`() throws {
        let (one, two) = (try Made.transaction(1), try Made.transaction(2))
        var partial = PartialBlock(
            header: try Made.header(), evidence: [], transactions: [.id(one.transaction.id), .full(two.encoded)])
        #expect(partial.gaps.map(\.position) == [0, 1] && partial.gaps.map(\.id) == [one.transaction.id, nil])
        partial.put(two, at: 0)
        #expect(partial.missing == 2)
        partial.put(two, at: 1)
        partial.put(two, at: 1)
        partial.put(two, at: 7)
        #expect(partial.missing == 1 && !partial.isWhole && !partial.usesMempool)
        partial.put(one, at: 0, fromMempool: true)
        #expect(partial.isWhole && partial.usesMempool)
        #expect(partial.transactions.map(\.transaction.id) == [one.transaction.id, two.transaction.id])
    }

    @Test func `an answer for everything is whole once it has ended without gaps`() throws {
        let (one, two) = (try Made.transaction(1), try Made.transaction(2))
        var partial = PartialBlock(growing: try Made.header(), evidence: [])
        #expect(!partial.isWhole)
        partial.put(two, at: 1)
        #expect(partial.missing == 1)
        partial.close()
        #expect(!partial.isWhole)
        partial.put(one, at: 0)
        #expect(partial.isWhole && partial.transactions.count == 2)
        partial.put(one, at: 2)
        #expect(partial.transactions.count == 2)
    }

    @Test func `questions come late, not while an answer comes, and ever more seldom`() {
        var questions = PayloadQuestions(now: 1_000)
        #expect(!questions.isDue(now: 1_049, all: false, isBusy: false))
        #expect(questions.isDue(now: 1_050, all: false, isBusy: false))
        #expect(!questions.isDue(now: 1_199, all: false, isBusy: true) && questions.isDue(now: 1_200, all: false, isBusy: true))
        #expect(!questions.isDue(now: 1_249, all: true, isBusy: false) && questions.isDue(now: 1_250, all: true, isBusy: false))
        // Nothing has been asked: what comes is no answer.
        questions.answered(now: 1_040)
        #expect(questions.isDue(now: 1_050, all: false, isBusy: false))

        questions.asked(now: 2_000)
        #expect(!questions.isDue(now: 2_399, all: false, isBusy: false) && questions.isDue(now: 2_400, all: false, isBusy: false))
        questions.answered(now: 2_300)
        #expect(!questions.isDue(now: 2_699, all: false, isBusy: false) && questions.isDue(now: 2_700, all: false, isBusy: false))
        questions.asked(now: 3_000)
        #expect(!questions.isDue(now: 3_799, all: true, isBusy: false) && questions.isDue(now: 3_800, all: true, isBusy: false))
        for _ in 0..<100 { questions.asked(now: 4_000) }
        #expect(!questions.isDue(now: 7_199, all: true, isBusy: false) && questions.isDue(now: 7_200, all: true, isBusy: false))
    }
}

@Suite struct `Transactions from peers` {
    private func inbox(_ pool: Mempool, workers: WorkerPool) -> TransactionInbox {
        TransactionInbox(mempool: pool, lane: WorkerPool(width: 2), workers: workers)
    }

    private func pool() -> Mempool { Mempool(check: { _ in }, stateNonce: { _ in 1 }) }

    private func receive(_ encoded: [[UInt8]], _ inbox: TransactionInbox) async -> [Hash32] {
        await withCheckedContinuation { continuation in inbox.receive(encoded) { continuation.resume(returning: $0) } }
    }

    @Test func `good ones reach the mempool, and the batch is done when all were looked at`() async throws {
        let pool = pool()
        let inbox = inbox(pool, workers: WorkerPool(width: 2))
        let good = try (1...150).map { try Made.transaction(UInt8($0)) }
        let forged = try Made.transaction(200, isForged: true)
        let known = await receive(good.map(\.encoded) + [forged.encoded, [1, 2, 3]], inbox)
        #expect(known == (good + [forged]).map(\.transaction.id))
        #expect(pool.count == 150 && !pool.contains(forged.transaction.id) && !inbox.isBusy)
        // Again: nothing is left to do, and it is done all the same.
        #expect(await receive(good.map(\.encoded), inbox).count == 150)
        #expect(await receive([], inbox).isEmpty)
    }

    @Test func `what is claimed does not wait for its turn`() async throws {
        let pool = pool()
        // The only worker is held up.
        let workers = WorkerPool(width: 1)
        let gate = Flag()
        let holding = Task { try await workers.run { while !gate.isUp { usleep(500) } } }
        let inbox = inbox(pool, workers: workers)
        let batch = try (1...3).map { try Made.transaction(UInt8($0)) } + [Made.transaction(9, isForged: true)]
        let done = Task { await receive(batch.map(\.encoded), inbox) }
        let wanted = [batch[1].transaction.id, batch[3].transaction.id, Hash32(1, 1, 1, 1)]
        var claimed: [Hash32: SubmittedTransaction] = [:]
        while claimed.isEmpty {
            try await Task.sleep(for: .milliseconds(1))
            claimed = await inbox.claim(wanted)
        }
        #expect(Array(claimed.keys) == [batch[1].transaction.id])
        #expect(pool.count == 1)
        gate.raise()
        #expect(await done.value.count == 4)
        #expect(pool.count == 3)
        _ = try await holding.value
    }

    @Test func `a pool that takes no more work leaves the transactions to their sender`() async throws {
        let pool = pool()
        let workers = WorkerPool(width: 1, maximumWaiting: 1)
        let gate = Flag()
        let holding = Task { try await workers.run { while !gate.isUp { usleep(500) } } }
        let isFull = Flag()
        var waiting: [Task<Void, Never>] = []
        while !isFull.isUp {
            waiting.append(Task { if (try? await workers.run {}) == nil { isFull.raise() } })
            try await Task.sleep(for: .milliseconds(1))
        }
        let inbox = inbox(pool, workers: workers)
        let known = await receive([try Made.transaction(1).encoded], inbox)
        #expect(known.count == 1 && pool.count == 0)
        gate.raise()
        _ = try await holding.value
        for task in waiting { await task.value }
        // Another peer tells of it later.
        _ = await receive([try Made.transaction(1).encoded], inbox)
        #expect(pool.count == 1)
    }
}
