import Simplex

/// Behaves, but keeps repeating what it and others said long ago: votes, proposals and certificates of views that are over.
struct StaleReplayer: ByzantineActor {
    private static let memory = 96

    private var heard: [ConsensusMessage] = []
    private var next = 0

    mutating func send(_ message: ConsensusMessage, to receiver: Int?, in scene: inout ActorScene) {
        remember(message)
        scene.pass(message, to: receiver)
        replay(in: &scene)
    }

    mutating func receive(_ message: ConsensusMessage, in scene: inout ActorScene) {
        remember(message)
        if scene.random.chance(permille: 50) { replay(in: &scene) }
    }

    private mutating func remember(_ message: ConsensusMessage) {
        if heard.count < Self.memory { return heard.append(message) }
        heard[next] = message
        next = (next + 1) % Self.memory
    }

    private mutating func replay(in scene: inout ActorScene) {
        for _ in 0..<2 where !heard.isEmpty {
            scene.send(heard[scene.random.draw(0...(heard.count - 1))], to: scene.some(permille: 300))
        }
    }
}
