import CHardening
import Glibc

/// What every process of the enclave does to itself before it reads a byte.
package enum Confinement {
    /// No core dump, no ptrace, no new privileges, one heap, at most `descriptors` open; not under a tracer that was there before. To be
    /// called before any thread starts.
    package static func harden(descriptors: UInt32, tracer: TracerPolicy) throws(SandboxError) {
        guard jupiter_harden() == 0, jupiter_share_heap() == 0, jupiter_limit_descriptors(descriptors) == 0 else { throw .cannotHarden }
        try tracer.check()
    }

    /// What whoever started this process left open does not reach those that it starts. (It stays open here: some wait for its end.)
    package static func keepInherited() throws(SandboxError) {
        guard jupiter_keep_descriptors(UInt32(RoleProcess.firstDescriptor)) == 0 else { throw .cannotHarden }
    }

    /// Ends this process as soon as `parent` ends; throws if it has ended already.
    package static func dieWith(parent: pid_t) throws(SandboxError) {
        guard jupiter_die_with(parent) == 0 else { throw .notARole }
    }

    /// A copy of this process: 0 in the copy, its number here, negative if there is none to be had. Only for a process of one thread.
    package static func copy() -> pid_t { jupiter_fork() }

    /// Copies that have ended leave nothing behind.
    package static func forgetCopies() throws(SandboxError) {
        guard jupiter_forget_copies() == 0 else { throw .cannotHarden }
    }

    /// The kernel ends this process once it has used so much of a processor.
    package static func limitProcessor(seconds: UInt32) throws(SandboxError) {
        guard jupiter_limit_processor(seconds) == 0 else { throw .cannotHarden }
    }

    /// Leaves the machine's network for an empty one, where the system lets ordinary processes do so.
    /// - Returns: whether it did. The filter forbids sockets in any case.
    package static func leaveNetwork() -> Bool { jupiter_leave_network() == 0 }

    /// Leaves the signals that a terminal sends to the launcher, which alone decides when to stop.
    package static func ignoreTerminal() {
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { signal(number, SIG_IGN) }
    }

    /// Keeps out of swap every page that the process ever touches, where it may lock without limit; `false` if it may not.
    package static func lockAllMemory() -> Bool { jupiter_lock_all_memory() == 0 }

    /// Keeps out of swap the pages that exist now; `false` if the limit does not allow it.
    package static func lockMemory() -> Bool { jupiter_lock_memory() == 0 }
}
