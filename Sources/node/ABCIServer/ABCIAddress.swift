import Glibc

/// Where an engine finds the application, as CometBFT's `proxy_app` writes it.
package enum ABCIAddress: Sendable, Equatable {
    case unix(path: String)
    case tcp(host: String, port: Int)

    /// What the path of a Unix socket may have, in bytes, without its end.
    private static let longestPath = 107

    /// - Parameter allowsRemote: whether an address that other machines reach is meant.
    /// - Throws: `badAddress` or `notLoopback`.
    package init(_ text: String, allowsRemote: Bool = false) throws(ABCIServerError) {
        if text.hasPrefix("unix://") {
            let path = String(text.dropFirst("unix://".count))
            guard path.hasPrefix("/"), path.utf8.count <= Self.longestPath, !path.utf8.contains(0) else { throw .badAddress }
            self = .unix(path: path)
            return
        }
        guard text.hasPrefix("tcp://") else { throw .badAddress }
        let rest = text.dropFirst("tcp://".count)
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]) else { throw .badAddress }
        var host = String(rest[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host == "localhost" { host = "127.0.0.1" }
        guard let isLoopback = Self.isLoopback(host) else { throw .badAddress }
        guard isLoopback || allowsRemote else { throw .notLoopback }
        self = .tcp(host: host, port: Int(port))
    }

    /// `nil` for what is not an IP address.
    private static func isLoopback(_ host: String) -> Bool? {
        var (four, six) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        guard inet_pton(AF_INET6, host, &six) == 1 else { return nil }
        return withUnsafeBytes(of: six) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
    }
}
