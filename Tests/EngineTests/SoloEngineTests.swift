import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import LightClient
import Primitives
import Synchronization
import Testing
import WireTypes

@Suite struct `One-validator engine` {
    private func engine(
        _ chain: SoloChain, _ application: CountingApplication, _ source: ListedSource, _ clock: VirtualClock,
        onCommit: @escaping @Sendable (CommittedBlock) -> Void = { _ in }
    ) throws -> SoloEngine {
        try SoloEngine(
            genesis: chain.genesis, key: chain.key, application: application, source: source, clock: clock, onCommit: onCommit)
    }

    @Test func `each header proves what its parent left`() async throws {
        let chain = try SoloChain()
        let application = CountingApplication(genesis: chain.genesis)
        let source = ListedSource(try (1...5).map { try chain.transfer(nonce: $0) })
        let engine = try engine(chain, application, source, VirtualClock(2_000_000))
        #expect(try await engine.produce() == 3)
        #expect(try await engine.produce() == 2)
        #expect(try await engine.produce() == 0)
        let headers = application.blocks.map(\.header)
        #expect(headers.map(\.parent) == [chain.genesis.hash, headers[0].hash, headers[1].hash])
        #expect(headers.map(\.stateRoot) == [0, 3, 5].map { CountingApplication.root($0) })
        let receipts = application.blocks[0].transactions.map { MerkleList.leaf($0.id.bytes) }
        #expect(headers.map(\.receiptsRoot).prefix(2) == [.zero, MerkleList.root(receipts)])
        #expect(
            headers.allSatisfy { $0.epoch == 0 && !$0.lastOfEpoch && $0.validatorsHash == chain.genesis.validators.hash })
    }

    @Test func `a light client accepts every block`() async throws {
        let chain = try SoloChain()
        let application = CountingApplication(genesis: chain.genesis)
        let engine = try engine(chain, application, ListedSource([]), VirtualClock(2_000_000))
        var client = LightVerifier(genesis: chain.genesis)
        for index in 0..<3 {
            _ = try await engine.produce()
            var certified = WireCertifiedHeader()
            certified.header = .init(application.blocks[index].header.bytes)
            certified.certificate = .init(application.log.withLock { $0.certificates[index].bytes })
            try client.accept(certified)
        }
    }

    @Test func `time rises even when the clock goes back`() async throws {
        let chain = try SoloChain()
        let application = CountingApplication(genesis: chain.genesis)
        let clock = VirtualClock(2_000_000)
        let engine = try engine(chain, application, ListedSource([]), clock)
        _ = try await engine.produce()
        clock.set(1_500_000)
        _ = try await engine.produce()
        clock.set(3_000_000)
        _ = try await engine.produce()
        #expect(application.blocks.map(\.header.time) == [2_000_000, 2_000_001, 3_000_000])
    }

    @Test func `nobody hears of a block that could not be committed`() async throws {
        let chain = try SoloChain()
        let application = CountingApplication(genesis: chain.genesis)
        let heard = Mutex(0)
        let engine = try engine(chain, application, ListedSource([]), VirtualClock(2_000_000)) { _ in heard.withLock { $0 += 1 } }
        application.log.withLock { $0.failsCommit = true }
        await #expect(throws: CountingApplication.CommitFailure.self) { try await engine.run() }
        #expect(heard.withLock { $0 } == 0)
    }

    @Test func `what the application leaves out goes back`() async throws {
        let chain = try SoloChain()
        let application = CountingApplication(genesis: chain.genesis)
        let transactions = try (1...3).map { try chain.transfer(nonce: $0) }
        application.log.withLock { $0.refused = [transactions[1].transaction.id] }
        let source = ListedSource(transactions)
        let engine = try engine(chain, application, source, VirtualClock(2_000_000))
        #expect(try await engine.produce() == 2)
        #expect(source.state.withLock { $0.returned.map(\.transaction.id) } == [transactions[1].transaction.id])
    }

    @Test func `an idle chain makes a block each interval and a busy one proves at once`() async throws {
        let chain = try SoloChain()
        let application = CountingApplication(genesis: chain.genesis)
        let source = ListedSource([])
        let transaction = try chain.transfer(nonce: 1)
        let done = AsyncStream<Void>.makeStream()
        let engine = try engine(chain, application, source, VirtualClock(2_000_000)) { committed in
            if committed.block.header.height == 2 { source.add(transaction) }
            if committed.block.header.height == 6 { done.continuation.finish() }
        }
        let run = Task { try await engine.run() }
        for await _ in done.stream {}
        run.cancel()
        try await run.value
        let blocks = application.blocks
        let gaps = zip(blocks.dropFirst(), blocks).map { $0.header.time - $1.header.time }
        // Block 3 holds the transaction, block 4 proves it without waiting for the idle interval, block 5 is idle again.
        #expect(blocks[2].transactions.count == 1)
        #expect(gaps[0] == 1_000 && gaps[1] == 50 && gaps[2] == 50 && gaps[3] == 1_000)
    }

    @Test func `another validator's key is refused`() throws {
        let chain = try SoloChain()
        let other = try SigningKey.ed25519(seed: [UInt8](repeating: 9, count: 32))
        #expect(throws: EngineError.notTheValidator) { try BlockMaker(genesis: chain.genesis, key: other) }
        #expect(throws: EngineError.notTheValidator) { try BlockMaker(genesis: chain.genesis, key: .p256()) }
    }
}
