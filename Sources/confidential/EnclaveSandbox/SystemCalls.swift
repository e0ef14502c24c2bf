import Glibc

/// The one place that says which system calls each process of the enclave may make once its filter is loaded
/// (docs/spec/enclave.md §1). Every other call ends the process (SECCOMP_RET_KILL_PROCESS).
package enum SystemCalls {
    /// What a filter allows.
    package struct List: Sendable {
        /// With any arguments.
        package var allowed: [String] = []
        /// Calls whose protection argument (the third) must not make memory executable.
        package var neverExecutable: [String] = []
        /// Calls of which only those with these flags are allowed.
        package var masked: [Masked] = []

        /// All names that may be seen in a trace of the process.
        package var names: Set<String> { Set(allowed + neverExecutable + masked.map(\.name)) }
    }

    /// `name` is allowed if (argument & mask) == value.
    package struct Masked: Sendable {
        package let name: String
        package let argument: UInt32
        package let mask, value: UInt64
    }

    /// Memory, locks, signals' return and the end: what every Swift program needs.
    private static let runtime = [
        "brk", "clock_gettime", "close", "exit", "exit_group", "futex", "getpid", "getrandom", "gettid", "madvise", "mremap", "munmap",
        "read", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "sigaltstack",
    ]

    /// The vault: its descriptors are open before it starts. It reads and writes its store, speaks on connected sockets, and takes
    /// connections at one listening socket. It opens no file, makes no socket, no process and no thread.
    package static let vault = List(
        allowed: runtime + [
            "accept", "fcntl", "fdatasync", "fstat", "fsync", "ftruncate", "lseek", "mlock", "mlockall", "poll", "pread64", "pwrite64",
            "recvfrom", "recvmsg", "sendmsg", "sendto", "write",
        ], neverExecutable: ["mmap", "mprotect"])

    /// What a copy of this process is made with, and nothing else: no thread, no namespace (CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID,
    /// SIGCHLD).
    private static let copying = Masked(name: "clone", argument: 0, mask: 0xFFFF_FFFF, value: 0x0120_0011)
    /// Pairs within the machine (AF_UNIX).
    private static let pairing = Masked(name: "socketpair", argument: 0, mask: 0xFFFF_FFFF, value: 1)

    /// Making workers, and what a new worker does before it loads its own filter.
    private static let dividing = [
        "getppid", "mlock2", "prctl", "prlimit64", "recvfrom", "seccomp", "sendmsg", "sendto", "set_robust_list",
    ]

    /// A template while it compiles the one program it is for: as `template`, and memory may become executable.
    package static let compilingTemplate = List(
        allowed: runtime + dividing + ["mmap", "mprotect", "rt_sigaction", "sched_getaffinity"], masked: [copying, pairing])

    /// A template from then on: makes copies of itself, each with one end of a new pair of sockets, and gives the vault the other end. It
    /// runs nothing and is shown nothing but the program.
    package static let template = List(allowed: runtime + dividing, neverExecutable: ["mmap", "mprotect"], masked: [copying, pairing])

    /// A worker, before its one run: nothing but its one socket and its own memory, none of which can become executable. Without
    /// `write`, so that a program that broke out cannot put a subject's fields on the host's terminal or into its log.
    package static let worker = List(allowed: runtime + ["recvfrom", "sendto"], neverExecutable: ["mmap", "mprotect"])

    /// The launcher: starts the others, asks the platform, waits. Its filter is inherited by what it starts, which narrows it before it
    /// reads a byte from outside; so this list has what a program needs until then: loading its libraries, and (workers) leaving the
    /// network. It makes no connection, listens nowhere, traces nobody, and opens files for reading only.
    package static let launcher = List(
        allowed: runtime + spawning + starting + ["kill", "poll", "recvmsg", "sendmsg", "setsockopt", "unlink", "wait4", "write"],
        masked: [
            // O_WRONLY, O_RDWR, O_CREAT and O_TRUNC are all off.
            Masked(name: "openat", argument: 2, mask: 0o1103, value: 0),
            // The Swift runtime asks whether its output is a terminal (TCGETS).
            Masked(name: "ioctl", argument: 1, mask: 0xFFFF_FFFF, value: 0x5401),
            pairing,
        ])

    /// The launcher on a platform: also what the platform's reports take. Vault and workers inherit it and narrow it like the rest.
    package static func launcher(reaching reach: LauncherReach) -> List {
        var list = launcher
        switch reach {
        case .nothing: break
        case .device:
            list.allowed.append("clock_nanosleep")
            // Reading and writing what is there already: O_CREAT, O_TRUNC, O_APPEND and the like are off.
            list.masked.append(opening(exactly: O_RDWR, or: O_NONBLOCK | O_CLOEXEC))
        case .localSocket:
            list.allowed += ["clock_nanosleep", "connect"]
            list.masked.append(socket(AF_UNIX))
        case .network:
            // Looking a host up asks the kernel for the machine's addresses, then perhaps a name server how much it has to say (FIONREAD).
            list.allowed += ["bind", "clock_nanosleep", "connect", "getsockname", "sendmmsg"]
            list.masked += [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK].map(socket)
            list.masked.append(Masked(name: "ioctl", argument: 1, mask: 0xFFFF_FFFF, value: 0x541B))
        case .reportFolder:
            list.allowed += ["clock_nanosleep", "rmdir"]
            list.masked += [
                opening(exactly: O_WRONLY | O_CLOEXEC | O_NOFOLLOW), Masked(name: "mkdir", argument: 1, mask: 0xFFFF_FFFF, value: 0o700),
            ]
        case .securityModule:
            list.masked.append(Masked(name: "ioctl", argument: 1, mask: 0xFFFF_FFFF, value: securityModuleRequest))
        }
        return list
    }

    /// The one request of a Nitro enclave's security module (aws-nitro-enclaves-nsm-api, driver `nsm`).
    package static let securityModuleRequest: UInt64 = 0xC020_0A00

    /// Sockets of one family.
    private static func socket(_ family: Int32) -> Masked {
        Masked(name: "socket", argument: 0, mask: 0xFFFF_FFFF, value: UInt64(family))
    }

    /// Opening with these flags and no others but, perhaps, `optional`.
    private static func opening(exactly flags: Int32, or optional: Int32 = 0) -> Masked {
        Masked(name: "openat", argument: 2, mask: 0xFFFF_FFFF & ~UInt64(optional), value: UInt64(flags))
    }

    /// Making a process.
    private static let spawning = ["clone", "clone3", "execve", "pipe2", "close_range"]

    /// What a dynamic loader, a C library and the Swift runtime do before `main`, and a role before it loads its own filter.
    private static let starting = [
        "access", "accept", "arch_prctl", "dup2", "dup3", "faccessat2", "fcntl", "fdatasync", "fstat", "fsync", "ftruncate", "getdents64",
        "getegid",
        "geteuid", "getgid", "getppid", "getuid", "lseek", "mlock", "mlockall", "mmap", "mprotect", "newfstatat", "prctl", "pread64",
        "pwrite64",
        "mlock2", "prlimit64", "readlink", "readlinkat", "recvfrom", "rseq", "rt_sigaction", "sched_getaffinity", "seccomp", "sendto",
        "set_robust_list", "set_tid_address", "setrlimit", "getrlimit", "statx", "sysinfo", "tgkill", "uname", "unshare",
    ]
}
