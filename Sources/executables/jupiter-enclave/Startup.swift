import CHardening
import ChainTypes
import Cryptography
import EnclavePlatforms
import EnclaveProtocol
import EnclaveSandbox
import Glibc
import PlatformProtocol
import Primitives

/// Why the enclave did not start (codes 890–891).
enum StartupError: UInt32, CodedError {
    case noHome = 890
    case noGenesis = 891

    static let domain = "enclave"
    var reason: String {
        switch self {
        case .noHome: "the home cannot be made, or others may write to it"
        case .noGenesis: "the genesis file cannot be read"
        }
    }
}

/// One line on standard error, never with anything secret.
func log(_ message: String) { RoleProcess.log("jupiter-enclave", message) }

/// From options to a running vault: opens what the vault may use, starts it, hands over the sealing key, and watches.
enum Startup {
    /// Returns the exit status after SIGTERM or SIGINT, or after one of the processes failed.
    static func run(_ options: Options) throws -> Int32 {
        try Confinement.keepInherited()
        try Confinement.harden(descriptors: 64, tracer: options.tracer)
        // Where it may not, the pages that the sealing key passes through are locked all the same.
        _ = Confinement.lockAllMemory()
        #if DEBUG
            if case .allow = options.tracer {
                log("A TRACER MAY READ EVERY KEY OF THIS ENCLAVE (\(TracerPolicy.argument), debug builds only)")
            }
        #endif
        let signals = jupiter_signal_descriptor(1)
        guard signals >= 0 else { throw SandboxError.cannotHarden }
        try makeHome(options.home)
        let genesis = open(options.genesis, O_RDONLY | O_CLOEXEC)
        guard genesis >= 0 else { throw StartupError.noGenesis }
        // Locked before the platform makes a sealing key: two first starts at once would each make one.
        let store = try VaultFolder.openStore(options.home)
        let opened = try options.platform.open(home: options.home, genesis: try genesisHash(genesis), programs: Launcher.paths())
        let listener = try EnclaveServer.listen(options.socket)
        defer { unlink(options.socket) }
        let launcher = try Launcher(
            platform: opened.platform, reach: opened.reach, programs: RoleProcess.folder(), signals: signals, tracer: options.tracer)
        try launcher.startVault(listener: listener, store: store, genesis: genesis, key: opened.key)
        log("listens at \(options.socket)")
        return launcher.watch()
    }

    /// What the chain is known by; what is in the genesis is the vault's to read.
    private static func genesisHash(_ descriptor: Int32) throws(StartupError) -> Hash32 {
        var bytes = [UInt8](repeating: 0, count: Limits.genesis + 1)
        var count = 0
        while count < bytes.count {
            let size = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count, off_t(count)) }
            guard size >= 0 else { throw .noGenesis }
            guard size > 0 else { return Digest.hash(.genesisHash, Array(bytes[..<count])) }
            count += size
        }
        throw .noGenesis
    }

    /// Makes the directory and those above it; refuses one that others may write to.
    private static func makeHome(_ path: String) throws(StartupError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += prefix.isEmpty || prefix == "/" ? String(part) : "/" + part
            guard mkdir(prefix, 0o700) == 0 || errno == EEXIST else { throw .noHome }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_mode & 0o022 == 0 else { throw .noHome }
    }
}

/// The vault's files, opened for it.
enum VaultFolder {
    /// Opens or makes the store's two files in `home` (0600), makes their names durable, and locks the first against a second enclave for as
    /// long as any process has the descriptor. They are written in place, so not opened for appending.
    static func openStore(_ home: String) throws(VaultError) -> (first: Int32, second: Int32) {
        let files = try ["/vault.log", "/vault.log.2"].map { (name) throws(VaultError) in
            let file = open(home + name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else { throw .ioFailed }
            return file
        }
        // The vault of a launcher that was killed a moment ago may still be ending.
        var tries = 0
        while flock(files[0], LOCK_EX | LOCK_NB) != 0 {
            tries += 1
            guard tries < 100 else { throw .inUse }
            usleep(10_000)
        }
        let folder = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .ioFailed }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .ioFailed }
        return (files[0], files[1])
    }
}
