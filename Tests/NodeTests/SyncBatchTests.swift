import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import Ledger
import LightClient
import Networking
import Node
import Primitives
import TestVectors
import Testing
import WireTypes

@Suite struct `Blocks as a peer sends them` {
    private let folder: SyncFolder
    private let chain: SyncChain

    init() throws {
        folder = try SyncFolder()
        var chain = try SyncChain(folder.file("chain"), seed: 3)
        try chain.putRecords(2)
        try chain.eraseRecord(0)
        try chain.extend(25)
        self.chain = chain
    }

    private func answer(_ first: UInt64, _ last: UInt64, batchBytes: Int = 8 << 20) throws -> [Networking.SyncedBlock] {
        var reading = BlockReading(BlockRangeRequest(request: 7, first: first, last: last), batchBytes: batchBytes)
        var entries: [Networking.SyncedBlock] = []
        while true {
            let frame = try reading.frame(chain.ledger)
            #expect(frame.request == 7)
            entries += frame.blocks
            if frame.last { return entries }
        }
    }

    private var beginning: TrustedState { TrustedState(genesis: chain.genesis) }

    @Test func `An answer ends with the epoch, and what follows begins with the next set`() throws {
        let batch = try BlockBatch(answer(1, 100), after: beginning)
        #expect(batch.blocks.count == 12 && batch.trusted.epoch == 1 && batch.trusted.height == 12)
        #expect(batch.blocks.allSatisfy { $0.payload.header.epoch == 0 })
        let next = try BlockBatch(answer(13, 100), after: batch.trusted)
        #expect(next.blocks.first?.payload.header.height == 13 && next.trusted.epoch == 2)
        #expect(batch.lacksSidecars && !next.lacksSidecars, "an erased record and a failed one are in the first epoch")
    }

    @Test func `Every block is what the chain has, and the last is certified`() throws {
        for first in 1...chain.height {
            let batch = try BlockBatch(answer(first, first + 2), after: trusted(before: first))
            #expect(batch.blocks.last?.certificate != nil)
            for block in batch.blocks {
                let original = try #require(chain.blocks.first { $0.height == block.payload.header.height })
                #expect(block.payload.block.bytes == original.payload.block.bytes)
                #expect(block.certificate.map { $0.encoded() } == original.certificate?.bytes)
            }
        }
    }

    private func trusted(before height: UInt64) throws -> TrustedState {
        guard height > 1 else { return beginning }
        let header = try #require(chain.blocks.first { $0.height == height - 1 }).payload.header
        let end =
            header.lastOfEpoch
            ? try chain.ledger.epochEnd(header.epoch) : header.epoch > 0 ? try chain.ledger.epochEnd(header.epoch - 1) : nil
        let set = try end.map { try ValidatorSet(decoding: [UInt8]($0.nextValidators)) } ?? chain.genesis.validators
        return try TrustedState(after: header, validators: set, rules: FinalityRules(genesis: chain.genesis))
    }

    @Test func `Small answers go on where the one before ended`() throws {
        var (trusted, rounds) = (beginning, 0)
        while trusted.height < chain.height {
            trusted = try BlockBatch(answer(trusted.height + 1, trusted.height + 256, batchBytes: 500), after: trusted).trusted
            rounds += 1
        }
        #expect(trusted.headerHash == chain.ledger.head.blockHash && rounds > 10)
    }

    @Test func `Sidecars that do not fit into a frame follow in the next`() throws {
        var chain = chain
        try chain.putRecords(12, size: 500 << 10)
        var big: [SubmittedTransaction] = []
        for record in chain.records.suffix(12) {
            var message = WirePutRecord()
            message.record = .init(Sidecar.commitment(record.sidecar).bytes)
            message.dataset = "credit"
            message.commitment = .init(Sidecar.commitment(record.sidecar).bytes)
            message.size = UInt32(record.sidecar.count)
            message.schemaVersion = 1
            var wire = WireMessage()
            wire.putRecord = message
            big.append(try chain.transaction(1, [wire], sidecars: [record.sidecar]))
        }
        try chain.add(big)
        var reading = BlockReading(BlockRangeRequest(request: 1, first: chain.height, last: chain.height), batchBytes: 1)
        var (entries, frames): ([Networking.SyncedBlock], Int) = ([], 0)
        while true {
            let frame = try reading.frame(chain.ledger)
            #expect(frame.blocks.reduce(0) { $0 + $1.encodedSize } < PeerLimits.frame / 2)
            (entries, frames) = (entries + frame.blocks, frames + 1)
            if frame.last { break }
        }
        #expect(frames == 2)
        let batch = try BlockBatch(entries, after: try trusted(of: chain))
        #expect(!batch.lacksSidecars && batch.blocks[0].payload.content.transactions.allSatisfy(\.isComplete))
        #expect(throws: SyncError.wrongAnswer) { try BlockBatch(Array(entries.dropLast()), after: try trusted(of: chain)) }
    }

