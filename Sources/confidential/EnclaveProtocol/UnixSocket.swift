import Glibc
import Primitives

/// Stream sockets in the file system.
package enum UnixSocket {
    /// Calls `body` with the socket address of `path`.
    private static func withAddress<R>(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) throws(EnclaveError) -> R {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        // One byte stays for the terminating zero.
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else { throw .pathTooLong }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    private static func make() -> Int32 { socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) }

    /// A connected socket.
    package static func connect(_ path: String) throws(EnclaveError) -> Int32 {
        let descriptor = make()
        guard descriptor >= 0 else { throw .cannotConnect }
        let status: Int32
        do throws(EnclaveError) { status = try withAddress(path) { Glibc.connect(descriptor, $0, $1) } } catch {
            close(descriptor)
            throw error
        }
        guard status == 0 else {
            close(descriptor)
            throw .cannotConnect
        }
        return descriptor
    }

    /// A listening socket that only this user may connect to (0600). A socket that nobody listens at any more is replaced.
    static func listen(_ path: String) throws(EnclaveError) -> Int32 {
        if let other = try? connect(path) {
            close(other)
            throw .socketInUse
        }
        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFSOCK, unlink(path) == 0 else { throw .cannotListen }
        }
        let descriptor = make()
        guard descriptor >= 0 else { throw .cannotListen }
        // The mask, not a later chmod: there is no moment at which others may connect.
        let mask = umask(0o177)
        let bound: Int32
        do throws(EnclaveError) { bound = try withAddress(path) { bind(descriptor, $0, $1) } } catch {
            umask(mask)
            close(descriptor)
            throw error
        }
        umask(mask)
        guard bound == 0, Glibc.listen(descriptor, 16) == 0 else {
            close(descriptor)
            throw .cannotListen
        }
        return descriptor
    }
}
