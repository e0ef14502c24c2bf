import ChainTypes
import Cryptography
import Ledger
import Primitives
import Storage
import Testing

@Suite struct `Blocks executed before they are final` {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func ledger(_ name: String, _ scene: LedgerScene, limits: ExecutionLimits = .init()) throws -> LedgerApplication {
        let store = try ChainStore(path: directory.file(name), options: .init(sync: false, blockCacheBytes: 1 << 20))
        return try LedgerApplication(store: store, genesis: scene.genesis, limits: limits)
    }

    /// A node of the random tree: a block that is executed on the ledger and not committed.
    private struct Known {
        let block: SceneBlock
        let outcome: BlockOutcome
        let point: ScenePoint
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `a random tree of blocks gives what the committed path alone gives`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let scene = try LedgerScene(seed: seed)
        let (speculating, straight) = (try ledger("a", scene), try ledger("b", scene))
        var head = ScenePoint(speculating.head, nonces: scene.start)
        var known: [Hash32: Known] = [:]
        var newest = head.hash
        for view in 1...120 as ClosedRange<UInt64> {
            let points = [head] + known.values.map(\.point).sorted { ($0.height, $0.hash) < ($1.height, $1.hash) }
            let drawn = points[Int(generator.next() % UInt64(points.count))]
            let parent = generator.next() % 3 == 0 ? drawn : points.first { $0.hash == newest } ?? head
            let (block, nonces) = try scene.randomBlock(on: parent, view: view, generator: &generator)
            #expect(try speculating.processProposal(block.content, context: block.context), "seed \(seed)")
            let outcome = try speculating.finalizeBlock(block.content, hash: block.hash, context: block.context)
            known[block.hash] = Known(block: block, outcome: outcome, point: ScenePoint(block, outcome, nonces: nonces))
            newest = block.hash
            if let again = known.values.min(by: { $0.block.hash < $1.block.hash }) {
                let repeated = try speculating.finalizeBlock(again.block.content, hash: again.block.hash, context: again.block.context)
                #expect(repeated.receipts == again.outcome.receipts && repeated.stateRoot == again.outcome.stateRoot, "seed \(seed)")
            }
            guard generator.next() % 3 == 0 || known.count > 20 else { continue }
            let children = known.values.filter { $0.block.context.parent == head.hash }.sorted { $0.block.hash < $1.block.hash }
            // Rather a child that the newest block stands on, so that chains get long.
            let chosen =
                Self.ancestor(of: newest, after: head.hash, known).flatMap { known[$0] }
                ?? children[Int(generator.next() % UInt64(children.count))]
            try speculating.commit(chosen.block.block, certificate: nil)
            let expected = try straight.run(chosen.block)
            #expect(expected.receipts == chosen.outcome.receipts && expected.receiptsRoot == chosen.outcome.receiptsRoot, "seed \(seed)")
            #expect(expected.stateRoot == chosen.outcome.stateRoot, "seed \(seed)")
            #expect(speculating.head == straight.head, "seed \(seed)")
            head = chosen.point
            known = Self.descendants(of: head.hash, known)
            for key in scene.keys.map({ StateKey.account($0.address) }) + [StateKey.supply, StateKey.feesCollected] {
                let (a, b) = (try speculating.query(key, height: nil, prove: true), try straight.query(key, height: nil, prove: true))
                #expect(a.value == b.value && a.proof == b.proof && a.height == b.height, "seed \(seed)")
            }
        }
        #expect(speculating.head.height > 25)
        let reopened = try Self.reopen(speculating, scene, directory.file("a"))
        #expect(reopened == straight.head)
    }

    private static func reopen(_ ledger: LedgerApplication, _ scene: LedgerScene, _ path: String) throws -> ApplicationHead {
        ledger.store.close()
        return try LedgerApplication(store: ChainStore(path: path), genesis: scene.genesis).head
    }

    private static func ancestor(of hash: Hash32, after head: Hash32, _ known: [Hash32: Known]) -> Hash32? {
        var next = hash
        while let block = known[next] {
            if block.block.context.parent == head { return next }
            next = block.block.context.parent
        }
        return nil
    }

    private static func descendants(of head: Hash32, _ known: [Hash32: Known]) -> [Hash32: Known] {
        known.filter { $0.key != head && ancestor(of: $0.key, after: head, known) != nil }
    }

