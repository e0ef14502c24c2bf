import EnclavePlatforms
import Foundation
import Testing

/// A folder that stands for the root of another machine.
private struct SimulatedMachine {
    let root = "\(NSTemporaryDirectory())/jupiter-machine-\(UUID().uuidString)"

    init(_ files: [String: String]) throws {
        for (path, text) in files {
            let url = URL(fileURLWithPath: root + path)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
    }

    func examine(lockable: UInt64? = nil) -> [String: MachineReport.Platform] {
        Dictionary(uniqueKeysWithValues: report(lockable: lockable).platforms.map { ($0.name, $0) })
    }

    func report(lockable: UInt64? = nil) -> MachineReport { Doctor(root: root, lockableMemory: lockable).examine() }
    func remove() { try? FileManager.default.removeItem(atPath: root) }
}

@Suite struct `The doctor` {
    private static let tsm = "/sys/kernel/config/tsm/report/.keep"

    @Test func `finds nothing but the simulated platform on an empty machine`() throws {
        let machine = try SimulatedMachine(["/proc/cpuinfo": "flags\t\t: fpu sse2\n"])
        defer { machine.remove() }
        let found = machine.examine()
        #expect(found.mapValues(\.state) == ["simulated": .ready, "tpm": .absent, "sev-snp": .absent, "tdx": .absent, "nitro": .absent])
        for platform in found.values where platform.name != "simulated" { #expect(!platform.found.isEmpty && !platform.next.isEmpty) }
        #expect(
            found["simulated"]?.assurance == "none" && found["tdx"]?.assurance == "confidential" && found["tpm"]?.assurance == "measured")
    }

    @Test func `leads a guest's operator from one missing piece to the next`() throws {
        var files = ["/proc/cpuinfo": "flags\t\t: fpu tdx_guest\n", "/proc/sys/kernel/osrelease": "6.1.0-18-amd64\n"]
        func next() throws -> String? {
            let machine = try SimulatedMachine(files)
            defer { machine.remove() }
            let platform = machine.examine()["tdx"]
            #expect((platform?.state == .ready) == (platform?.next.isEmpty == true))
            return platform?.next.first
        }
        #expect(try next()?.contains("6.7") == true)
        files["/proc/sys/kernel/osrelease"] = "6.12.3\n"
        #expect(try next()?.contains("configfs") == true)
        files["/sys/kernel/config/.keep"] = ""
        #expect(try next()?.contains("modprobe tsm") == true)
        files[Self.tsm] = ""
        #expect(try next() == nil)
    }

    @Test func `knows SEV-SNP and Nitro by their devices`() throws {
        let machine = try SimulatedMachine(["/dev/sev-guest": "", "/dev/nsm": "", Self.tsm: "", "/proc/sys/kernel/osrelease": "6.8.0\n"])
        defer { machine.remove() }
        let found = machine.examine()
        #expect(found["sev-snp"]?.state == .ready && found["nitro"]?.state == .ready)
        #expect(found["nitro"]?.sealing.contains("no key") == true)
    }

    @Test func `checks what keeps memory private`() throws {
        let machine = try SimulatedMachine([
            "/proc/swaps": "Filename Type Size Used Priority\n/dev/sda2 partition 1000 0 -2\n", "/sys/kernel/kexec_crash_loaded": "1\n",
            "/proc/sys/kernel/seccomp/actions_avail": "kill_process kill_thread trap errno\n",
            "/proc/sys/kernel/core_pattern": "|/usr/bin/crash %p\n",
        ])
        defer { machine.remove() }
        let checks = Dictionary(uniqueKeysWithValues: machine.report(lockable: 8 << 20).checks.map { ($0.name, $0) })
        #expect(
            checks.mapValues(\.isGood) == [
                "locked memory": false, "swap": false, "system-call filter": true, "core dumps": false, "tracing": true,
            ])
        for check in checks.values { #expect(check.isGood == (check.next == nil)) }
        let unlimited = machine.report().checks.first { $0.name == "locked memory" }
        #expect(unlimited?.isGood == true)
    }
}
