import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import Ledger
import LedgerSupport
import LightClient
import Node
import Primitives
import Simplex
import Storage
import WireTypes

/// A final block of a test's chain.
struct FinalBlock {
    let payload: BlockPayload
    let certificate: QuorumCertificate?
    var height: UInt64 { payload.header.height }
}

/// A chain of four validators with epochs, made by hand on a real ledger: whoever may vote certifies every block, or the one after it.
struct SyncChain {
    let genesis: Genesis
    let validators: [TestValidator]
    let ledger: LedgerApplication
    private(set) var blocks: [FinalBlock] = []
    private(set) var records: [(id: Hash32, sidecar: [UInt8])] = []
    private var trust: TrustChain
    private var view: UInt64 = 0
    private var nonces: [Int: UInt64] = [:]
    private var generator: SeededGenerator

    /// - Parameter consensus: with CometBFT no block has a certificate; a `CometChainSource` shows what makes it final.
    init(
        _ path: String, seed: UInt64 = 1, epochLength: UInt32 = 12, chainID: String = "jupiter-test",
        consensus: WireConsensusKind = .simplex
    ) throws {
        trust = try TrustChain(weights: [1, 1, 1, 1], spare: 1, seed: seed) {
            ($0.parameters.epochLength, $0.chainID, $0.consensus) = (epochLength, chainID, consensus)
        }
        (genesis, validators) = (trust.chain.genesis, trust.validators)
        ledger = try Self.open(path, genesis)
        generator = SeededGenerator(seed: seed &+ 77)
    }

    static func open(_ path: String, _ genesis: Genesis) throws -> LedgerApplication {
        try LedgerApplication(
            store: ChainStore(path: path, options: .init(sync: false, blockCacheBytes: 1 << 20)), genesis: genesis)
    }

    var height: UInt64 { ledger.head.height }

    func submitted(
        _ account: Int, nonce: UInt64, _ messages: [WireMessage], sidecars: [[UInt8]] = [], fee: UInt64 = 1
    ) throws -> SubmittedTransaction {
        var body = WireTransactionBody()
        body.chainID = genesis.chainID
        body.sender = .init(validators[account].account.address.bytes)
        (body.nonce, body.validUntil, body.fee) = (nonce, 100_000, fee)
        body.messages = messages
        return try SubmittedTransaction(SignedTransaction(signing: body, with: validators[account].account), sidecars: sidecars)
    }

    mutating func transaction(
        _ account: Int, _ messages: [WireMessage], sidecars: [[UInt8]] = [], fee: UInt64 = 1
    ) throws -> SubmittedTransaction {
        nonces[account, default: 0] += 1
        return try submitted(account, nonce: nonces[account] ?? 0, messages, sidecars: sidecars, fee: fee)
    }

    /// An account's transactions were never committed: its nonces begin again.
    mutating func forget(_ account: Int) { nonces[account] = nil }

    /// Executes and commits a block; uncertified ones are final by the next that is certified.
    mutating func add(_ transactions: [SubmittedTransaction] = [], certified: Bool = true) throws {
        let plan = ledger.head.plan
        let parent = ParentState(ledger.head)
        view += 1
        let leader = plan.validators.members[LeaderSchedule(plan.validators).leader(view)].key
        let context = BlockMaker.context(chainID: genesis.chainID, after: parent, view: view, proposer: leader, now: parent.time + 1_000)
        let payload = try BlockMaker.payload(BlockContent(transactions), context, after: parent)
        _ = try ledger.finalizeBlock(payload.content, hash: payload.header.hash, context: context)
        let isCertified = genesis.consensus == .simplex && (certified || payload.header.lastOfEpoch)
        let certificate = isCertified ? try certificate(payload.header, plan.validators) : nil
        try ledger.commit(payload.block, certificate: certificate)
        if payload.header.lastOfEpoch { view = 0 }
        blocks.append(FinalBlock(payload: payload, certificate: certificate))
    }

