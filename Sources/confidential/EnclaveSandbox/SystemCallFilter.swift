import CSeccomp
import Glibc

/// Loading a list of system calls as a seccomp filter, for good.
package enum SystemCallFilter {
    /// Loads `list` for all threads of the process. `PR_SET_NO_NEW_PRIVS` must be set.
    /// - Throws: `cannotFilter` when the kernel or libseccomp refuses; then the process must not go on.
    package static func load(_ list: SystemCalls.List) throws(SandboxError) {
        guard let filter = jupiter_filter_new() else { throw .cannotFilter }
        defer { seccomp_release(filter) }
        for name in list.allowed { try check(jupiter_filter_allow(filter, name)) }
        for name in list.neverExecutable {
            try check(jupiter_filter_allow_masked(filter, name, 2, UInt64(PROT_EXEC), 0))
        }
        for rule in list.masked {
            try check(jupiter_filter_allow_masked(filter, rule.name, rule.argument, rule.mask, rule.value))
        }
        try check(seccomp_load(filter))
    }

    private static func check(_ status: Int32) throws(SandboxError) {
        guard status == 0 else { throw .cannotFilter }
    }
}
