import Networking
import Primitives
import TestVectors
import Testing

@Suite struct `Bans and back-off` {
    private let node = Hash32(1, 2, 3, 4)

    @Test func `Each ban is twice as long, up to the longest, and is forgotten after good conduct`() {
        var settings = BanList.Settings()
        (settings.first, settings.longest, settings.memory) = (100, 500, 1_000)
        var bans = BanList(settings)
        #expect(bans.until(node, now: 0) == nil)
        #expect(bans.ban(node, now: 0) == 100)
        #expect(bans.until(node, now: 99) == 100)
        #expect(bans.until(node, now: 100) == nil)
        #expect(bans.until(Hash32.zero, now: 50) == nil)
        #expect(bans.ban(node, now: 200) == 400)
        #expect(bans.ban(node, now: 400) == 800)
        for _ in 0..<100 { #expect(bans.ban(node, now: 1_000) == 1_500) }
        #expect(bans.ban(node, now: 2_499) == 2_999)
        #expect(bans.ban(node, now: 3_999) == 4_099)
        bans.lift(node)
        #expect(bans.until(node, now: 4_000) == nil)
    }

    @Test func `The list stays bounded`() {
        var bans = BanList(BanList.Settings())
        for number in 0..<5_000 { _ = bans.ban(Hash32(0, 0, 0, UInt64(number)), now: UInt64(number)) }
        #expect((0..<5_000).count { bans.until(Hash32(0, 0, 0, UInt64($0)), now: 5_000) != nil } == 4_096)
        #expect(bans.until(Hash32(0, 0, 0, 4_999), now: 5_000) != nil)
    }

    @Test func `Waiting doubles with jitter, between its bounds, and starts anew`() {
        var generator = SeededGenerator(seed: 1)
        var backOff = BackOff(shortest: 50, longest: 5_000)
        for round in 0..<200 {
            let full = min(5_000, 50 << min(round, 20))
            let delay = backOff.next(using: &generator)
            #expect(delay >= UInt64(max(50, full / 2)) && delay <= UInt64(full))
        }
        backOff.reset()
        #expect(backOff.next(using: &generator) == 50)
    }

    @Test func `The same seed waits alike, another differently`() {
        func delays(_ seed: UInt64) -> [UInt64] {
            var generator = SeededGenerator(seed: seed)
            var backOff = BackOff(shortest: 50, longest: 5_000)
            return (0..<20).map { _ in backOff.next(using: &generator) }
        }
        #expect(delays(1) == delays(1))
        #expect(delays(1) != delays(2))
    }
}

@Suite struct `Who may connect` {
    @Test func `Of two entries for a node the first counts`() {
        let entries = [
            PeerEntry(nodeID: .zero, validatorKey: nil, endpoint: "a:1"), PeerEntry(nodeID: .zero, validatorKey: nil, endpoint: "b:1"),
        ]
        #expect(PeerRegistry(entries).entries == [entries[0]])
    }

    @Test(arguments: [("localhost:1", "localhost", 1), ("[::1]:65535", "::1", 65_535), ("10.0.0.1:26656", "10.0.0.1", 26_656)])
    func `An endpoint is a host and a port`(text: String, host: String, port: Int) throws {
        let endpoint = try PeerEndpoint(text)
        #expect(endpoint.host == host && endpoint.port == port)
    }

    @Test(arguments: ["", ":", "host", "host:", ":1", "host:0", "host:65536", "host:-1", "::1:5", "[]:1", "a b:1", "h\u{0}:1", "é:1"])
    func `Anything else is none`(text: String) {
        #expect(throws: PeerError.badEndpoint) { try PeerEndpoint(text) }
    }

    @Test func `A very long endpoint is none`() {
        #expect(throws: PeerError.badEndpoint) { try PeerEndpoint(String(repeating: "a", count: 300) + ":1") }
    }
}
