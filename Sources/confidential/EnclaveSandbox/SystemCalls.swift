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
        allowed: runtime + spawning + starting + [
            "kill", "poll", "recvmsg", "sendmsg", "setsockopt", "socketpair", "unlink", "wait4", "write",
        ],
        masked: [
            // O_WRONLY, O_RDWR, O_CREAT and O_TRUNC are all off.
            Masked(name: "openat", argument: 2, mask: 0o1103, value: 0),
            // The Swift runtime asks whether its output is a terminal (TCGETS).
            Masked(name: "ioctl", argument: 1, mask: 0xFFFF_FFFF, value: 0x5401),
        ])

    /// The launcher on a platform: also what reaching the platform's device takes. Vault and workers inherit it and narrow it like the rest.
    package static func launcher(on platform: String) -> List {
        var list = launcher
        switch platform {
        // A thread that may hang, and a socket; looking a host up asks the kernel for the machine's addresses first.
        case "tpm": list.allowed += ["bind", "clock_nanosleep", "connect", "getsockname", "getsockopt", "socket"]
        case "sev-snp", "tdx": list.allowed += ["clock_nanosleep", "ioctl", "mkdir", "rmdir"]
        case "nitro": list.allowed.append("ioctl")
        default: return list
        }
        // A device or report is opened for writing too.
        list.allowed.append("openat")
        list.masked.removeAll { list.allowed.contains($0.name) }
        return list
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
