import CHardening
import ChainTypes
import EnclaveSandbox
import Glibc
import PlatformProtocol
import Primitives

/// Starts the vault and, when the vault asks, templates of workers; answers for the platform; ends everything when one of them ends.
///
/// It has one thread: a child's parent-death signal follows the thread that made it.
final class Launcher {
    /// What lies beside the launcher: its vault and its workers.
    private static let companions = ["jupiter-enclave-vault", "jupiter-enclave-worker"]
    /// Templates that may live at once: a vault that asks for more is broken.
    private static let maximumWorkers = 16
    /// How long a template may take for one answer, in seconds.
    private static let answerSeconds = 60

    private let platform: any ReportingPlatform
    private let reach: LauncherReach
    private let programs: String
    private let signals: Int32
    private let tracer: TracerPolicy
    private var channel = PacketChannel(descriptor: -1)
    private var vault: pid_t = 0
    private var stopEnd: Int32 = -1
    private var workers: [UInt32: pid_t] = [:]
    private var lastWorker: UInt32 = 0

    /// The enclave's other programs.
    static func paths() throws(SandboxError) -> [String] {
        let folder = try RoleProcess.folder()
        return companions.map { folder + $0 }
    }

    /// - Parameters:
    ///   - reach: what reports take.
    ///   - programs: the folder of the other programs.
    ///   - signals: readable at SIGTERM, SIGINT and SIGCHLD.
    ///   - tracer: for the processes that it starts, as for this one.
    init(platform: any ReportingPlatform, reach: LauncherReach, programs: String, signals: Int32, tracer: TracerPolicy) {
        (self.platform, self.reach, self.programs, self.signals, self.tracer) = (platform, reach, programs, signals, tracer)
    }

    /// Starts the vault with the descriptors, which are closed here, and hands it the sealing key, which is overwritten here.
    func startVault(listener: Int32, store: (first: Int32, second: Int32), genesis: Int32, key: consuming SecretPages) throws {
        // The second pair carries nothing: its end says that the vault is to stop.
        guard let (own, other) = PacketChannel.pair(), let (ownStop, otherStop) = PacketChannel.streamPair() else {
            throw SandboxError.cannotStart
        }
        (channel, stopEnd) = (PacketChannel(descriptor: own), ownStop)
        // What it starts inherits this filter, so it is loaded before the first.
        try SystemCallFilter.load(SystemCalls.launcher(reaching: reach))
        let given = [other, otherStop, listener, store.first, store.second, genesis]
        vault = try RoleProcess.start(programs + "jupiter-enclave-vault", descriptors: given, tracer: tracer)
        for descriptor in given { close(descriptor) }
        let hello = LauncherMessage.hello(
            measurement: platform.measurement, assurance: platform.assurance, platform: platform.name)
        let isHandedOver = key.withBytes { $0.count == LauncherMessage.sealingKeyBytes && channel.send(UnsafeRawBufferPointer($0)) }
        guard isHandedOver, channel.send(hello.encoded) else {
            throw SandboxError.cannotStart
        }
    }

    /// Returns the exit status when all processes have ended.
    func watch() -> Int32 {
        var isStopping = false
        while true {
            var watched = [
                pollfd(fd: signals, events: Int16(POLLIN), revents: 0), pollfd(fd: channel.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&watched, 2, -1) > 0 else { continue }
            while case let number = jupiter_next_signal(signals), number != 0 {
                guard number != SIGCHLD, !isStopping else { continue }
                isStopping = true
                close(stopEnd)
            }
            if let status = reap() {
                endWorkers()
                if !isStopping { log("error: the vault ended") }
                return isStopping ? status : 1
            }
            // A closed channel means that the vault is ending: then its end is what is waited for.
            if watched[1].revents & Int16(POLLIN) != 0 { answer() } else if watched[1].revents != 0 { waitForVault() }
        }
    }

    private func waitForVault() {
        channel = PacketChannel(descriptor: -1)
    }

    /// Takes note of what has ended: the vault's exit status, if it is among them.
    private func reap() -> Int32? {
        var vaultStatus: Int32?
        while true {
            var status: Int32 = 0
            let child = waitpid(-1, &status, WNOHANG)
            guard child > 0 else { return vaultStatus }
            if child == vault { vaultStatus = status & 0x7F == 0 ? (status >> 8) & 0xFF : 1 }
            for (number, process) in workers where process == child { workers[number] = nil }
        }
    }

    private func endWorkers() {
        for process in workers.values {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        workers = [:]
    }

    private func answer() {
        guard let (packet, passed) = channel.receive() else { return waitForVault() }
        if let passed { close(passed) }
        switch LauncherMessage(packet) {
        case .report(let binding)?: send(report(binding))
        case .start?: startWorker()
        case .dismiss(let number)?:
            if let process = workers.removeValue(forKey: number) {
                kill(process, SIGKILL)
                waitpid(process, nil, 0)
            }
            send(.dismissed)
        default:
            // Nothing else comes from a vault that works.
            kill(vault, SIGKILL)
        }
    }

    private func report(_ binding: AttestationBinding) -> LauncherMessage {
        do throws(VaultError) {
            let report = try platform.report(binding)
            return report.count <= LauncherMessage.maximumReport ? .reported(report) : .failed(VaultError.tooLarge.code)
        } catch { return .failed(error.code) }
    }

    private func startWorker() {
        guard workers.count < Self.maximumWorkers, let (own, other) = PacketChannel.streamPair() else { return send(.failed(0)) }
        defer {
            close(own)
            close(other)
        }
        var limit = timeval(tv_sec: Self.answerSeconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(own, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard let process = try? RoleProcess.start(programs + "jupiter-enclave-worker", descriptors: [other], tracer: tracer) else {
            return send(.failed(0))
        }
        lastWorker += 1
        workers[lastWorker] = process
        send(.started(lastWorker), passing: own)
    }

    private func send(_ message: LauncherMessage, passing descriptor: Int32 = -1) {
        _ = channel.send(message.encoded, passing: descriptor)
    }
}