    @Test func `a proposal is judged on the state of its parent`() throws {
        let scene = try LedgerScene()
        let ledger = try ledger("a", scene)
        var generator = SeededGenerator(seed: 3)
        let root = ScenePoint(ledger.head, nonces: scene.start)
        let first = try scene.transfer(0, nonce: 1, generator: &generator)
        let second = try scene.transfer(0, nonce: 2, generator: &generator)
        let a = try scene.block(on: root, [first], view: 1)
        let b = try scene.block(on: root, [], view: 2)
        let afterA = ScenePoint(a, try ledger.finalizeBlock(a.content, hash: a.hash, context: a.context), nonces: [])
        let afterB = ScenePoint(b, try ledger.finalizeBlock(b.content, hash: b.hash, context: b.context), nonces: [])
        let (onA, onB) = (try scene.block(on: afterA, [second]), try scene.block(on: afterB, [second]))
        #expect(try ledger.processProposal(onA.content, context: onA.context))
        #expect(try !ledger.processProposal(onB.content, context: onB.context))
        #expect(try ledger.prepareProposal(BlockContent([first, second]), context: onA.context).transactions.count == 1)
        #expect(try ledger.prepareProposal(BlockContent([first, second]), context: onB.context).transactions.count == 2)
        let unknown = try scene.block(
            on: ScenePoint(onA, try ledger.finalizeBlock(onA.content, hash: onA.hash, context: onA.context), nonces: []), [])
        #expect(try ledger.processProposal(unknown.content, context: unknown.context))
        try ledger.commit(b.block, certificate: nil)
        #expect(throws: LedgerError.unknownParent) { try ledger.processProposal(unknown.content, context: unknown.context) }
        #expect(throws: LedgerError.unknownParent) {
            try ledger.finalizeBlock(unknown.content, hash: unknown.hash, context: unknown.context)
        }
        #expect(throws: LedgerError.notExecuted) { try ledger.commit(a.block, certificate: nil) }
        #expect(ledger.outcome(of: a.hash) == nil)
    }

    @Test func `only an executed child of the head is committed`() throws {
        let scene = try LedgerScene()
        let ledger = try ledger("a", scene)
        let a = try scene.block(on: ScenePoint(ledger.head, nonces: []), [])
        #expect(throws: LedgerError.notExecuted) { try ledger.commit(a.block, certificate: nil) }
        let outcome = try ledger.finalizeBlock(a.content, hash: a.hash, context: a.context)
        let b = try scene.block(on: ScenePoint(a, outcome, nonces: []), [])
        _ = try ledger.finalizeBlock(b.content, hash: b.hash, context: b.context)
        #expect(throws: LedgerError.notExecuted) { try ledger.commit(b.block, certificate: nil) }
        #expect(ledger.head.height == 0)
        try ledger.commit(a.block, certificate: nil)
        try ledger.commit(b.block, certificate: nil)
        #expect(ledger.head.blockHash == b.hash)
        var context = b.context
        (context.parent, context.height) = (b.hash, 7)
        #expect(throws: LedgerError.wrongHeight) { try ledger.finalizeBlock(BlockContent(), hash: Hash32(1, 2, 3, 4), context: context) }
    }

    @Test func `a commit that fails changes nothing`() throws {
        let scene = try LedgerScene()
        let ledger = try ledger("a", scene)
        var generator = SeededGenerator(seed: 4)
        let transfer = try scene.transfer(0, nonce: 1, generator: &generator)
        let a = try scene.block(on: ScenePoint(ledger.head, nonces: []), [transfer])
        let (outcome, before) = (try ledger.finalizeBlock(a.content, hash: a.hash, context: a.context), ledger.head)
        ledger.store.close()
        #expect(throws: StorageError.closed) { try ledger.commit(a.block, certificate: nil) }
        #expect(ledger.head == before)
        #expect(ledger.outcome(of: a.hash)?.stateRoot == outcome.stateRoot)
        let again = try self.ledger("a", scene)
        #expect(again.head == before)
        #expect(try again.run(a).stateRoot == outcome.stateRoot)
    }

    @Test func `blocks left behind are forgotten when there are too many, a chain never loses a link`() throws {
        let scene = try LedgerScene()
        let ledger = try ledger("a", scene, limits: ExecutionLimits(blocks: 4))
        let root = ScenePoint(ledger.head, nonces: [])
        let siblings = try (1...6 as ClosedRange<UInt64>).map { try scene.block(on: root, [], view: $0) }
        for block in siblings { _ = try ledger.finalizeBlock(block.content, hash: block.hash, context: block.context) }
        #expect(siblings.map { ledger.outcome(of: $0.hash) != nil } == [false, false, true, true, true, true])
        #expect(throws: LedgerError.notExecuted) { try ledger.commit(siblings[0].block, certificate: nil) }
        var blocks = [siblings[5]]
        while blocks.count < 4 {
            let tip = blocks[blocks.count - 1]
            let outcome = try #require(ledger.outcome(of: tip.hash))
            blocks.append(try scene.block(on: ScenePoint(tip, outcome, nonces: []), []))
            _ = try ledger.finalizeBlock(
                blocks[blocks.count - 1].content, hash: blocks[blocks.count - 1].hash, context: blocks[blocks.count - 1].context)
        }
        let next = try scene.block(on: ScenePoint(blocks[3], try #require(ledger.outcome(of: blocks[3].hash)), nonces: []), [])
        #expect(throws: LedgerError.tooFarAhead) { try ledger.finalizeBlock(next.content, hash: next.hash, context: next.context) }
        try ledger.commit(blocks[0].block, certificate: nil)
        _ = try ledger.finalizeBlock(next.content, hash: next.hash, context: next.context)
        for block in blocks.dropFirst() + [next] { try ledger.commit(block.block, certificate: nil) }
        #expect(ledger.head.blockHash == next.hash)
    }

    @Test func `bytes are bounded too, and a block on the head is always taken`() throws {
        let scene = try LedgerScene()
        let ledger = try ledger("a", scene, limits: ExecutionLimits(blocks: 10, bytes: 1))
        let root = ScenePoint(ledger.head, nonces: [])
        let (a, b) = (try scene.block(on: root, [], view: 1), try scene.block(on: root, [], view: 2))
        _ = try ledger.finalizeBlock(a.content, hash: a.hash, context: a.context)
        let outcome = try ledger.finalizeBlock(b.content, hash: b.hash, context: b.context)
        #expect(ledger.outcome(of: a.hash) == nil)
        let c = try scene.block(on: ScenePoint(b, outcome, nonces: []), [])
        #expect(throws: LedgerError.tooFarAhead) { try ledger.finalizeBlock(c.content, hash: c.hash, context: c.context) }
        try ledger.commit(b.block, certificate: nil)
        try ledger.run(c)
    }
}
