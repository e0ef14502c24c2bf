import NIOCore
import NIOSSL
import Networking
import Primitives
import Testing

@Suite struct `Strangers and liars` {
    /// A node that knows one peer, whose identity the test has.
    private func withNode(
        _ settings: PeerSettings = TestNode.settings, _ body: (TestNode, NodeIdentity, Int) async throws -> Void
    ) async throws {
        let known = try NodeIdentity.generate()
        let node = try await TestNode(settings: settings)
        node.network.update(PeerRegistry([PeerEntry(nodeID: known.nodeID, validatorKey: nil, endpoint: "")]))
        let port = try #require(node.network.listeningPort)
        try await TestNode.stopping([node]) { try await body(node, known, port) }
    }

    @Test func `The known key is let in`() async throws {
        try await withNode { node, known, port in
            let peer = try await RawPeer(to: port, .tls(known, maximum: .tlsv13))
            try peer.greet()
            try await eventually("it is in") { node.isConnected(to: known.nodeID) }
            try peer.send(.carried(.evidence([7])))
            try await eventually("it is heard") { node.frames == [.evidence([7])] }
            await peer.close()
        }
    }

    @Test func `The known key is let in whatever the dates of its certificate`() async throws {
        try await withNode { node, known, port in
            var certificate = known.certificateDER
            let forever = Array("99991231235959Z".utf8)
            let start = try #require(certificate.indices.first { certificate[$0...].starts(with: forever) })
            certificate.replaceSubrange(start..<start + forever.count, with: Array("20200101000000Z".utf8))
            let expired = try NodeIdentity(privateKeyDER: known.privateKeyDER, certificateDER: certificate)
            let peer = try await RawPeer(to: port, .tls(expired, maximum: .tlsv13))
            try peer.greet()
            try await eventually("it is in") { node.isConnected(to: known.nodeID) }
            await peer.close()
        }
    }

