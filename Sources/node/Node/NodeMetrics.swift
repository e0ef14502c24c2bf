import ChainTypes
import Engine
import Glibc
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
        metrics.gauge("jupiter_enclave_connected", "1 while the enclave answers.") { enclave.status.isConnected ? 1 : 0 }
        metrics.gauge("jupiter_enclave_serving", "1 while the enclave serves.") { enclave.status.isServing ? 1 : 0 }
        metrics.gauge("jupiter_enclave_trusted_height", "The height that the enclave trusts.") { Double(enclave.status.trustedHeight) }
        metrics.gauge("jupiter_enclave_open_jobs", "Jobs that the node follows for the enclave.") { Double(enclave.openJobs) }
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
