import Simplex

/// Talks to some and not to others; sometimes it changes its mind about whom it knows.
struct SelectiveSender: ByzantineActor {
    private var friends: Set<Int>?

    mutating func send(_ message: ConsensusMessage, to receiver: Int?, in scene: inout ActorScene) {
        if friends == nil || scene.random.chance(permille: 30) { friends = Set(scene.some()) }
        let known = friends ?? []
        scene.send(message, to: (receiver.map { [$0] } ?? scene.everybody).filter { known.contains($0) })
    }
}
