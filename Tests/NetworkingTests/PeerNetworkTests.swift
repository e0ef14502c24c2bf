import Networking
import Primitives
import Testing

@Suite struct `Nodes of one chain` {
    @Test func `Frames of every kind arrive as they were sent, in order`() async throws {
        try await TestNode.together(2) { nodes in
            for frame in Samples.carried { #expect(nodes[0].network.send(frame, to: nodes[1].id) == .queued) }
            // Lanes overtake each other; inside a lane the order holds.
            try await eventually("all frames arrive") { nodes[1].frames.count == Samples.carried.count }
            for lane in PeerLane.allCases {
                #expect(nodes[1].frames.filter { $0.lane == lane } == Samples.carried.filter { $0.lane == lane })
            }
            #expect(nodes[0].frames.isEmpty)
        }
    }

    @Test func `Everybody hears a broadcast, and both nodes of a pair keep one connection though both dialled`() async throws {
        try await TestNode.together(4) { nodes in
            try await eventually("one connection a pair stays") {
                nodes.allSatisfy { node in node.network.openConnections == 3 && node.network.peers.allSatisfy(\.connected) }
            }
            for node in nodes {
                #expect(node.network.broadcast(.consensus(Array(node.id.bytes.prefix(9)))).queued == 3)
            }
            for node in nodes {
                try await eventually("three frames arrive") { node.frames.count == 3 }
                let others = nodes.filter { $0.id != node.id }
                #expect(Set(node.frames.map { "\($0)" }) == Set(others.map { "\(PeerFrame.consensus(Array($0.id.bytes.prefix(9))))" }))
                for other in others {
                    let directions = [node.status(other.id)?.direction, other.status(node.id)?.direction]
                    #expect(Set(directions) == ["dialled", "accepted"])
                }
            }
        }
    }

    @Test func `Only the named nodes hear a frame that is for some`() async throws {
        try await TestNode.together(3) { nodes in
            let result = nodes[0].network.broadcast(.evidence([1]), to: [nodes[2].id, Hash32.zero])
            #expect(result.queued == 1 && result.full == 0 && !result.isTooLarge)
            try await eventually("it arrives") { nodes[2].frames == [.evidence([1])] }
            #expect(nodes[1].frames.isEmpty)
            #expect(nodes[0].network.send(.evidence([1]), to: .zero) == .notConnected)
            #expect(nodes[0].network.send(.consensus(Samples.bytes(PeerLimits.consensus + 99)), to: nodes[1].id) == .tooLarge)
        }
    }

    @Test func `A node that only dials is reached by those who know it`() async throws {
        let (one, two) = (try await TestNode(), try await TestNode())
        try await TestNode.stopping([one, two]) {
            let registry = PeerRegistry([one.entry(), two.entry(reachable: false)])
            one.network.update(registry)
            two.network.update(registry)
            try await eventually("they connect") { one.isConnected(to: two.id) && two.isConnected(to: one.id) }
            #expect(one.status(two.id)?.direction == "accepted")
        }
    }

    @Test func `A peer that restarts is found again`() async throws {
        let identity = try NodeIdentity.generate()
        let stays = try await TestNode()
        var restarted = try await TestNode(identity)
        let registry = PeerRegistry([stays.entry(), restarted.entry()])
        let port = try #require(restarted.network.listeningPort)
        try await TestNode.stopping([stays]) {
            for node in [stays, restarted] { node.network.update(registry) }
            for _ in 0..<3 {
                try await eventually("they connect") { stays.isConnected(to: identity.nodeID) && restarted.isConnected(to: stays.id) }
                try await restarted.stop()
                try await eventually("it is missed") { !stays.isConnected(to: identity.nodeID) }
                #expect(stays.network.send(.evidence([1]), to: identity.nodeID) == .notConnected)
                restarted = try await TestNode(identity, port: port, registry: registry)
            }
            let last = restarted
            try await TestNode.stopping([last]) {
                try await eventually("they connect") { stays.isConnected(to: identity.nodeID) && last.isConnected(to: stays.id) }
                #expect(stays.network.send(.evidence([2]), to: identity.nodeID) == .queued)
                try await eventually("it hears again") { last.frames == [.evidence([2])] }
            }
        }
    }

    @Test func `A peer that starts late, at a name of several addresses, is found`() async throws {
        let late = try NodeIdentity.generate()
        let probe = try await TestNode()
        let port = try #require(probe.network.listeningPort)
        try await probe.stop()
        let early = try await TestNode()
        try await TestNode.stopping([early]) {
            early.network.update(PeerRegistry([PeerEntry(nodeID: late.nodeID, validatorKey: nil, endpoint: "localhost:\(port)")]))
            try await eventually("nobody answers") { early.status(late.nodeID)?.lastError?.code == PeerError.unreachable.code }
            let node = try await TestNode(late, port: port, registry: PeerRegistry([early.entry(reachable: false)]))
            try await TestNode.stopping([node]) {
                try await eventually("they connect") { node.isConnected(to: early.id) && early.isConnected(to: late.nodeID) }
                #expect(early.network.openConnections == 1)
            }
        }
    }

    @Test func `Who leaves the registry is disconnected, who comes back is dialled`() async throws {
        try await TestNode.together(3) { nodes in
            let all = PeerRegistry(nodes.map { $0.entry() })
            nodes[0].network.update(PeerRegistry([nodes[0].entry(), nodes[1].entry()]))
            try await eventually("it is disconnected") { !nodes[2].isConnected(to: nodes[0].id) && nodes[0].network.openConnections == 1 }
            #expect(nodes[0].status(nodes[2].id) == nil)
            #expect(nodes[0].isConnected(to: nodes[1].id))
            #expect(nodes[0].network.send(.evidence([1]), to: nodes[2].id) == .notConnected)
            nodes[0].network.update(all)
            try await eventually("it is back") { nodes[2].isConnected(to: nodes[0].id) && nodes[0].isConnected(to: nodes[2].id) }
        }
    }

    @Test func `Who is punished is disconnected and stays out, until pardoned`() async throws {
        struct Wrong: CodedError {
            let code: UInt32 = 1
            let name = "test.wrong"
            let reason = "a wrong thing"
        }
        try await TestNode.together(2) { nodes in
            nodes[0].network.punish(nodes[1].id, for: Wrong())
            try await eventually("it is disconnected") { !nodes[0].isConnected(to: nodes[1].id) && !nodes[1].isConnected(to: nodes[0].id) }
            let status = try #require(nodes[0].status(nodes[1].id))
            #expect(status.bannedFor != nil && status.lastError?.name == "test.wrong")
            try await eventually("all is told") { nodes[0].changes.contains { $0.hasPrefix("disconnected") } }
            #expect(nodes[0].changes.contains("banned \(nodes[1].id) test.wrong"))
            #expect(nodes[0].changes.contains("disconnected \(nodes[1].id) peer.punished"))
            nodes[0].network.pardon(nodes[1].id)
            try await eventually("it is back") { nodes[0].isConnected(to: nodes[1].id) && nodes[1].isConnected(to: nodes[0].id) }
        }
    }

    @Test func `The status shows traffic, round trips and heads`() async throws {
        try await TestNode.together(2) { nodes in
            #expect(nodes[0].network.send(.transactions([Samples.bytes(10_000)]), to: nodes[1].id) == .queued)
            try await eventually("it is counted") { (nodes[1].status(nodes[0].id)?.traffic.bytesIn ?? 0) > 10_000 }
            try await eventually("a ping came back") { nodes[0].status(nodes[1].id)?.rtt != nil }
            let status = try #require(nodes[0].status(nodes[1].id))
            #expect(status.traffic.framesOut >= 2 && status.traffic.bytesOut > 10_000 && status.traffic.framesIn >= 2)
            #expect(status.bannedFor == nil && status.dropped == 0)
        }
    }

    @Test func `Frames over a long line come in order`() async throws {
        var settings = TestNode.settings
        settings.artificialDelay = .milliseconds(20)
        try await TestNode.together(2, settings: settings) { nodes in
            let frames = (0..<200).map { PeerFrame.consensus([UInt8($0), 1]) }
            for frame in frames { #expect(nodes[0].network.send(frame, to: nodes[1].id) == .queued) }
            try await eventually("all arrive") { nodes[1].frames.count == 200 }
            #expect(nodes[1].frames == frames)
        }
    }

    @Test func `What was sent before a node stops still arrives`() async throws {
        let (stops, stays) = (try await TestNode(), try await TestNode())
        try await TestNode.stopping([stays]) {
            let registry = PeerRegistry([stops.entry(), stays.entry()])
            for node in [stops, stays] { node.network.update(registry) }
            try await eventually("they connect") { stops.isConnected(to: stays.id) && stays.isConnected(to: stops.id) }
            let frames = (0..<50).map { PeerFrame.consensus([UInt8($0), 1]) }
            for frame in frames { #expect(stops.network.send(frame, to: stays.id) == .queued) }
            try await stops.stop()
            try await eventually("all arrive") { stays.frames == frames }
            try await eventually("it is missed") { !stays.isConnected(to: stops.id) }
            // Calls after the end do nothing.
            stops.network.punish(stays.id, for: PeerError.malformed)
            stops.network.update(registry)
            stops.network.pardon(stays.id)
            #expect(stops.network.openConnections == 0 && stops.network.send(frames[0], to: stays.id) == .notConnected)
        }
    }

    @Test func `An address that is taken is an error`() async throws {
        let one = try await TestNode()
        let port = try #require(one.network.listeningPort)
        try await TestNode.stopping([one]) {
            let second = try PeerNetwork(
                identity: try .generate(), chainID: "c", genesis: .zero, host: "127.0.0.1", port: port, registry: PeerRegistry([])
            ) { _ in .consumed }
            await #expect(throws: PeerError.cannotListen) { try await second.run() }
        }
    }
}
