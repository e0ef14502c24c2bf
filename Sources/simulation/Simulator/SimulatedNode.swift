import ChainTypes
import Primitives
import Simplex
import WireTypes

/// One machine of a simulation: the shell around a replica, with its disk.
final class SimulatedNode {
    enum Held {
        case effect(ReplicaEffect)
        /// What follows waits until the log is synced so far.
        case barrier(Int)
    }

    let id: Int
    let keys: SimulatedVoteKeys
    /// `nil` for an honest one.
    var actor: (any ByzantineActor)?
    var disk: SimulatedDisk
    var replica: Replica<SimulatedVoteKeys>
    var isUp = true
    /// Grows with every crash: events of an earlier life are void.
    var life = 0
    var votesFrom: UInt64 = 0
    var crashesAtNextVote = false
    /// Whether there is something to propose, as far as this machine knows: what a crash takes others tell it again.
    var hasWork = false

    // What a crash takes.
    private var held: [Held] = []
    private var heldStart = 0
    var timerSerial: UInt64 = 0
    /// The state after each executed block.
    var roots: [Hash32: Hash32] = [:]
    /// Blocks whose payloads can be read.
    var payloads: Set<Hash32> = []
    /// Payloads that came before anything wanted them.
    var early: [Hash32: SimulatedBlock] = [:]
    var commits: [(header: BlockHeader, certificate: WireCertificate?)] = []
    var commitSerial = 0
    /// The epoch that effects being performed belong to.
    var effectEpoch: UInt64 = 0
    var isSynchronising = false
    var mustSynchronise = false
    /// An own proposal that waits for work, or for the end of the idle interval.
    var idleBuild: BuildRequest?

    init(id: Int, keys: SimulatedVoteKeys, disk: SimulatedDisk, replica: consuming Replica<SimulatedVoteKeys>) {
        (self.id, self.keys, self.disk) = (id, keys, disk)
        self.replica = replica
    }

    func hold(_ item: Held) { held.append(item) }

    /// The next effect that may be done.
    func nextEffect() -> ReplicaEffect? {
        while heldStart < held.count {
            switch held[heldStart] {
            case .barrier(let position):
                guard disk.synced >= position else { return nil }
                heldStart += 1
            case .effect(let effect):
                heldStart += 1
                return effect
            }
        }
        held.removeAll(keepingCapacity: true)
        heldStart = 0
        return nil
    }

    /// Forgets everything that was only in memory.
    func forget() {
        (held, heldStart) = ([], 0)
        timerSerial += 1
        roots = [disk.head.hash: disk.root]
        payloads = Set(disk.chain)
        early = [:]
        commits = []
        commitSerial += 1
        (isSynchronising, mustSynchronise, idleBuild) = (false, false, nil)
    }
}
