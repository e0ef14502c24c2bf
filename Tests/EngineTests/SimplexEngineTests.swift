import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import LightClient
import Primitives
import Simplex
import Synchronization
import Testing
import WireTypes

@Suite struct `Engine of one validator` {
    @Test func `each header proves what its parent left`() async throws {
        let federation = try TestFederation()
        let member = try Member(federation, 0, hub: LoopbackHub())
        for nonce in 1...5 { member.source.add(try federation.transfer(nonce: UInt64(nonce))) }
        try await member.run { $0.head.height >= 3 }
        let blocks = member.application.blocks
        #expect(blocks.prefix(3).map(\.transactions.count) == [3, 2, 0])
        #expect(blocks[0].header.parent == federation.genesis.hash)
        for (parent, child) in zip(blocks, blocks.dropFirst()) {
            let receipts = parent.transactions.map { MerkleList.leaf($0.id.bytes) }
            #expect(child.header.parent == parent.header.hash && child.header.height == parent.header.height + 1)
            #expect(child.header.receiptsRoot == MerkleList.root(receipts))
        }
        #expect(member.application.roots[0] == .zero && member.application.roots[1] != .zero)
        #expect(blocks.allSatisfy { $0.header.epoch == 0 && $0.header.validatorsHash == federation.genesis.validators.hash })
    }

    @Test func `a light client accepts every block`() async throws {
        let federation = try TestFederation()
        let member = try Member(federation, 0, hub: LoopbackHub())
        try await member.run { $0.head.height >= 3 }
        var client = LightVerifier(genesis: federation.genesis)
        for (block, certificate) in zip(member.application.blocks, member.application.log.withLock { $0.certificates }) {
            var certified = WireCertifiedHeader()
            certified.header = .init(block.header.bytes)
            certified.certificate = .init(try #require(certificate).bytes)
            try client.accept(certified)
        }
    }

    @Test func `time rises even when the clock goes back`() async throws {
        let federation = try TestFederation()
        let clock = SetClock(2_000_000)
        let member = try Member(
            federation, 0, hub: LoopbackHub(), clock: clock,
            onCommit: { committed in
                clock.set(committed.block.header.height == 1 ? 1_500_000 : 3_000_000)
            })
        try await member.run { $0.head.height >= 4 }
        let times = member.application.blocks.map(\.header.time)
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        #expect(times[0] == 2_000_000 && times[3] >= 2_000_001)
    }

    @Test func `what the application leaves out goes back`() async throws {
        let federation = try TestFederation()
        let member = try Member(federation, 0, hub: LoopbackHub())
        let transactions = try (1...3).map { try federation.transfer(nonce: $0) }
        member.application.log.withLock { $0.refused = [transactions[1].transaction.id] }
        transactions.forEach(member.source.add)
        try await member.run { $0.log.withLock { $0.committed.count } == 2 }
        #expect(member.source.state.withLock { $0.returned.map(\.transaction.id) } == [transactions[1].transaction.id])
    }

    @Test func `goes on from where it stopped`() async throws {
        let federation = try TestFederation()
        let application = CountingApplication(genesis: federation.genesis)
        for target in [2, 4, 6] as [UInt64] {
            let member = try Member(federation, 0, application: application, hub: LoopbackHub())
            try await member.run { $0.head.height >= target }
        }
        let views = application.blocks.map(\.header.view)
        #expect(zip(views, views.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `stops with the error of a commit that fails`() async throws {
        let federation = try TestFederation()
        let member = try Member(federation, 0, hub: LoopbackHub())
        member.application.log.withLock { $0.failsCommit = true }
        await #expect(throws: CountingApplication.CommitFailure.self) { try await member.engine.run() }
    }

    @Test func `a chain of another engine is not decided`() async throws {
        var wire = try TestFederation().genesis.wire
        wire.consensus = .cometbft
        let genesis = try Genesis(encoding: wire)
        let engine = try SimplexEngine(
            genesis: genesis, key: nil, application: CountingApplication(genesis: genesis), source: ListedSource(),
            history: .init(base: .init(hash: genesis.hash, height: 0), certificate: nil)
        ) { _ in }
        await #expect(throws: EngineError.otherEngine) { try await engine.run() }
    }

    @Test func `a key that is not Ed25519 is refused`() throws {
        let federation = try TestFederation()
        #expect(throws: EngineError.notTheValidator) {
            _ = try SimplexEngine(
                genesis: federation.genesis, key: .p256(), application: CountingApplication(genesis: federation.genesis),
                source: ListedSource(), history: .init(base: .init(hash: federation.genesis.hash, height: 0), certificate: nil)
            ) { _ in }
        }
    }
}

