import NIOEmbedded
import Networking
import Primitives
import Testing

/// The table by reference, so that expectations can ask it questions that change it.
private final class Decisions {
    private var table: PeerTable

    init(_ own: Hash32, _ settings: PeerSettings, _ entries: [PeerEntry]) {
        table = PeerTable(ownID: own, registry: PeerRegistry(entries), settings: settings)
    }

    var peers: [Hash32: PeerTable.Peer] { table.peers }
    var links: [UInt64: PeerLink] { table.links }
    func open(_ link: PeerLink) -> Bool { table.open(link) }
    func meet(_ link: PeerLink, _ node: Hash32, _ hello: PeerHello) -> PeerTable.Meeting { table.meet(link, node, hello, now: 0) }
    func close(_ link: PeerLink, _ node: Hash32?, _ error: PeerError, now: UInt64) -> (wasCurrent: Bool, redial: UInt64?) {
        table.close(link, node, error, now: now)
    }
    func update(_ entry: PeerEntry) { _ = table.update(PeerRegistry([entry])) }
    func redial(_ node: Hash32, now: UInt64) -> UInt64? { table.redial(node, now: now) }
    func dial(_ node: Hash32, now: UInt64) -> PeerEndpoint? { table.dial(node, now: now) }
    func unreachable(_ node: Hash32, now: UInt64) -> UInt64? { table.unreachable(node, now: now) }
    func objection(to node: Hash32, now: UInt64) -> PeerError? { table.objection(to: node, now: now) }
    func punish(_ node: Hash32, now: UInt64) -> UInt64? { table.punish(node, PeerError.malformed, now: now)?.until }
    func stop() -> [PeerLink] { table.stop() }
}

@Suite struct `Which connection of a peer stays` {
    private static let low = Hash32(0, 0, 0, 1)
    private static let high = Hash32(0, 0, 0, 2)

    private func table(_ own: Hash32, _ settings: PeerSettings = TestNode.settings) -> Decisions {
        let entries = [Self.low, Self.high].map { PeerEntry(nodeID: $0, validatorKey: nil, endpoint: "host:1") }
        return Decisions(own, settings, entries)
    }

    private func link(_ number: UInt64, _ direction: PeerLink.Direction) -> PeerLink {
        PeerLink(number: number, channel: EmbeddedChannel(), direction: direction, bounds: PeerSettings().lanes)
    }

    private func hello(_ session: UInt64) -> PeerHello {
        PeerHello(protocol: 1, chainID: "c", genesis: .zero, headHeight: 0, session: session)
    }

    /// Says over `link` who it is, and closes what that replaces or refuses, as the network does.
    private func meet(_ table: Decisions, _ link: PeerLink, _ node: Hash32, session: UInt64) {
        switch table.meet(link, node, hello(session)) {
        case .settled(let replaced?): _ = table.close(replaced, node, .replaced, now: 0)
        case .settled(nil): break
        case .refused(let error): _ = table.close(link, node, error, now: 0)
        }
    }