    @Test(arguments: ["another key", "no certificate", "TLS 1.2", "no TLS", "noise"])
    func `Others are not`(how: String) async throws {
        try await withNode { node, known, port in
            let security: RawPeer.Security =
                switch how {
                case "another key": .tls(try NodeIdentity.generate(), maximum: .tlsv13)
                case "no certificate": .tls(nil, maximum: .tlsv13)
                case "TLS 1.2": .tls(known, maximum: .tlsv12)
                default: .none
                }
            let peer = try await RawPeer(to: port, security)
            if how == "noise" { peer.send(ByteBuffer(bytes: Samples.bytes(500))) } else { try peer.greet() }
            try peer.send(.carried(.evidence([7])))
            try await eventually("it is turned away") { peer.isClosed && node.network.openConnections == 0 }
            #expect(!node.isConnected(to: known.nodeID) && node.frames.isEmpty)
            // Without TLS what comes back is an alert of TLS.
            if case .tls = security { #expect(try peer.frames().isEmpty) }
            // Nobody is punished for what a stranger did.
            #expect(node.status(known.nodeID)?.bannedFor == nil)
        }
    }

    @Test(arguments: [
        ("oversized piece", PeerError.tooLarge), ("oversized frame", .tooLarge), ("truncated message", .malformed),
        ("unknown kind", .unknownKind), ("wrong lane", .wrongLane), ("second hello", .helloRepeated), ("bad shape", .malformed),
    ])
    func `A peer that breaks the protocol is banned`(how: String, error: PeerError) async throws {
        try await withNode { node, known, port in
            let peer = try await RawPeer(to: port, .tls(known, maximum: .tlsv13))
            try peer.greet()
            try await eventually("it is in") { node.isConnected(to: known.nodeID) }
            switch how {
            case "oversized piece": peer.send(ByteBuffer(integer: 0x1000_FFFF + 2 as UInt32))
            case "oversized frame":
                for _ in 0..<3 {
                    peer.send(ByteBuffer(integer: 0x1801_0000 as UInt32))
                    peer.send(ByteBuffer(bytes: [UInt8](repeating: 1, count: PeerLimits.fragment)))
                }
            case "truncated message": peer.send(ByteBuffer(bytes: [0x10, 0, 0, 4, 0x22, 9, 1, 1]))
            case "unknown kind": peer.send(ByteBuffer(bytes: [0x10, 0, 0, 4, 0xFA, 1, 1, 1]))
            case "wrong lane": peer.send(ByteBuffer(bytes: [0x50, 0, 0, 3, 0x22, 1, 1]))
            case "second hello": try peer.greet()
            default: peer.send(try EncodedFrame(.blockRequest(BlockRangeRequest(request: 1, first: 9, last: 1))).bytes)
            }
            try await eventually("it is banned") { node.status(known.nodeID)?.bannedFor != nil && peer.isClosed }
            #expect(node.status(known.nodeID)?.lastError?.code == error.code)
            #expect(node.frames.isEmpty)

            let again = try await RawPeer(to: port, .tls(known, maximum: .tlsv13))
            try again.greet()
            try await eventually("it stays out") { again.isClosed }
            #expect(!node.isConnected(to: known.nodeID))
        }
    }

    @Test(arguments: [
        ("protocol", PeerError.wrongProtocol), ("chain", .wrongChain), ("genesis", .wrongGenesis), ("no hello", .helloExpected),
        ("ping first", .helloExpected),
    ])
    func `A peer of another chain or version is banned`(what: String, error: PeerError) async throws {
        try await withNode { node, known, port in
            let peer = try await RawPeer(to: port, .tls(known, maximum: .tlsv13))
            switch what {
            case "protocol": try peer.greet(protocol: 2)
            case "chain": try peer.greet(chainID: "another")
            case "genesis": try peer.greet(genesis: .zero)
            case "ping first": try peer.send(.ping(1))
            default: try peer.send(.carried(.evidence([7])))
            }
            try await eventually("it is banned") { node.status(known.nodeID)?.bannedFor != nil && peer.isClosed }
            #expect(node.status(known.nodeID)?.lastError?.code == error.code)
            #expect(node.frames.isEmpty && !node.isConnected(to: known.nodeID))
        }
    }

    @Test func `A peer that falls silent is disconnected, and may come back`() async throws {
        var settings = TestNode.settings
        settings.idleTimeout = .milliseconds(500)
        try await withNode(settings) { node, known, port in
            for _ in 0..<2 {
                let peer = try await RawPeer(to: port, .tls(known, maximum: .tlsv13))
                try peer.greet()
                try await eventually("it is dropped") { peer.isClosed }
                #expect(try peer.frames().contains(.ping(1)))
                #expect(node.status(known.nodeID)?.lastError?.code == PeerError.idle.code)
                #expect(node.status(known.nodeID)?.bannedFor == nil)
            }
        }
    }

    @Test func `A node that answers with another key than the registry's is not spoken to`() async throws {
        let (one, two) = (try await TestNode(), try await TestNode())
        try await TestNode.stopping([one, two]) {
            let wanted = try NodeIdentity.generate()
            // The second node listens where the registry says that another one does; and knows the first.
            two.network.update(PeerRegistry([one.entry(reachable: false)]))
            one.network.update(
                PeerRegistry([PeerEntry(nodeID: wanted.nodeID, validatorKey: nil, endpoint: two.entry().endpoint)]))
            try await eventually("it is refused") { one.status(wanted.nodeID)?.lastError != nil }
            #expect(one.status(wanted.nodeID)?.lastError?.code == PeerError.handshakeFailed.code)
            #expect(!one.isConnected(to: wanted.nodeID) && !two.isConnected(to: one.id))
        }
    }

    @Test func `Connections that do not say who they are are few, and not for long`() async throws {
        var settings = TestNode.settings
        settings.pendingPerAddress = 3
        settings.handshakeTimeout = .seconds(2)
        try await withNode(settings) { node, known, port in
            var silent: [RawPeer] = []
            for _ in 0..<12 { silent.append(try await RawPeer(to: port, .none)) }
            try await eventually("most are turned away at once, the rest in time") { silent.allSatisfy(\.isClosed) }
            try await eventually("their places are free") { node.network.openConnections == 0 }
            // On a busy machine its greeting may come later than the node waits for it. Then it comes again, as peers do.
            var peers: [RawPeer] = []
            for _ in 0..<30 where !node.isConnected(to: known.nodeID) {
                let peer = try await RawPeer(to: port, .tls(known, maximum: .tlsv13))
                peers.append(peer)
                try peer.greet()
                try await eventually("it is let in, or dropped") { node.isConnected(to: known.nodeID) || peer.isClosed }
            }
            #expect(node.isConnected(to: known.nodeID), "a known peer finds a place")
            for peer in peers { await peer.close() }
        }
    }

    @Test func `No more connections of one address wait than allowed`() async throws {
        var settings = TestNode.settings
        settings.pendingPerAddress = 3
        settings.pendingConnections = 3
        try await withNode(settings) { node, _, port in
            var silent: [RawPeer] = []
            for _ in 0..<12 { silent.append(try await RawPeer(to: port, .none)) }
            try await eventually("all but three are turned away") { silent.count(where: \.isClosed) == 9 }
            #expect(node.network.openConnections == 3)
            for peer in silent { await peer.close() }
            try await eventually("their places are free") { node.network.openConnections == 0 }
        }
    }
}
