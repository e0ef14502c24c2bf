import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import Ledger
import LedgerSupport
import Networking
import Node
import Primitives
import Storage
import Synchronization
import Testing
import WireTypes

@Suite struct `A node that is behind` {
    private let folder: SyncFolder
    private let net = SyncNet()

    init() throws { folder = try SyncFolder() }

    /// A node whose ledger has the chain's blocks up to `height`.
    private func node(
        _ id: UInt64, _ chain: SyncChain, height: UInt64, key: SigningKey? = nil, settings: SyncSettings = SyncNode.settings
    ) throws -> SyncNode {
        let ledger = try SyncChain.open(folder.file("node-\(id)"), chain.genesis)
        try chain.replay(into: ledger, to: height)
        return try SyncNode(id, net, ledger, key: key, settings: settings)
    }

    private func stop(_ nodes: SyncNode...) async throws { for node in nodes { try await node.stop() } }

    @Test func `catches up when its engine says so, erased and failed records without their ciphertext`() async throws {
        var chain = try SyncChain(folder.file("chain"), seed: 1)
        try chain.putRecords(4)
        try chain.eraseRecord(1)
        try chain.extend(30)
        let (source, late) = (try node(1, chain, height: chain.height), try node(2, chain, height: 2, key: chain.validators[0].key))
        source.start()
        late.start()
        late.service.synchronise(to: chain.height)
        try await eventually("the head") { late.ledger.head == chain.ledger.head }
        try await eventually("all sidecars") { late.service.isComplete }
        for (number, record) in chain.records.enumerated() {
            let stored = try late.ledger.store.sidecar(Sidecar.commitment(record.sidecar))
            #expect(stored == (number == 1 ? nil : record.sidecar))
        }
        #expect(try late.ledger.missingSidecars().missing.isEmpty)
        for block in chain.blocks where block.height > 2 {
            #expect(try late.ledger.store.certificate(block.height) == block.certificate?.bytes)
        }
        #expect(net.punishments(source.id).isEmpty && net.punishments(late.id).isEmpty)
        try await stop(source, late)
    }

