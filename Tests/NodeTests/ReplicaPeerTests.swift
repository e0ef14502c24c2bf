import Node
import Primitives
import Testing

@Suite struct `Who takes over whose vault` {
    private static func peer(_ id: UInt8, enrolled: UInt32 = 0, leads: Bool? = nil) -> ReplicaPeer {
        let id = Hash32(Array(repeating: id, count: 32)) ?? .zero
        return ReplicaPeer(id: id, vault: id, version: 1, enrolled: enrolled, leads: leads)
    }

    @Test func `of two enclaves without keys that take over from each other, one leads`() {
        let (one, two) = (Self.peer(1), Self.peer(2))
        #expect(one.gives(two.id) && !two.gives(one.id))
    }

    @Test func `one that has keys gives them, whoever leads`() {
        #expect(Self.peer(2, enrolled: 1).gives(Self.peer(1).id))
        #expect(Self.peer(2, enrolled: 1, leads: false).gives(Self.peer(1).id))
    }

    @Test func `where the order is known it holds`() {
        #expect(Self.peer(2, leads: true).gives(Self.peer(1).id))
        #expect(!Self.peer(1, leads: false).gives(Self.peer(2).id))
    }
}
