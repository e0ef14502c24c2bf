import ChainTypes
import EnclaveCore
import EnclaveProtocol
import EnclaveSandbox
import Glibc
import PlatformProtocol
import Primitives
import ProgramInterface
import WireTypes
import WorkerProtocol

/// The vault's process: everything it uses is open before it starts.
enum VaultProcess {
    static func run() throws {
        let launcher = try RoleProcess.launcher(CommandLine.arguments)
        try Confinement.harden(descriptors: 64, tracer: launcher.tracer)
        try Confinement.dieWith(parent: launcher.process)
        Confinement.ignoreTerminal()
        let isLocked = Confinement.lockAllMemory()
        // Threads are made now, for the filter forbids it: one for each connection that can be open.
        let server = EnclaveServer(listener: VaultDescriptors.listener)
        try server.serve(until: VaultDescriptors.stop) {
            try SystemCallFilter.load(SystemCalls.vault)
            return try open(isLocked: isLocked)
        }
    }

    /// The enclave, and what answers with it. From here on bytes from outside are read.
    private static func open(isLocked: Bool) throws -> EnclaveServer.Service {
        let genesis = try Genesis(decoding: read(VaultDescriptors.genesis))
        close(VaultDescriptors.genesis)
        let platform = try LauncherClient(channel: PacketChannel(descriptor: VaultDescriptors.launcher))
        let storage = try VaultFile(locked: VaultDescriptors.store, second: VaultDescriptors.secondStore)
        let enclave = try Enclave(platform: platform, storage: storage, genesis: genesis, programs: WorkerPrograms(platform))
        // What exists now holds the keys; later pages stay swappable then.
        if !isLocked, !Confinement.lockMemory() { log("memory is not locked: raise the limit (ulimit -l), or use encrypted swap") }
        let status = enclave.status
        log(
            "enclave \(Hex.encode(status.id)) of \(status.chainID), \(status.enrolled) subject keys, vault version "
                + "\(status.anchor.vaultVersion), height \(status.trustedHeight)")
        return EnclaveServer.Service(
            answer: { enclave.handle($0, at: now) },
            stop: {
                do throws(VaultError) { try enclave.stop() } catch {
                    log("error: \(error.text)")
                    exit(1)
                }
                log("stopped")
            })
    }

    private static func log(_ message: String) { RoleProcess.log("jupiter-enclave", message) }

    /// Milliseconds of a clock that never goes back.
    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(clamping: time.tv_sec) * 1_000 + UInt64(clamping: time.tv_nsec) / 1_000_000
    }

    /// A file of at most the size of a genesis.
    private static func read(_ descriptor: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Limits.genesis + 1)
        var count = 0
        while count < bytes.count {
            let size = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            guard size > 0 else { break }
            count += size
        }
        return Array(bytes[..<count])
    }
}

/// Programs in worker processes, which the launcher starts.
private struct WorkerPrograms: ProgramRunner {
    private let launcher: LauncherClient

    init(_ launcher: LauncherClient) { self.launcher = launcher }

    func prepare(_ code: [UInt8], limits: ProgramLimits) throws(RunnerError) -> any PreparedProgram {
        guard let (number, stream) = launcher.startWorker() else { throw .unavailable }
        return try WorkerClient(descriptor: stream, code: code, limits: limits) { [launcher] in launcher.dismissWorker(number) }
    }
}
