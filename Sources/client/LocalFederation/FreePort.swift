import Glibc

/// Ports of the loopback address that nobody listens on.
package enum FreePort {
    /// A free one.
    package static func take() throws(LocalFederationError) -> Int {
        guard let port = bound(to: 0) else { throw .socket(String(cString: strerror(errno))) }
        return port
    }

    /// Whether nobody has `port`.
    package static func isFree(_ port: Int) -> Bool { (1...65_535).contains(port) && bound(to: UInt16(port)) != nil }

    /// The port that a socket gets when it asks for `port` (0: any).
    private static func bound(to port: UInt16) -> Int? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = port.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        return isBound ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
