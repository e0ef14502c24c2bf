import Primitives
import Synchronization

/// A node's enclaves, and which of them is at a job: all follow all jobs, and one at a time works on each.
///
/// A lease is only to save work. Should two enclaves do one job, here or on two nodes, the chain takes the first answer and refuses the
/// other; should a holder stop, its leases end with its connection, and should it hang, after `leaseHeights`.
final class EnclaveGroup: Sendable {
    /// Heights after which a lease that was not taken again has ended.
    static let leaseHeights: UInt64 = 64

    private struct Lease {
        let holder: Int
        let until: UInt64
    }

    /// The hosts hold the group.
    private struct Member { weak var host: EnclaveHost? }

    private struct State {
        var leases: [Hash32: Lease] = [:]
        var members: [Member] = []
    }

    private let state = Mutex(State())

    init() {}

    func bind(_ hosts: [EnclaveHost]) { state.withLock { $0.members = hosts.map { Member(host: $0) } } }

    /// All of them, in the order of the configuration.
    var hosts: [EnclaveHost] { state.withLock { $0.members.compactMap(\.host) } }

    /// The others.
    func siblings(of index: Int) -> [EnclaveHost] { hosts.filter { $0.index != index } }

    // MARK: Leases

    /// Takes the job, or holds it longer; `false` while another holder has it.
    func take(_ id: Hash32, by holder: Int, at height: UInt64) -> Bool {
        state.withLock { state in
            if let lease = state.leases[id], lease.holder != holder, lease.until > height { return false }
            state.leases[id] = Lease(holder: holder, until: height + Self.leaseHeights)
            return true
        }
    }

    /// Leaves the job to whoever wants it.
    func release(_ id: Hash32, by holder: Int) {
        state.withLock { if $0.leases[id]?.holder == holder { $0.leases[id] = nil } }
    }

    /// Leaves all of the holder's jobs to the others.
    func releaseAll(of holder: Int) {
        state.withLock { state in state.leases = state.leases.filter { $0.value.holder != holder } }
    }
}
