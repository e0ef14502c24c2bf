import Primitives

/// A node that belongs to the chain.
package struct PeerEntry: Sendable, Equatable {
    /// SHA-256 of the SubjectPublicKeyInfo of its TLS certificate.
    package var nodeID: Hash32
    /// The Ed25519 key of the validator that the node runs, if any.
    package var validatorKey: Hash32?
    /// `host:port` or `[v6]:port`; empty for a node that only dials.
    package var endpoint: String

    package init(nodeID: Hash32, validatorKey: Hash32?, endpoint: String) {
        (self.nodeID, self.validatorKey, self.endpoint) = (nodeID, validatorKey, endpoint)
    }
}

/// Who may connect: exactly these nodes, as the chain's state says. Of two entries for one node the first counts.
package struct PeerRegistry: Sendable, Equatable {
    package private(set) var entries: [PeerEntry] = []

    package init(_ entries: [PeerEntry]) {
        var seen: Set<Hash32> = []
        self.entries = entries.filter { seen.insert($0.nodeID).inserted }
    }
}

/// Where a node listens.
package struct PeerEndpoint: Sendable, Equatable {
    package let host: String
    package let port: Int

    package init(_ text: String) throws(PeerError) {
        guard text.utf8.count <= 262, let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { throw .badEndpoint }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .badEndpoint
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .badEndpoint }
        (self.host, self.port) = (String(host), Int(port))
    }
}