    private func trusted(of chain: SyncChain) throws -> TrustedState {
        let header = chain.blocks[chain.blocks.count - 2].payload.header
        return try TrustedState(after: header, validators: chain.ledger.head.plan.validators, rules: FinalityRules(genesis: chain.genesis))
    }

    @Test func `A change anywhere is refused, or nothing that was sent is lost`() throws {
        let entries = try answer(1, 9)
        let good = try BlockBatch(entries, after: beginning)
        typealias Change = (inout [Networking.SyncedBlock]) -> Void
        let changes: [(SyncError, Change)] = [
            (.wrongBlock, { $0.remove(at: 2) }), (.wrongBlock, { $0.swapAt(3, 4) }), (.wrongBlock, { $0.removeFirst() }),
            (.wrongBlock, { $0.insert($0[4], at: 5) }), (.wrongAnswer, { $0[1].block.removeLast() }),
            (.wrongAnswer, { $0[0].continued = true }), (.badCertificate, { $0[0].certificate = $0[1].certificate }),
            (.badCertificate, { $0[3].certificate[60] ^= 1 }), (.badCertificate, { $0[0].nextValidators = chain.genesis.validators.bytes }),
            (.wrongSidecar, { $0[0].sidecars = [[1, 2, 3]] }), (.wrongSidecar, { $0[2].sidecars += $0[2].sidecars }),
            (.wrongSidecar, { entries in entries[2].sidecars = entries[2].sidecars.map { $0 + [0] } }),
        ]
        for (number, (error, change)) in changes.enumerated() {
            var changed = entries
            change(&changed)
            #expect(throws: error, "change \(number)") { try BlockBatch(changed, after: beginning) }
        }
        var uncertified = entries
        for position in uncertified.indices { uncertified[position].certificate = [] }
        #expect(try BlockBatch(uncertified, after: beginning).blocks.isEmpty)
        #expect(good.blocks.count == 9)
    }

    @Test func `A certificate without a quorum proves nothing`() throws {
        var entries = try answer(1, 3)
        let header = chain.blocks[0].payload.header
        entries[0].certificate = try chain.certificate(header, chain.genesis.validators, by: [0, 1]).bytes
        #expect(throws: SyncError.badCertificate) { try BlockBatch(entries, after: beginning) }
        entries[0].certificate = try chain.certificate(header, chain.genesis.validators, by: [1, 2, 3]).bytes
        #expect(try BlockBatch(entries, after: beginning).blocks.count == 3)
    }

    @Test func `fuzz: what is taken is the chain and nothing else`() throws {
        let entries = try answer(1, 12)
        let good = try BlockBatch(entries, after: beginning)
        var hostile = HostileBytes()
        for _ in 0..<HostileBytes.rounds {
            var changed = entries
            let position = hostile.below(changed.count)
            switch hostile.below(4) {
            case 0: changed[position].block = hostile.next(changed[position].block)
            case 1: changed[position].certificate = hostile.next(changed[position].certificate)
            case 2: changed[11].nextValidators = hostile.next(changed[11].nextValidators)
            default: changed[position].sidecars = changed[position].sidecars.map { hostile.next($0) }
            }
            guard let batch = try? BlockBatch(changed, after: beginning) else { continue }
            for (block, original) in zip(batch.blocks, good.blocks) {
                #expect(block.payload.header.hash == original.payload.header.hash, "seed \(HostileBytes.seed)")
            }
        }
    }

    @Test func `A final transaction takes the sidecars that are left, in their order, and no others`() throws {
        let sidecars = (1...3 as ClosedRange<UInt8>).map { Sidecar.make([$0], salt: [UInt8](repeating: $0, count: 32)) }
        let messages = sidecars.map { sidecar in
            var message = WireMessage()
            message.putRecord.commitment = .init(Sidecar.commitment(sidecar).bytes)
            message.putRecord.size = UInt32(sidecar.count)
            return message
        }
        let transaction = try chain.submitted(0, nonce: 1, messages, sidecars: sidecars).transaction
        for kept in [[], [0], [1], [2], [0, 2], [1, 2], [0, 1, 2]] {
            let submitted = try SubmittedTransaction(final: transaction, available: kept.map { sidecars[$0] })
            #expect(submitted.sidecars.count == kept.count && submitted.isComplete == (kept.count == 3))
        }
        for wrong in [[sidecars[1], sidecars[0]], [sidecars[0], sidecars[0]], [[]], [sidecars[0] + [1]], sidecars + [sidecars[2]]] {
            #expect(throws: TransactionError.sidecarMismatch) { try SubmittedTransaction(final: transaction, available: wrong) }
        }
    }
}
