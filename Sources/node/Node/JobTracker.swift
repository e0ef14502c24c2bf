import ChainTypes
import Engine
import FoundationEssentials
import Primitives
import WireTypes

/// Which jobs may need the enclave: a plain value, filled from the chain and corrected by it, never the only place of anything.
///
/// Whether a job is pending or committed is read from the proven state when it is worked on; this only avoids looking at all of
/// them for each block.
package struct JobTracker {
    package enum Kind: Sendable, Hashable {
        case assessment
        case subscription
        case keyGrant
    }

    private struct Job {
        let kind: Kind
        /// The first state height that shows it.
        var notBefore: UInt64
        var attempts = 0
        /// Whether the chain refused a transaction about it.
        var wasRefused = false
        /// Set while a transaction about it waits for a block.
        var posted: (transaction: Hash32, validUntil: UInt64)?
    }

    /// How often a job is tried before it is left to its deadline.
    package static let maximumAttempts = 8

    private var jobs: [Hash32: Job] = [:]

    package init() {}

    package var count: Int { jobs.count }

    /// A job found in the state.
    package mutating func add(_ id: Hash32, _ kind: Kind, height: UInt64) {
        if jobs[id] == nil { jobs[id] = Job(kind: kind, notBefore: height) }
    }

    /// What a committed block asks for. A request that was refused is found out when its state is read.
    package mutating func note(_ block: Block) {
        for transaction in block.transactions {
            for (index, message) in transaction.body.messages.enumerated() {
                let kind: Kind
                switch message.kind {
                case .requestAssessment: kind = .assessment
                case .requestSubscription: kind = .subscription
                case .requestKeyGrant: kind = .keyGrant
                case .commitAssessment(let message):
                    wake(message.id, block.header.height)
                    continue
                case .confirmAssessment(let message):
                    wake(message.id, block.header.height)
                    continue
                case .commitSubscription(let message):
                    add(message.id, .subscription, block.header.height)
                    continue
                default: continue
                }
                add(transaction.messageIdentifier(index), kind, height: block.header.height)
            }
        }
    }

    /// An assessment that somebody's enclave has done something about: what this one has to do may have changed, whatever it waits for.
    private mutating func wake(_ id: Data, _ height: UInt64) {
        guard let id = Hash32(id) else { return }
        guard var job = jobs[id] else { return add(id, .assessment, height: height) }
        job.notBefore = height
        jobs[id] = job
    }

    private mutating func add(_ id: Data, _ kind: Kind, _ height: UInt64) {
        if let id = Hash32(id) { add(id, kind, height: height) }
    }

    /// What became of a transaction about a job.
    package enum Settlement: Sendable {
        case waiting
        case applied
        case refused
    }

    /// At most `limit` jobs of `kind` that the state after block `height` shows and that wait for no transaction.
    ///
    /// A job whose transaction was refused is due once more: another enclave may have committed to it first and need help with the
    /// opening. A subscription is then run again, since a grant may have ended meanwhile; a pending assessment has lost its consent, and
    /// its deadline gives the price back (`wasRefused`).
    ///
    /// - Parameter isFree: asked last, of jobs that would be taken: whether nobody else is at it.
    package mutating func due(
        _ kind: Kind, height: UInt64, limit: Int, isFree: (Hash32) -> Bool = { _ in true }, settlement: (Hash32) -> Settlement
    ) -> [Hash32] {
        var due: [Hash32] = []
        for (id, job) in jobs where job.kind == kind && job.notBefore <= height && due.count < limit {
            if let posted = job.posted {
                switch settlement(posted.transaction) {
                case .waiting where height <= posted.validUntil: continue
                case .refused:
                    jobs[id]?.posted = nil
                    jobs[id]?.wasRefused = true
                default: jobs[id]?.posted = nil
                }
            }
            if isFree(id) { due.append(id) }
        }
        return due
    }

    /// A transaction about the job was taken in.
    package mutating func posted(_ id: Hash32, _ transaction: Hash32, validUntil: UInt64) {
        guard var job = jobs[id] else { return }
        job.attempts += 1
        job.posted = (transaction, validUntil)
        jobs[id] = job.attempts < Self.maximumAttempts ? job : nil
    }

    /// Tries the job again some blocks later, but not for ever.
    package mutating func retry(_ id: Hash32, after height: UInt64) {
        guard var job = jobs[id] else { return }
        job.attempts += 1
        job.notBefore = height + UInt64(1 << min(job.attempts, 6))
        jobs[id] = job.attempts < Self.maximumAttempts ? job : nil
    }

    /// Whether the chain refused a transaction about the job.
    package func wasRefused(_ id: Hash32) -> Bool { jobs[id]?.wasRefused ?? false }

    /// Looks at the job again at `height`, without counting it as an attempt.
    package mutating func wait(_ id: Hash32, until height: UInt64) { jobs[id]?.notBefore = height }

    /// A job that needs nothing more from this node.
    package mutating func finish(_ id: Hash32) { jobs[id] = nil }
}
