import Simplex

/// Takes everything in and never says a word.
struct SilentActor: ByzantineActor {
    mutating func send(_ message: ConsensusMessage, to receiver: Int?, in scene: inout ActorScene) {}
}