    @Test func `follows across the ends of epochs into a set with a new validator`() async throws {
        var chain = try SyncChain(folder.file("chain"), seed: 2, epochLength: 8)
        try chain.extend(2)
        try chain.decideNewValidator()
        try chain.extend(40)
        #expect(chain.ledger.head.plan.validators.members.count == 5 && chain.ledger.head.plan.epoch >= 5)
        let (one, two, late) = (
            try node(1, chain, height: chain.height), try node(2, chain, height: chain.height), try node(3, chain, height: 0)
        )
        for node in [one, two, late] { node.start() }
        one.announce(to: late)
        two.announce(to: late)
        try await eventually("the head") { late.ledger.head == chain.ledger.head }
        for peer in [one, two] { #expect(net.sent(by: peer.id).contains { if case .blocks = $0 { true } else { false } }) }
        for epoch in 0..<chain.ledger.head.plan.epoch {
            #expect(try late.ledger.epochEnd(epoch) == chain.ledger.epochEnd(epoch), "epoch \(epoch)")
        }
        try chain.extend(3)
        try chain.replay(into: one.ledger, to: chain.height)
        one.announce(to: late)
        try await eventually("the newest blocks") { late.ledger.head == chain.ledger.head }
        try await stop(one, two, late)
    }

    @Test func `does not wait to be told when its head stands still`() async throws {
        var chain = try SyncChain(folder.file("chain"), seed: 3)
        try chain.extend(10)
        let source = try node(1, chain, height: chain.height)
        let late = try node(2, chain, height: 1, key: chain.validators[2].key)
        source.start()
        late.start()
        source.announce(to: late)
        try await eventually("the head") { late.ledger.head == chain.ledger.head }
        try await stop(source, late)
    }

    @Test func `goes to the epoch that somebody is in`() async throws {
        var chain = try SyncChain(folder.file("chain"), seed: 4, epochLength: 6)
        try chain.extend(14)
        let source = try node(1, chain, height: chain.height)
        let late = try node(2, chain, height: 3, key: chain.validators[2].key)
        source.start()
        late.start()
        late.service.behind(epoch: 2)
        try await eventually("the epoch") { late.ledger.head.plan.epoch == 2 }
        try await stop(source, late)
    }

    @Test func `does not go on asking for an epoch that nobody is in`() async throws {
        var chain = try SyncChain(folder.file("chain"), seed: 14)
        try chain.extend(3)
        let source = try node(1, chain, height: chain.height)
        let late = try node(2, chain, height: chain.height, key: chain.validators[2].key)
        source.start()
        late.start()
        late.service.behind(epoch: 1_000)
        func questions() -> Int { net.sent(by: late.id).count { if case .blockRequest = $0 { true } else { false } } }
        try await eventually("it has asked") { questions() > 0 }
        try await eventually("the answer") { net.sent(by: source.id).contains { if case .blocks = $0 { true } else { false } } }
        try await Task.sleep(for: .milliseconds(300))
        #expect(questions() == 1, "each peer once")
        for epoch in [1_000, 1_001, UInt64.max] { late.service.behind(epoch: epoch) }
        try await Task.sleep(for: .milliseconds(300))
        #expect(questions() == 1, "whoever says so again is not believed soon")
        try await stop(source, late)
    }

    @Test func `asks for live sidecars that its peer did not have, until it has them`() async throws {
        var chain = try SyncChain(folder.file("chain"), seed: 5)
        try chain.putRecords(3)
        try chain.extend(2)
        let (source, late) = (try node(1, chain, height: chain.height), try node(2, chain, height: 0))
        let lost = Sidecar.commitment(chain.records[2].sidecar)
        try source.ledger.store.deleteSidecar(lost)
        source.start()
        late.start()
        source.announce(to: late)
        try await eventually("the head") { late.ledger.head == chain.ledger.head }
        try await eventually("questions in vain") {
            net.sent(by: source.id).contains { if case .sidecars(_, [], true) = $0 { true } else { false } }
        }
        #expect(!late.service.isComplete)
        #expect(try late.ledger.store.sidecar(lost) == nil)
        try source.ledger.store.putSidecar(lost, chain.records[2].sidecar)
        try await eventually("the sidecar") { late.service.isComplete }
        #expect(try late.ledger.store.sidecar(lost) == chain.records[2].sidecar)
        try await stop(late)
        let again = try SyncNode(4, net, late.ledger)
        #expect(again.service.isComplete, "it remembers")
        try await stop(source)
    }

    @Test func `is not complete before the blocks are executed that came without sidecars`() async throws {
        var chain = try SyncChain(folder.file("chain"), seed: 15)
        try chain.putRecords(2)
        let source = try node(1, chain, height: chain.height)
        try source.ledger.store.deleteSidecar(Sidecar.commitment(chain.records[0].sidecar))
        source.start()
        let ledger = try SyncChain.open(folder.file("late"), chain.genesis)
        let id = Hash32(0, 0, 0, 2)
        let installed = Mutex(false)
        let service = try SyncService(
            SyncService.Parts(ledger: ledger, validatorKey: nil, network: net.link(id), settings: SyncNode.settings, log: SyncNode.log) {
                _ in
                installed.withLock { $0 = true }
            })
        net.join(id) { service.handle($0, from: $1) }
        #expect(service.isComplete)
        let run = Task { await service.run() }
        service.synchronise(to: chain.height)
        try await eventually("the blocks are given to an engine that waits") { installed.withLock { $0 } }
        // A few looks at the state before them, which names nothing.
        try await Task.sleep(for: .milliseconds(100))
        #expect(!service.isComplete)
        try chain.replay(into: ledger, to: chain.height)
        try await eventually("all sidecars") { service.isComplete }
        #expect(try ledger.missingSidecars().missing.isEmpty)
        run.cancel()
        await run.value
        try await stop(source)
    }

    @Test func `knows when only a snapshot helps`() async throws {
        var chain = try SyncChain(folder.file("chain"), seed: 6)
        try chain.extend(20)
        let (source, late) = (try node(1, chain, height: chain.height), try node(2, chain, height: 3))
        while try source.ledger.prune(Retention(stateVersions: 2, blocks: 5)) {}
        source.start()
        late.start()
        source.announce(to: late)
        try await eventually("it knows") { late.service.isStranded }
        #expect(late.service.view.state == .stranded)
        #expect(late.ledger.head.height == 3 && net.punishments(source.id).isEmpty)
        try await stop(source, late)
    }

    /// What a peer does with its answers, and what it is punished for; `nil` for what an honest peer may do too.
    private static let lies: [(name: String, error: SyncError?, SyncNet.Tamper)] = [
        ("another block", .wrongAnswer, changing { entries in entries[0].block[entries[0].block.count - 1] ^= 1 }),
        ("a block left out", .wrongBlock, changing { if $0.count > 2 { $0.remove(at: 1) } }),
        ("a false signature", .badCertificate, changing { $0[0].certificate[$0[0].certificate.count - 1] ^= 1 }),
        (
            "no certificates", .unproven,
            changing { entries in
                entries.removeAll { !$0.nextValidators.isEmpty }
                for position in entries.indices { entries[position].certificate = [] }
            }
        ),
        ("a sidecar of nothing", .wrongSidecar, changing { $0[0].sidecars = [[UInt8](repeating: 9, count: 40)] }),
        ("the same again", .wrongBlock, changing { $0.insert($0[0], at: 1) }),
        (
            "another kind of answer", .wrongAnswer,
            { frame in if case .blocks(let answer) = frame { [.chunk(request: answer.request, bytes: [1])] } else { [frame] } }
        ),
        (
            "nothing", nil,
            { frame in
                guard case .blocks(let answer) = frame else { return [frame] }
                return [.blocks(BlockRangeResponse(request: answer.request, blocks: [], last: true))]
            }
        ),
        ("silence", nil, { frame in if case .blocks = frame { [] } else { [frame] } }),
    ]

    private static func changing(_ change: @escaping @Sendable (inout [Networking.SyncedBlock]) -> Void) -> SyncNet.Tamper {
        { frame in
            guard case .blocks(var answer) = frame, !answer.blocks.isEmpty else { return [frame] }
            change(&answer.blocks)
            return [.blocks(answer)]
        }
    }

    @Test(arguments: lies.indices)
    func `refuses what a lying peer sends, and gets there with an honest one`(number: Int) async throws {
        let (name, error, tamper) = Self.lies[number]
        var chain = try SyncChain(folder.file("chain"), seed: 7)
        try chain.extend(20)
        var settings = SyncNode.settings
        if name == "silence" { settings.answerTimeout = .milliseconds(200) }
        // The lowest id is asked first.
        let (liar, honest) = (try node(1, chain, height: chain.height), try node(2, chain, height: chain.height))
        let late = try node(3, chain, height: 0, settings: settings)
        net.tamper(liar.id, tamper)
        for node in [liar, honest] { node.start() }
        liar.announce(to: late, height: 1_000_000)
        late.start()
        try await eventually("the liar was asked") {
            net.sent(by: liar.id).contains { if case .blocks = $0 { true } else { false } }
        }
        if let error { try await eventually("\(name) is punished") { net.punishments(liar.id).contains(error.code) } }
        try await eventually("the honest peer has not been asked in vain") {
            honest.announce(to: late)
            return late.ledger.head == chain.ledger.head
        }
        #expect(net.punishments(honest.id).isEmpty && (error == nil) == net.punishments(liar.id).isEmpty, "\(name)")
        try await stop(liar, honest, late)
    }

    @Test func `takes no block of another chain`() async throws {
        var (chain, other) = (try SyncChain(folder.file("chain"), seed: 8), try SyncChain(folder.file("other"), seed: 9))
        try chain.extend(8)
        try other.extend(8)
        let (stranger, honest) = (try node(1, other, height: 8), try node(2, chain, height: 8))
        let late = try node(3, chain, height: 0)
        for node in [stranger, late] { node.start() }
        stranger.announce(to: late)
        try await eventually("the stranger is punished") { net.punishments(stranger.id) == [SyncError.wrongBlock.code] }
        honest.start()
        honest.announce(to: late)
        try await eventually("the head") { late.ledger.head == chain.ledger.head }
        try await stop(stranger, honest, late)
    }
}
