import ChainTypes
import Engine
import Synchronization

/// Tells the parts of a node about a block that is durable, in an engine's own thread.
final class CommitReport: Sendable {
    private let mempool: Mempool
    private let events: EventHub
    private let numbers: NodeMetrics
    private let enclaves: [EnclaveHost]
    private let membership: Membership
    private let parentTime: Mutex<UInt64>
    private let peers: Mutex<Weak>

    /// The peers' service holds the engine that reports.
    private struct Weak: Sendable { weak var service: PeerService? }

    /// - Parameter parentTime: of the head, in milliseconds since 1970.
    init(
        mempool: Mempool, events: EventHub, numbers: NodeMetrics, enclaves: [EnclaveHost], membership: Membership, peers: PeerService?,
        parentTime: UInt64
    ) {
        (self.mempool, self.events, self.numbers, self.enclaves) = (mempool, events, numbers, enclaves)
        self.membership = membership
        self.peers = Mutex(Weak(service: peers))
        self.parentTime = Mutex(parentTime)
    }

    func note(_ committed: CommittedBlock) {
        let height = committed.block.header.height
        let peers = peers.withLock { $0.service }
        mempool.committed(committed.block.transactions, height: height)
        events.publish(committed)
        for enclave in enclaves { enclave.committed(committed.block) }
        peers?.committed(height)
        membership.committed(committed.block, peers: peers)
        let previous = parentTime.withLock { time in
            defer { time = committed.block.header.time }
            return time
        }
        numbers.observe(committed, parentTime: previous)
    }
}
