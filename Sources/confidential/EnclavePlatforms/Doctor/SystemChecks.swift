/// Settings of the system that keep an enclave's memory its own, whatever the platform.
struct SystemChecks {
    /// The vault's keys and the stack and heap around them; a locality of 100,000 subjects needs less.
    private static let neededLock: UInt64 = 64 << 20

    let machine: Machine
    let lockableMemory: UInt64?

    var all: [MachineReport.Check] { [memoryLock, swap, seccomp, corePattern, tracing] }

    private var memoryLock: MachineReport.Check {
        guard let limit = lockableMemory else {
            return .init(name: "locked memory", isGood: true, found: "no limit", next: nil)
        }
        let isGood = limit >= Self.neededLock
        return .init(
            name: "locked memory", isGood: isGood, found: "\(limit >> 10) KiB may be locked",
            next: isGood ? nil : "raise the limit to \(Self.neededLock >> 20) MiB: LimitMEMLOCK=64M in the unit, or ulimit -l 65536")
    }

    private var swap: MachineReport.Check {
        let devices = (machine.text("/proc/swaps") ?? "").split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").first }
        // Swap in compressed memory, and swap on a mapped device, which is how encrypted swap is made.
        let plain = devices.filter { !$0.hasPrefix("/dev/zram") && !$0.hasPrefix("/dev/dm-") && !$0.hasPrefix("/dev/mapper/") }
        let found = devices.isEmpty ? "none" : devices.joined(separator: ", ")
        return .init(
            name: "swap", isGood: plain.isEmpty, found: found,
            next: plain.isEmpty ? nil : "encrypt it (a random key in crypttab) or switch it off (swapoff -a): pages may hold people's data")
    }

    private var seccomp: MachineReport.Check {
        let actions = (machine.text("/proc/sys/kernel/seccomp/actions_avail") ?? "").split(separator: " ")
        let isGood = actions.contains("kill_process")
        return .init(
            name: "system-call filter", isGood: isGood, found: isGood ? "the kernel filters system calls" : "no seccomp filters",
            next: isGood ? nil : "use a kernel with CONFIG_SECCOMP_FILTER (4.14 or later)")
    }

    /// A process that forbids its dump leaves none, whatever the pattern; a dump of the whole kernel asks no process.
    private var corePattern: MachineReport.Check {
        let pattern = machine.text("/proc/sys/kernel/core_pattern") ?? ""
        let target =
            pattern.hasPrefix("|")
            ? "of other programs go to \(pattern.dropFirst().split(separator: " ").first ?? "a program")" : "are files"
        let dumpsKernel = machine.text("/sys/kernel/kexec_crash_loaded") == "1"
        return .init(
            name: "core dumps", isGood: !dumpsKernel,
            found: dumpsKernel ? "a crash of the kernel writes all memory to disk" : "the enclave forbids its own; dumps \(target)",
            next: dumpsKernel ? "switch kdump off (systemctl disable kdump-tools), or encrypt where it writes" : nil)
    }

    private var tracing: MachineReport.Check {
        let scope = machine.text("/proc/sys/kernel/yama/ptrace_scope")
        let found =
            switch scope {
            case nil: "no Yama"
            case "0"?: "processes of one user may trace each other"
            default: "restricted (\(scope ?? ""))"
            }
        return .init(name: "tracing", isGood: true, found: "\(found); the enclave forbids it for itself", next: nil)
    }
}
