import JupiterClient
import Primitives
import Testing

/// What happens to the nodes, to one at a time: the next fault waits until the last victim votes again.
struct FaultPlan {
    private let federation: ProcessFederation
    private var generator: SeededGenerator
    private(set) var kills = 0
    private(set) var cuts = 0
    /// Nodes that began again with a state from their peers: they lack the blocks before.
    private(set) var wiped: [NodeProcess] = []

    init(_ federation: ProcessFederation, seed: UInt64) {
        self.federation = federation
        generator = SeededGenerator(seed: seed ^ 0xfa17)
    }

    private mutating func random(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + generator.next() % (range.upperBound - range.lowerBound + 1)
    }

    private mutating func victim() -> Int { Int(random(0...UInt64(federation.nodes.count - 1))) }

    /// Kills random nodes until `duration` is over.
    mutating func kill(for duration: Duration) async throws {
        let end = ContinuousClock.now.advanced(by: duration)
        while ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(Int(random(500...1_500))))
            try await kill(federation.nodes[victim()])
        }
    }

    private mutating func kill(_ victim: NodeProcess) async throws {
        kills += 1
        victim.kill()
        try await Task.sleep(for: .milliseconds(Int(random(200...2_500))))
        try victim.start()
        try await federation.waitForReturn(of: victim)
    }

    /// Cuts a random node off from all others, for longer than connections live without an answer.
    mutating func cut() async throws {
        cuts += 1
        let position = victim()
        let (victim, lines) = (federation.nodes[position], try #require(federation.lines))
        lines.cut(position)
        try await Task.sleep(for: .seconds(2))
        let (before, others) = (try await victim.client.status().height, await federation.tallest())
        try await Task.sleep(for: .seconds(10))
        let after = try await victim.client.status()
        // The cut is one: it gets no block and knows it, and the others go on.
        #expect(after.height == before && after.peers.connected == 0)
        #expect(await federation.tallest() >= others + 5)
        lines.mend(position)
        try await federation.waitForReturn(of: victim)
    }

    /// Takes everything but keys and settings from a random node: it gets a state from the others, and votes from the epoch that they say.
    mutating func wipe() async throws {
        let victim = federation.nodes[victim()]
        victim.kill()
        try victim.wipe(.chainAndLog)
        try victim.start()
        wiped.append(victim)
        try await federation.wait("an answer of the wiped node", for: [victim]) { $0 > 0 }
        let status = try await victim.client.status()
        #expect(status.consensus?.votes == false)
        #expect((try? await victim.client.json("/v1/blocks/1")) == nil, "the wiped node has executed every block")
        try await federation.waitForReturn(of: victim)
        #expect(try await victim.client.status().epoch > status.epoch)
        // The chain stands without its vote now.
        let other = try #require(federation.nodes.first { $0 !== victim })
        try await kill(other)
    }
}

extension ProcessFederation {
    /// Waits until a node is where the others are, votes, and is connected to all that are up: only then may the chain lose another.
    func waitForReturn(of node: NodeProcess) async throws {
        let target = await tallest()
        try await wait("the victim's return", for: [node]) { $0 >= target }
        for _ in 0..<2_400 {
            let status = try await node.client.status()
            if status.consensus?.votes == true, status.peers.connected >= nodes.count(where: \.isUp) - 1 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Stuck(what: "\(node.home) does not vote among all others again: \(node.logTail)")
    }
}
