import ChainTypes
import Engine
import Glibc
import Networking
import SwiftProtobuf
import WireTypes

/// The numbers of a node's core: chain, mempool, events, process.
struct NodeMetrics: Sendable {
    let blocks: Metrics.Counter
    let succeeded: Metrics.Counter
    let refused: Metrics.Counter
    let bytes: Metrics.Counter
    let commitInterval: Metrics.Histogram
    let checkpoints: Metrics.Counter
    let checkpointFailures: Metrics.Counter

    init(_ metrics: Metrics) {
        blocks = metrics.counter("jupiter_blocks_total", "Blocks committed since the start.")
        let help = "Transactions in committed blocks since the start, by the outcome in their receipt."
        succeeded = metrics.counter("jupiter_transactions_total", help, labels: [("outcome", "succeeded")])
        refused = metrics.counter("jupiter_transactions_total", help, labels: [("outcome", "refused")])
        bytes = metrics.counter("jupiter_block_bytes_total", "Bytes of committed blocks since the start.")
        commitInterval = metrics.histogram("jupiter_block_interval_seconds", "Block time minus the parent's, in seconds.")
        checkpoints = metrics.counter("jupiter_checkpoints_total", "Checkpoint transactions accepted by mainnet since the start.")
        checkpointFailures = metrics.counter("jupiter_checkpoint_failures_total", "Attempts to post a checkpoint that failed.")
    }

    /// Numbers that are read when somebody asks.
    static func register(_ metrics: Metrics, view: ChainView, mempool: Mempool, events: EventHub) {
        metrics.gauge("jupiter_height", "Height of the newest committed block.") { Double(view.head.height) }
        metrics.gauge("jupiter_proven_height", "Height of the newest block whose finality can be shown to others.") {
            Double((try? view.newestCertified())?.header.height ?? 0)
        }
        metrics.gauge("jupiter_head_time_seconds", "Time of the newest committed block, in seconds since 1970.") {
            Double(view.head.time) / 1000
        }
        metrics.gauge("jupiter_mempool_transactions", "Transactions that wait for a block.") { Double(mempool.count) }
        metrics.gauge("jupiter_mempool_bytes", "Bytes of waiting transactions and their sidecars.") { Double(mempool.bytes) }
        metrics.gauge("jupiter_event_subscribers", "Open event streams.") { Double(events.subscriberCount) }
        metrics.gauge("jupiter_process_cpu_seconds", "Processor time of this process, in seconds.") {
            let usage = Self.usage()
            let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            return seconds + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        }
        metrics.gauge("jupiter_process_resident_peak_bytes", "The most memory this process had resident.") {
            Double(Self.usage().ru_maxrss) * 1024
        }
    }

    private static func usage() -> rusage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage
    }

    static func register(_ metrics: Metrics, enclave: EnclaveHost) {
        let labels = [("enclave", String(enclave.index))]
        metrics.gauge("jupiter_enclave_connected", "1 while the enclave answers.", labels: labels) {
            enclave.status.isConnected ? 1 : 0
        }
        metrics.gauge("jupiter_enclave_serving", "1 while the enclave serves.", labels: labels) { enclave.status.isServing ? 1 : 0 }
        metrics.gauge("jupiter_enclave_trusted_height", "The height that the enclave trusts.", labels: labels) {
            Double(enclave.status.trustedHeight)
        }
        metrics.gauge("jupiter_enclave_subject_keys", "Subject keys in the enclave's vault.", labels: labels) {
            Double(enclave.status.enrolled)
        }
        metrics.gauge("jupiter_enclave_open_jobs", "Jobs that the node follows for the enclave.", labels: labels) {
            Double(enclave.openJobs)
        }
    }

    static func register(_ metrics: Metrics, engine: SimplexEngine, peers: PeerService?) {
        metrics.gauge("jupiter_epoch", "The present epoch.") { Double(engine.status.epoch) }
        metrics.gauge("jupiter_view", "The present view of the epoch.") { Double(engine.status.view) }
        metrics.gauge("jupiter_votes", "1 while this node votes in the present epoch.") { engine.status.votes ? 1 : 0 }
        metrics.gauge("jupiter_views_entered", "Views entered since the start.") { Double(engine.status.views) }
        metrics.gauge("jupiter_view_timeouts", "Timers that ended before their view since the start.") { Double(engine.status.timeouts) }
        metrics.gauge("jupiter_proposals", "Blocks proposed by this node since the start.") { Double(engine.status.proposals) }
        metrics.gauge("jupiter_votes_notarise", "Votes to notarise since the start.") { Double(engine.status.notariseVotes) }
        metrics.gauge("jupiter_votes_nullify", "Votes to nullify since the start.") { Double(engine.status.nullifyVotes) }
        metrics.gauge("jupiter_votes_finalise", "Votes to finalise since the start.") { Double(engine.status.finaliseVotes) }
        metrics.gauge("jupiter_equivocations", "Contradicting votes of others seen since the start.") {
            Double(engine.status.equivocations)
        }
        metrics.gauge("jupiter_consensus_messages_dropped", "Messages that came faster than the engine takes them.") {
            Double(engine.droppedMessages)
        }
        metrics.summary("jupiter_finality_seconds", "Time from making a block to its finality, for this node's own blocks.") {
            let samples = engine.status.ownFinality
            let quantiles = [0.5, 0.99].map { share in
                (share: share, value: samples.quantile(share).map { Double($0) / 1e6 } ?? .nan)
            }
            return Metrics.Summary(quantiles: quantiles, sum: Double(samples.sum) / 1e6, count: samples.count)
        }
        guard let peers else { return }
        metrics.gauge("jupiter_peers", "Other nodes that the state names.") { Double(peers.network.peers.count) }
        metrics.gauge("jupiter_peers_connected", "Other nodes that are connected.") {
            Double(peers.network.peers.count(where: \.connected))
        }
        metrics.gauge("jupiter_peer_bytes_sent", "Bytes sent to other nodes since the start.") {
            Double(peers.network.peers.reduce(0) { $0 + $1.traffic.bytesOut })
        }
        metrics.gauge("jupiter_peer_bytes_received", "Bytes received from other nodes since the start.") {
            Double(peers.network.peers.reduce(0) { $0 + $1.traffic.bytesIn })
        }
    }

    static func register(_ metrics: Metrics, sync: SyncService) {
        metrics.gauge("jupiter_sync_target", "The height that the node catches up to; 0 while it is not behind.") {
            Double(sync.view.target ?? 0)
        }
        metrics.gauge("jupiter_sync_complete", "1 while every live sidecar is here.") { sync.isComplete ? 1 : 0 }
        metrics.gauge("jupiter_sync_stranded", "1 while most peers lack the next block: only a snapshot helps.") {
            sync.isStranded ? 1 : 0
        }
    }

    func observe(_ committed: CommittedBlock, parentTime: UInt64) {
        blocks.add()
        bytes.add(committed.block.bytes.count)
        commitInterval.observe(Double(committed.block.header.time - parentTime) / 1000)
        let applied = committed.receipts.count { (try? WireReceipt(serializedBytes: $0))?.code == 0 }
        succeeded.add(applied)
        refused.add(committed.receipts.count - applied)
    }
}