    @Test(arguments: [1, 2])
    func `When both dial at once the lower id keeps the first that it hears on, and the other takes what is answered`(first: Int) {
        let (low, high) = (table(Self.low), table(Self.high))
        // Connection 1 is dialled by the low node, connection 2 by the high one; each has an end at both.
        let ends = [1: (link(1, .dialled), link(1, .accepted)), 2: (link(2, .accepted), link(2, .dialled))]
        for (atLow, atHigh) in ends.values { #expect(low.open(atLow) && high.open(atHigh)) }
        for number in [first, 3 - first] {
            guard let (atLow, atHigh) = ends[number] else { continue }
            switch low.meet(atLow, Self.high, hello(8)) {
            case .settled: meet(high, atHigh, Self.low, session: 9)
            case .refused(let error):
                #expect(error == .duplicate && number != first)
                _ = low.close(atLow, Self.high, error, now: 0)
                _ = high.close(atHigh, Self.low, .closed, now: 0)
            }
        }
        #expect(low.peers[Self.high]?.link?.number == UInt64(first) && low.links.count == 1)
        #expect(high.peers[Self.low]?.link?.number == UInt64(first) && high.links.count == 1)
    }

    @Test(arguments: [PeerLink.Direction.dialled, .accepted])
    func `The higher id takes the connection that is answered, whatever it had`(direction: PeerLink.Direction) {
        let table = table(Self.high)
        let (old, new) = (link(1, .dialled), link(2, direction))
        #expect(table.open(old) && table.open(new))
        meet(table, old, Self.low, session: 8)
        meet(table, new, Self.low, session: 8)
        #expect(table.peers[Self.low]?.link?.number == 2 && table.links.count == 1)
    }

    @Test(arguments: [PeerLink.Direction.dialled, .accepted])
    func `A restarted peer takes the place of the connection it has forgotten`(direction: PeerLink.Direction) {
        let table = table(Self.low)
        let (old, new) = (link(1, .dialled), link(2, direction))
        #expect(table.open(old) && table.open(new))
        meet(table, old, Self.high, session: 8)
        meet(table, new, Self.high, session: 9)
        #expect(table.peers[Self.high]?.link?.number == 2 && table.links.count == 1)
    }

    @Test func `A second connection the same way round takes the place of the first, which the peer has lost`() {
        let table = table(Self.low)
        let (old, new) = (link(1, .accepted), link(2, .accepted))
        #expect(table.open(old) && table.open(new))
        meet(table, old, Self.high, session: 8)
        meet(table, new, Self.high, session: 8)
        #expect(table.peers[Self.high]?.link?.number == 2)
    }

    @Test func `The end of a connection that was replaced is not the end of the peer's`() {
        let table = table(Self.low)
        let (old, new) = (link(1, .accepted), link(2, .accepted))
        #expect(table.open(old) && table.open(new))
        _ = table.meet(old, Self.high, hello(8))
        _ = table.meet(new, Self.high, hello(8))
        let end = table.close(old, Self.high, .replaced, now: 1)
        #expect(!end.wasCurrent && end.redial == nil)
        #expect(table.peers[Self.high]?.link?.number == 2)
        let again = table.close(old, Self.high, .closed, now: 2)
        #expect(!again.wasCurrent && again.redial == nil)
        let last = table.close(new, Self.high, .closed, now: 3)
        #expect(last.wasCurrent && last.redial != nil)
    }

    @Test func `A peer is dialled once at a time, however often asked`() {
        let table = table(Self.low)
        #expect(table.redial(Self.high, now: 0) != nil)
        #expect(table.redial(Self.high, now: 0) == nil)
        #expect(table.dial(Self.high, now: 10) == (try? PeerEndpoint("host:1")))
        #expect(table.redial(Self.high, now: 10) == nil)
        #expect(table.unreachable(Self.high, now: 20) != nil)
        #expect(table.redial(Self.high, now: 20) == nil)
        let link = link(1, .accepted)
        #expect(table.open(link))
        meet(table, link, Self.high, session: 8)
        #expect(table.dial(Self.high, now: 30) == nil)
        #expect(table.redial(Self.high, now: 30) == nil)
    }

    @Test func `Neither this node, nor strangers, nor those without an endpoint are dialled`() {
        let table = table(Self.low)
        #expect(table.redial(Self.low, now: 0) == nil)
        #expect(table.redial(.zero, now: 0) == nil)
        table.update(PeerEntry(nodeID: Self.high, validatorKey: nil, endpoint: ""))
        #expect(table.redial(Self.high, now: 0) == nil)
        table.update(PeerEntry(nodeID: Self.high, validatorKey: nil, endpoint: "nonsense"))
        #expect(table.redial(Self.high, now: 0) != nil)
        #expect(table.dial(Self.high, now: 0) == nil)
        #expect(table.peers[Self.high]?.lastError?.code == PeerError.badEndpoint.code)
    }

    @Test func `A banned peer is dialled when the ban is over, and let in no sooner`() {
        let table = table(Self.low)
        let first = link(1, .accepted)
        #expect(table.open(first))
        meet(table, first, Self.high, session: 8)
        let until = table.punish(Self.high, now: 100)
        #expect(until == 100 + PeerSettings().bans.first)
        let end = table.close(first, Self.high, .malformed, now: 100)
        #expect(end.wasCurrent && end.redial == PeerSettings().bans.first)
        #expect(table.objection(to: Self.high, now: 101) == .banned)
        let second = link(2, .accepted)
        #expect(table.open(second))
        meet(table, second, Self.high, session: 8)
        #expect(table.peers[Self.high]?.link == nil)
        #expect(table.objection(to: Self.high, now: 100 + PeerSettings().bans.first) == nil)
        #expect(table.punish(.zero, now: 0) == nil)
    }

    @Test func `Places of those that have not said who they are are counted back`() {
        var settings = TestNode.settings
        settings.pendingConnections = 2
        let table = table(Self.low, settings)
        let links = (1...4).map { link($0, .accepted) }
        #expect(table.open(links[0]) && table.open(links[1]) && !table.open(links[2]))
        // Our own dialling takes no place.
        #expect(table.open(link(9, .dialled)))
        meet(table, links[0], Self.high, session: 8)
        #expect(table.open(links[2]) && !table.open(links[3]))
        _ = table.close(links[0], Self.high, .closed, now: 1)
        #expect(!table.open(links[3]))
        _ = table.close(links[1], nil, .handshakeFailed, now: 1)
        _ = table.close(links[1], nil, .handshakeFailed, now: 1)
        #expect(table.open(links[3]) && !table.open(link(10, .accepted)))
    }

    @Test func `A node that stops takes and makes no connections`() {
        let table = table(Self.low)
        let open = link(1, .accepted)
        #expect(table.open(open))
        #expect(table.stop().count == 1)
        #expect(!table.open(link(2, .accepted)) && !table.open(link(3, .dialled)))
        #expect(table.redial(Self.high, now: 0) == nil && table.dial(Self.high, now: 0) == nil)
        #expect(table.objection(to: Self.high, now: 0) == .stopping)
    }
}
