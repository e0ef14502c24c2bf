import CHardening
import ChainTypes
import EnclaveCore
import EnclaveProtocol
import Glibc
import Primitives
import WireTypes

/// Why the enclave did not start (codes 890–899).
enum StartupError: UInt32, CodedError {
    case noHome = 890
    case noGenesis = 891
    case cannotHarden = 892

    static let domain = "enclave"
    var reason: String {
        switch self {
        case .noHome: "the home cannot be made, or others may write to it"
        case .noGenesis: "the genesis file cannot be read"
        case .cannotHarden: "the system refuses to protect the process's memory"
        }
    }
}

/// One line on standard error, never with anything secret.
func log(_ message: String) {
    let line = Array("jupiter-enclave: \(message)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
}

/// From options to a served socket.
enum Startup {
    /// Serves until SIGTERM or SIGINT.
    static func run(_ options: Options) throws {
        guard jupiter_harden() == 0 else { throw StartupError.cannotHarden }
        let stop = jupiter_stop_descriptor()
        guard stop >= 0 else { throw StartupError.cannotHarden }
        try makeHome(options.home)
        let genesis = try Genesis(decoding: read(options.genesis))
        let platform = try options.platform.open(home: options.home, genesis: genesis.hash)
        let enclave = try Enclave(
            platform: platform, storage: VaultFile(path: options.home + "/vault.log", directory: options.home), genesis: genesis)
        // What exists now holds the keys. Later pages stay swappable: locking them would break the pool that programs run in.
        if jupiter_lock_memory() != 0 { log("memory is not locked: raise the limit (ulimit -l), or use encrypted swap") }
        let server = try EnclaveServer(path: options.socket) { enclave.handle($0) }
        let status = enclave.status
        log(
            "enclave \(Hex.encode(status.id)) of \(status.chainID), \(status.enrolled) subject keys, vault version "
                + "\(status.anchor.vaultVersion), height \(status.trustedHeight), listens at \(options.socket)")
        server.run(until: stop)
        try enclave.stop()
        log("stopped")
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

    /// A file of at most the size of a genesis.
    private static func read(_ path: String) throws(StartupError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .noGenesis }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Limits.genesis + 1)
        var count = 0
        while count < bytes.count {
            let size = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            guard size >= 0 else { throw .noGenesis }
            guard size > 0 else { break }
            count += size
        }
        return Array(bytes[..<count])
    }
}
