import ChainTypes
import Cryptography
import DataModel
import Engine
import Foundation
import FoundationEssentials
import Ledger
import Node
import Primitives
import Simplex
import Storage
import Synchronization
import WireTypes

/// How fast one validator takes in, orders, executes and commits record transactions, against what one core can verify.
package struct RecordThroughput: Sendable, Codable {
    /// Transactions of the measured run.
    package var transactions: Int
    package var blocks: Int
    package var transactionsPerSecond: Double
    /// Verifications of the same transactions' signatures, one core.
    package var verificationsPerSecond: Double
    /// Processor time of the whole process for one transaction, in microseconds.
    package var cpuMicroseconds: Double
    /// Bytes of a transaction without its sidecar.
    package var transactionBytes: Int

    package var ratio: Double { transactionsPerSecond / verificationsPerSecond }
}

/// Runs the intake, mempool, engine, execution and synced commits of a node, without its HTTP server.
package struct RecordBenchmark {
    let senders: Int
    let perSender: Int
    private var generator = SeededGenerator(seed: 0x6a75)

    package init(senders: Int = 2_000, perSender: Int = 20) { (self.senders, self.perSender) = (senders, perSender) }

    /// - Parameter directory: where the chain's data go for the time of the run.
    package mutating func run(in directory: URL) async throws -> RecordThroughput {
        let keys = try (0..<senders).map { _ in try SigningKey.ed25519(seed: generator.bytes(32)) }
        let validator = try SigningKey.ed25519(seed: generator.bytes(32))
        let genesis = try Self.genesis(keys, validator: validator)
        let batches = try transactions(keys, chainID: genesis.chainID)
        let verifications = try Self.verificationsPerSecond(batches)
        let store = try ChainStore(path: directory.appendingPathComponent("chain").path)
        defer { store.close() }
        let application = try LedgerApplication(store: store, genesis: genesis)
        let mempool = Mempool(
            limits: MempoolLimits(bytes: 4 << 30, transactions: senders * perSender + 10, transactionsPerSender: perSender + 1),
            check: { try application.checkTransaction($0) }, stateNonce: { try application.account($0).nonce + 1 })
        let committed = Atomic<Int>(0)
        var settings = SimplexEngine.Settings()
        settings.blockInterval = 1
        let engine = try SimplexEngine(
            genesis: genesis, key: validator, application: application, source: mempool,
            history: .init(base: BlockReference(hash: genesis.hash, height: 0), certificate: nil), settings: settings
        ) {
            mempool.committed($0.block.transactions, height: $0.block.header.height)
            committed.add($0.block.transactions.count, ordering: .relaxed)
        }
        let intake = TransactionIntake(mempool: mempool, workers: WorkerPool(width: 2))
        let run = Task { try await engine.run() }
        try await publishDataset(validator, genesis, intake)
        while committed.load(ordering: .relaxed) < 1 { try await Task.sleep(for: .milliseconds(1)) }
        let result = try await measure(
            batches, intake: intake, application: application, verifications: verifications,
            committed: { committed.load(ordering: .relaxed) - 1 })
        run.cancel()
        try await run.value
        return result
    }

    private func measure(
        _ batches: [[[UInt8]]], intake: TransactionIntake, application: LedgerApplication, verifications: Double,
        committed: () -> Int
    ) async throws -> RecordThroughput {
        let total = senders * perSender
        let firstHeight = application.head.height
        let startCPU = Self.processorSeconds()
        let start = ContinuousClock.now
        async let submitted: Void = {
            for batch in batches {
                for outcome in try await intake.submit(batch) { if let error = outcome.error { throw error } }
            }
        }()
        while committed() < total { try await Task.sleep(for: .milliseconds(1)) }
        try await submitted
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return RecordThroughput(
            transactions: total, blocks: Int(application.head.height - firstHeight), transactionsPerSecond: Double(total) / seconds,
            verificationsPerSecond: verifications, cpuMicroseconds: (Self.processorSeconds() - startCPU) / Double(total) * 1e6,
            transactionBytes: batches[0][0].count)
    }

    private static func genesis(_ keys: [SigningKey], validator: SigningKey) throws -> Genesis {
        var wire = WireGenesis()
        wire.version = Genesis.version
        wire.chainID = "jupiter-bench"
        wire.time = 1_800_000_000_000
        wire.profile = .byzantine
        var member = WireValidator()
        member.publicKey = .init(validator.verificationKey.bytes)
        member.votingWeight = 1
        member.leaderWeight = 1
        wire.validators.validators = [member]
        wire.operator = .init(validator.address.bytes)
        wire.parameters = Genesis.defaultParameters
        wire.allocations = (keys + [validator]).map { key in
            var allocation = WireAllocation()
            allocation.account = .init(key.address.bytes)
            allocation.amount = 1_000_000
            return allocation
        }
        return try Genesis(encoding: wire)
    }

    private func publishDataset(
        _ key: SigningKey, _ genesis: Genesis, _ intake: TransactionIntake
    ) async throws {
        var dataset = WirePublishDataset()
        dataset.dataset = "bench"
        dataset.metadata.name = "Benchmark"
        dataset.schema = .init(try Schema(version: 1, fields: [Field("value", .number)]).encoding)
        dataset.residency = .local
        var message = WireMessage()
        message.publishDataset = dataset
        let transaction = try Self.sign([message], nonce: 1, key, genesis.chainID)
        try await intake.submit(SubmittedTransaction(transaction, sidecars: []))
    }

    /// Batches of encoded submissions: one record of 256 encrypted bytes in each transaction.
    private mutating func transactions(_ keys: [SigningKey], chainID: String) throws -> [[[UInt8]]] {
        var all: [[UInt8]] = []
        for nonce in 1...perSender {
            for key in keys {
                let sidecar = generator.bytes(32 + 256)
                var record = WirePutRecord()
                record.dataset = "bench"
                record.record = .init(generator.hash().bytes)
                record.schemaVersion = 1
                record.commitment = .init(Sidecar.commitment(sidecar).bytes)
                record.size = UInt32(sidecar.count)
                var message = WireMessage()
                message.putRecord = record
                let transaction = try Self.sign([message], nonce: UInt64(nonce), key, chainID)
                all.append(try SubmittedTransaction(transaction, sidecars: [sidecar]).encoded)
            }
        }
        return stride(from: 0, to: all.count, by: 500).map { Array(all[$0..<min($0 + 500, all.count)]) }
    }

    private static func sign(
        _ messages: [WireMessage], nonce: UInt64, _ key: SigningKey, _ chainID: String
    ) throws -> SignedTransaction {
        var body = WireTransactionBody()
        body.chainID = chainID
        body.sender = .init(key.address.bytes)
        body.nonce = nonce
        body.validUntil = 90_000
        body.fee = 1
        body.messages = messages
        return try SignedTransaction(signing: body, with: key)
    }

    private static func verificationsPerSecond(_ batches: [[[UInt8]]]) throws -> Double {
        let sample = try batches.prefix(8).flatMap { try $0.map { try SubmittedTransaction(decoding: $0).transaction } }
        let start = ContinuousClock.now
        for transaction in sample { try transaction.verifySignature() }
        return Double(sample.count) / ((ContinuousClock.now - start) / .seconds(1))
    }

    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