@Suite struct `Engines of four validators` {
    private func members(
        _ federation: TestFederation, _ hub: LoopbackHub, _ folder: ScratchFolder, plan: (@Sendable (UInt64) -> EpochPlan)? = nil,
        witness: @escaping @Sendable (ConsensusMessage, String) -> Void = { _, _ in }
    ) throws -> [Member] {
        try federation.keys.indices.map { index in
            guard case .ed25519(let key) = federation.keys[index].verificationKey else { throw CancellationError() }
            let path = "\(folder.path)/\(index).wal"
            try WriteAheadLog.create(path, chain: federation.genesis.hash, validator: key)
            let application = CountingApplication(genesis: federation.genesis, plan: plan)
            return try Member(federation, index, application: application, hub: hub, logPath: path, witness: { witness($0, path) })
        }
    }

    private func run(_ members: [Member], until condition: @escaping @Sendable (CountingApplication) -> Bool) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for member in members { group.addTask { try await member.engine.run() } }
            while !members.allSatisfy({ condition($0.application) }), !Task.isCancelled { try await Task.sleep(for: .milliseconds(5)) }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func expectOneChain(_ members: [Member], transactions: Int) {
        let shortest = members.map { $0.application.blocks.count }.min() ?? 0
        for member in members {
            #expect(
                member.application.blocks.prefix(shortest).map(\.header.hash)
                    == members[0].application.blocks.prefix(shortest).map(\.header.hash))
            let ids = member.application.blocks.flatMap { $0.transactions.map(\.id) }
            #expect(ids.count == transactions && Set(ids).count == transactions)
        }
    }

    @Test func `decide one chain with every transaction once`() async throws {
        let federation = try TestFederation(validators: 4)
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let members = try members(federation, LoopbackHub(), folder)
        for nonce in 1...20 {
            let transaction = try federation.transfer(nonce: UInt64(nonce))
            for member in members { member.source.add(transaction) }
        }
        try await run(members) { $0.log.withLock { $0.committed.count } == 20 }
        expectOneChain(members, transactions: 20)
        let proposers = Set(members[0].application.blocks.map(\.header.proposer))
        #expect(proposers.count > 1)
    }

    @Test func `send no vote that is not in the log`() async throws {
        let federation = try TestFederation(validators: 4)
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let counts = Mutex((votes: 0, missing: 0))
        // One epoch without an end: a new epoch rewrites the log, and a vote on its way may be of the one before.
        let (validators, parameters) = (federation.genesis.validators, federation.genesis.parameters)
        let members = try members(
            federation, LoopbackHub(), folder,
            plan: { _ in EpochPlan(epoch: 0, validators: validators, following: nil, parameters: parameters) },
            witness: { message, path in
                let signature: [UInt8]? =
                    switch message {
                    // After a timeout the leader's vote is passed on as well.
                    case .vote(let vote): path.hasSuffix("/\(vote.signer).wal") ? vote.signature : nil
                    case .proposal(let proposal): proposal.signature
                    case .certificate, .request: nil
                    }
                guard let signature else { return }
                let log: [UInt8]
                do { log = try FileSystem.read(path) } catch {
                    Issue.record(error, "the log cannot be read")
                    return
                }
                counts.withLock { counts in
                    counts.votes += 1
                    if log.firstRange(of: signature) == nil { counts.missing += 1 }
                }
            })
        for transaction in try (1...6).map({ try federation.transfer(nonce: $0) }) { members.forEach { $0.source.add(transaction) } }
        try await run(members) { $0.head.height >= 6 }
        #expect(counts.withLock { $0.votes } > 20 && counts.withLock { $0.missing } == 0)
    }

    /// In each odd epoch another one is left out, so that positions change with every epoch.
    @Test func `go on when the set changes with every epoch`() async throws {
        let federation = try TestFederation(validators: 4)
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let all = federation.genesis.validators
        let sets = try (0..<8).map { epoch in
            epoch % 2 == 0 ? all : try ValidatorSet(all.members.enumerated().filter { $0.offset != epoch / 2 }.map(\.element))
        }
        let parameters = federation.genesis.parameters
        let members = try members(
            federation, LoopbackHub(), folder,
            plan: { height in
                let epoch = Int(height / 4)
                return EpochPlan(
                    epoch: UInt64(epoch), validators: sets[epoch % 8], following: height % 4 == 3 ? sets[(epoch + 1) % 8] : nil,
                    parameters: parameters)
            })
        for transaction in try (1...20).map({ try federation.transfer(nonce: $0) }) { members.forEach { $0.source.add(transaction) } }
        try await run(members) { $0.head.height >= 32 && $0.log.withLock { $0.committed.count } == 20 }
        expectOneChain(members, transactions: 20)
    }

    @Test func `go on when one is cut off, and take it back`() async throws {
        let federation = try TestFederation(validators: 4)
        let hub = LoopbackHub()
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let members = try members(federation, hub, folder)
        hub.cut(members[3].key)
        for transaction in try (1...6).map({ try federation.transfer(nonce: $0) }) { members.forEach { $0.source.add(transaction) } }
        let rest = Array(members[..<3])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for member in members { group.addTask { try await member.engine.run() } }
            while !rest.allSatisfy({ $0.application.log.withLock { $0.committed.count } == 6 }) {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(members[3].application.blocks.isEmpty)
            hub.heal()
            while members[3].application.log.withLock({ $0.committed.count }) < 6 { try await Task.sleep(for: .milliseconds(5)) }
            group.cancelAll()
            try await group.waitForAll()
        }
        expectOneChain(members, transactions: 6)
    }

    /// A validator of four with a log of this name, as a lost one is replaced; whether it votes when the chain says what `adjust` says.
    private func votes(_ name: Hash32?, adjust: (inout SimplexEngine.Settings) -> Void) async throws -> Bool {
        let federation = try TestFederation(validators: 4)
        let folder = try ScratchFolder()
        defer { folder.remove() }
        guard case .ed25519(let key) = federation.keys[0].verificationKey else { throw CancellationError() }
        let path = folder.path + "/wal"
        try WriteAheadLog.create(path, chain: federation.genesis.hash, validator: key, name: name)
        let member = try Member(federation, 0, hub: LoopbackHub(), logPath: path, viewTimeout: 10, adjust: adjust)
        // Alone it gives its first view up, if it may.
        try await member.run { _ in member.engine.status.timeouts >= 1 }
        let status = member.engine.status
        #expect(status.votes == (status.notariseVotes + status.nullifyVotes > 0))
        return status.votes
    }

    @Test func `a new log votes from the epoch that the chain says, also when it has not noted that`() async throws {
        let name = Hash32(5, 5, 5, 5)
        #expect(try await votes(nil) { _ in })
        #expect(try await votes(name) { _ in } == false)
        #expect(try await votes(name) { ($0.knownLog, $0.votesFrom) = (name, 0) })
        #expect(try await votes(name) { ($0.knownLog, $0.votesFrom) = (name, 1) } == false)
        #expect(try await votes(name) { ($0.knownLog, $0.votesFrom) = (Hash32(6, 6, 6, 6), 0) } == false)
        #expect(try await votes(nil) { ($0.knownLog, $0.votesFrom) = (name, 0) } == false)
    }
}

@Suite struct `An engine whose chain changes its rules` {
    /// Epochs of four blocks: one transaction a block in the first, three later.
    private func plan(_ height: UInt64, _ genesis: Genesis) -> EpochPlan {
        var parameters = genesis.parameters
        parameters.maximumBlockTransactions = height < 4 ? 1 : 3
        return EpochPlan(
            epoch: height / 4, validators: genesis.validators, following: height % 4 == 3 ? genesis.validators : nil, parameters: parameters
        )
    }

    @Test func `fills blocks by the rules of their epoch`() async throws {
        let federation = try TestFederation(blockTransactions: 5)
        let genesis = federation.genesis
        let application = CountingApplication(genesis: genesis) { self.plan($0, genesis) }
        let member = try Member(federation, 0, application: application, hub: LoopbackHub())
        for nonce in 1...40 { member.source.add(try federation.transfer(nonce: UInt64(nonce))) }
        try await member.run { $0.head.height >= 12 }
        let counts = application.blocks.prefix(12).map(\.transactions.count)
        #expect(counts == [1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3])
    }
}
