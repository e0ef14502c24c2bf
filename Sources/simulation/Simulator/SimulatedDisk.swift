import ChainTypes
import Primitives
import Simplex
import WireTypes

/// What survives a crash of a simulated machine: the chain it committed, and its log as far as it was synced.
package struct SimulatedDisk {
    package enum Record {
        case entry(LogEntry)
        /// The payload of a block.
        case payload(SimulatedBlock)
    }

    /// The write-ahead log; of its tail only what was synced is sure to survive.
    package private(set) var log: [Record] = []
    package private(set) var synced = 0
    package private(set) var isSyncing = false

    /// Hashes of the committed blocks by height, the genesis first.
    var chain: [Hash32]
    /// The certificate of the newest committed block, if it has one of its own.
    var certificate: WireCertificate?
    /// The state after the newest committed block.
    var root = ToyApplication.genesisRoot

    package init(genesis: Hash32) { chain = [genesis] }

    var height: UInt64 { UInt64(chain.count - 1) }
    var head: BlockReference { BlockReference(hash: chain[chain.count - 1], height: height) }

    /// Appends a record; the answer is the position that must be synced for it to be durable.
    package mutating func append(_ record: Record) -> Int {
        log.append(record)
        return log.count
    }

    /// Begins a sync of everything appended so far, unless one runs; answers what it covers.
    package mutating func beginSync() -> Int? {
        guard !isSyncing, synced < log.count else { return nil }
        isSyncing = true
        return log.count
    }

    package mutating func endSync(_ covered: Int) {
        isSyncing = false
        synced = max(synced, covered)
    }

    /// The machine stops: of what was not synced, only the first `kept` records happen to be on the disk. Answers how many are lost.
    package mutating func crash(keeping kept: Int) -> Int {
        let survives = min(log.count, synced + kept)
        let lost = log.count - survives
        log.removeLast(lost)
        (synced, isSyncing) = (survives, false)
        return lost
    }

    package mutating func loseLog() {
        log = []
        (synced, isSyncing) = (0, false)
    }

    package var unsynced: Int { log.count - synced }
}
