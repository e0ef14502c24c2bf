import ChainTypes
import Cryptography
import Engine
import Primitives
import Simplex
import Synchronization
import Testing
import WireTypes

/// The log of votes holds payloads with their sidecars: of blocks that erase, and of those before, none are to stay in it.
@Suite struct `Payloads in the log of votes` {
    let federation: TestFederation
    let folder: ScratchFolder

    init() throws {
        federation = try TestFederation(validators: 4)
        folder = try ScratchFolder()
    }

    private func path(_ index: Int) -> String { "\(folder.path)/\(index).wal" }

    private func member(_ index: Int, _ hub: LoopbackHub, _ application: CountingApplication? = nil) throws -> Member {
        // One epoch without an end: a new one would rewrite the log anyway.
        let (validators, parameters) = (federation.genesis.validators, federation.genesis.parameters)
        let application =
            application
            ?? CountingApplication(genesis: federation.genesis) { _ in
                EpochPlan(epoch: 0, validators: validators, following: nil, parameters: parameters)
            }
        return try Member(federation, index, application: application, hub: hub, logPath: path(index))
    }

    private func members() throws -> [Member] {
        let hub = LoopbackHub()
        return try federation.keys.indices.map { index in
            guard case .ed25519(let key) = federation.keys[index].verificationKey else { throw CancellationError() }
            try WriteAheadLog.create(path(index), chain: federation.genesis.hash, validator: key)
            return try member(index, hub)
        }
    }

    private func holds(_ index: Int, _ transaction: SubmittedTransaction) -> Bool {
        (try? FileSystem.read(path(index)))?.firstRange(of: transaction.transaction.bytes) != nil
    }

    /// Waits, half a minute at most, until `condition` holds.
    private func wait(_ what: Comment, until condition: () -> Bool) async throws {
        for _ in 0..<3_000 {
            if condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record(what)
    }

    private func commit(_ transaction: SubmittedTransaction, _ members: [Member]) async throws {
        for member in members { member.source.add(transaction) }
        try await wait("a transaction is not committed") {
            members.allSatisfy { $0.application.log.withLock { $0.committed.contains(transaction.transaction.id) } }
        }
    }

    @Test func `go once a block erases sidecars, and votes stay`() async throws {
        defer { folder.remove() }
        let members = try members()
        let (put, erasure) = (try federation.transfer(nonce: 1), try federation.transfer(nonce: 2))
        for member in members { member.application.log.withLock { _ = $0.erasing.insert(erasure.transaction.id) } }
        try FileSystem.write(put.transaction.bytes, to: WriteAheadLog.old(path(0)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for member in members { group.addTask { try await member.engine.run() } }
            try await commit(put, members)
            for index in members.indices { #expect(holds(index, put), "the search is blind") }
            try await commit(erasure, members)
            try await wait("a log keeps what is erased") { members.indices.allSatisfy { !holds($0, put) && !holds($0, erasure) } }
            #expect(throws: (any Error).self, "a log that was put aside is kept") { try FileSystem.read(WriteAheadLog.old(path(0))) }
            let height = members[0].application.head.height
            try await wait("the chain stands still") { members.allSatisfy { $0.application.head.height > height + 2 } }
            group.cancelAll()
            try await group.waitForAll()
        }
        for index in members.indices {
            guard case .ed25519(let key) = federation.keys[index].verificationKey else { throw CancellationError() }
            var records: [LogRecord] = []
            _ = try WriteAheadLog(path(index), chain: federation.genesis.hash, validator: key, records: &records)
            #expect(records.contains { if case .entry(.vote(_)) = $0 { true } else { false } })
        }
    }

    @Test func `go after a start, if a crash came before`() async throws {
        defer { folder.remove() }
        let put = try federation.transfer(nonce: 1)
        let application: CountingApplication
        do {
            let members = try members()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for member in members { group.addTask { try await member.engine.run() } }
                try await commit(put, members)
                group.cancelAll()
                try await group.waitForAll()
            }
            application = members[0].application
        }
        #expect(holds(0, put))
        try FileSystem.write(put.transaction.bytes, to: path(0) + ".new")
        let again = try member(0, LoopbackHub(), application)
        let run = Task { try await again.engine.run() }
        try await wait("the log keeps what may be erased") { !holds(0, put) }
        #expect(throws: (any Error).self, "half of a compaction is kept") { try FileSystem.read(path(0) + ".new") }
        run.cancel()
        try await run.value
    }
}