    func certificate(_ header: BlockHeader, _ set: ValidatorSet, by signers: [Int] = [0, 1, 2, 3, 4]) throws -> QuorumCertificate {
        var builder = CertificateBuilder(header: header, view: header.view, validators: set, profile: genesis.wire.profile)
        for position in signers where set.members.contains(where: { $0.key == validators[position].id }) {
            try builder.sign(with: validators[position].key)
        }
        return try builder.certificate()
    }

    /// Blocks of a transfer each, every third final only by the next; the last is certified.
    mutating func extend(_ count: Int) throws {
        for number in 0..<count {
            var transfer = WireTransfer()
            transfer.to = .init(generator.bytes(32))
            transfer.amount = 1 + generator.next() % 100
            let transaction = try transaction(Int(generator.next() % 4), [WireMessage(.transfer(transfer))])
            try add([transaction], certified: number % 3 != 1 || number + 1 == count)
        }
    }

    /// Blocks of transfers to accounts that are new.
    mutating func addAccounts(_ count: Int) throws {
        for start in stride(from: 0, to: count, by: 400) {
            try add(
                (start..<min(start + 400, count)).map { number in
                    var transfer = WireTransfer()
                    (transfer.to, transfer.amount) = (.init(generator.bytes(32)), 1)
                    return try transaction(number % 4, [WireMessage(.transfer(transfer))])
                })
        }
    }

    /// A dataset, then records of `size` bytes; the last one refers to no dataset and fails.
    mutating func putRecords(_ count: Int, size: Int = 200) throws {
        if records.isEmpty { try add([try transaction(0, [try CreditScene.datasetMessage()])]) }
        for number in 0...count {
            let sidecar = Sidecar.make(generator.bytes(size), salt: generator.bytes(32))
            var message = WirePutRecord()
            let id = generator.hash()
            message.record = .init(id.bytes)
            message.dataset = number == count ? "nothing" : CreditScene.dataset
            message.commitment = .init(Sidecar.commitment(sidecar).bytes)
            message.size = UInt32(sidecar.count)
            message.schemaVersion = 1
            try add([try transaction(1, [WireMessage(.putRecord(message))], sidecars: [sidecar])])
            if number < count { records.append((id, sidecar)) }
        }
    }

    mutating func eraseRecord(_ number: Int) throws {
        var message = WireEraseRecord()
        message.record = .init(records[number].id.bytes)
        message.dataset = CreditScene.dataset
        try add([try transaction(1, [WireMessage(.eraseRecord(message))])])
    }

    /// Lets the fifth validator in by the votes of the others.
    mutating func decideNewValidator() throws {
        let addition = try trust.addition(4)
        try decide { $0.addValidator = addition }
    }

    /// Decides a change by the votes of three of the four.
    mutating func decide(_ change: (inout WireChange) -> Void) throws {
        var proposal = WireProposeChange()
        change(&proposal.change)
        proposal.expires = height + 100
        let transaction = try transaction(0, [WireMessage(.proposeChange(proposal))])
        try add([transaction])
        let id = transaction.transaction.messageIdentifier(0)
        for voter in 1...2 { try add([try self.transaction(voter, [WireMessage(.voteOnProposal(vote(id)))])]) }
    }

    private func vote(_ id: Hash32) -> WireVoteOnProposal {
        var vote = WireVoteOnProposal()
        (vote.proposal, vote.agrees) = (.init(id.bytes), true)
        return vote
    }

    /// Brings another ledger to `height` by the same blocks.
    func replay(into other: LedgerApplication, to height: UInt64) throws {
        for block in blocks where block.height > other.head.height && block.height <= height {
            let header = block.payload.header
            _ = try other.finalizeBlock(block.payload.content, hash: header.hash, context: BlockContext(header))
            try other.commit(block.payload.block, certificate: block.certificate)
        }
    }
}
