import NIOCore
import NIOSSL
import Networking
import Primitives
import Testing

@Suite struct `Slow peers` {
    /// A node with one peer that has greeted and reads nothing.
    private func withStuckPeer(_ settings: PeerSettings, _ body: (TestNode, RawPeer, Hash32) async throws -> Void) async throws {
        let known = try NodeIdentity.generate()
        let node = try await TestNode(settings: settings)
        node.network.update(PeerRegistry([PeerEntry(nodeID: known.nodeID, validatorKey: nil, endpoint: "")]))
        let port = try #require(node.network.listeningPort)
        try await TestNode.stopping([node]) {
            let peer = try await RawPeer(to: port, .tls(known, maximum: .tlsv13))
            try peer.greet()
            try await eventually("it is in") { node.isConnected(to: known.nodeID) }
            try await peer.setReading(false)
            try await body(node, peer, known.nodeID)
            await peer.close()
        }
    }

    @Test func `Votes overtake a payload that is under way`() async throws {
        try await withStuckPeer(TestNode.settings) { node, peer, id in
            let payload = PeerFrame.chunk(request: 1, bytes: [UInt8](repeating: 5, count: PeerLimits.chunk))
            #expect(node.network.send(payload, to: id) == .queued)
            // Part of it is on its way when the vote comes, and the line is full.
            try await eventually("the line is full") { (node.status(id)?.traffic.bytesOut ?? 0) > 128 * 1024 }
            #expect(node.network.send(.transactions([[1]]), to: id) == .queued)
            #expect(node.network.send(.consensus([2]), to: id) == .queued)
            try await peer.setReading(true)
            try await eventually("all arrive") { try peer.carried().count == 3 }
            #expect(try peer.carried() == [.consensus([2]), .transactions([[1]]), payload])
        }
    }

    @Test func `What a stuck peer does not take is refused instead of kept, except that new votes replace old ones`() async throws {
        var settings = TestNode.settings
        settings.lanes[1] = LaneBound(frames: 100, bytes: 1_000_000, dropsOldest: true)
        settings.lanes[4] = LaneBound(frames: 1_000, bytes: 2_000_000)
        try await withStuckPeer(settings) { node, peer, id in
            let transactions = PeerFrame.transactions([Samples.bytes(100_000)])
            var refused = 0
            // Far more than all sockets' buffers hold; the pause lets the writer run.
            for _ in 0..<2_000 where refused < 50 {
                if node.network.send(transactions, to: id) == .full { refused += 1 }
                await Task.yield()
            }
            #expect(refused == 50)
            for number in 0..<3_000 {
                #expect(node.network.send(.consensus(Array("\(number)".utf8)), to: id) == .queued)
            }
            let status = try #require(node.status(id))
            #expect(status.queuedBytes <= 3_100_000 && status.dropped > 0 && status.connected)
            try await peer.setReading(true)
            try await eventually("the newest vote arrives") { try peer.carried().contains(.consensus(Array("2999".utf8))) }
        }
    }

    @Test func `A stuck peer does not delay the others`() async throws {
        var settings = TestNode.settings
        settings.lanes[3] = LaneBound(frames: 64, bytes: 3_000_000)
        try await withStuckPeer(settings) { node, _, stuck in
            let healthy = try await TestNode()
            try await TestNode.stopping([healthy]) {
                let entries = [PeerEntry(nodeID: stuck, validatorKey: nil, endpoint: ""), healthy.entry()]
                healthy.network.update(PeerRegistry([node.entry()]))
                node.network.update(PeerRegistry(entries))
                try await eventually("they connect") { node.isConnected(to: healthy.id) && healthy.isConnected(to: node.id) }
                let block = CompactBlock(header: [1], evidence: [], transactions: [.full(Samples.bytes(500_000))])
                // More than the lane of the stuck one holds; the healthy one never has more than a few to take.
                for count in 1...20 {
                    #expect(node.network.broadcast(.proposal(block)).queued >= 1)
                    try await eventually("the healthy one has it") { healthy.frames.count == count }
                }
                #expect(node.isConnected(to: stuck))
                #expect((node.status(stuck)?.queuedBytes ?? 0) > 2_000_000)
                #expect(node.network.send(.proposal(block), to: stuck) == .full)
            }
        }
    }

    @Test func `A node whose consumer is behind stops reading, and goes on when frames are given back`() async throws {
        var settings = TestNode.settings
        settings.inboundBudget = 1_000_000
        let (sender, consumer) = (try await TestNode(), try await TestNode(settings: settings, holds: true))
        try await TestNode.stopping([sender, consumer]) {
            let registry = PeerRegistry([sender.entry(), consumer.entry()])
            for node in [sender, consumer] { node.network.update(registry) }
            try await eventually("they connect") { sender.isConnected(to: consumer.id) && consumer.isConnected(to: sender.id) }
            let frames = 1_000
            var sent = 0
            var refused = false
            while !refused {
                switch sender.network.send(.transactions([Samples.bytes(100_000, UInt8(truncatingIfNeeded: sent))]), to: consumer.id) {
                case .queued: sent += 1
                case .full: refused = true
                case .notConnected, .tooLarge: throw NeverHappened(description: "disconnected")
                }
                if sent >= frames { break }
                try await Task.sleep(for: .milliseconds(1))
            }
            #expect(refused, "the sender's queue fills when nobody reads")
            // A frame more than the budget at most.
            #expect(consumer.frames.count <= 11)
            consumer.releaseAll()
            try await eventually("all arrive") { consumer.frames.count == sent }
        }
    }
}
