import Primitives

/// What ended a connection between nodes, or kept a frame from being sent (codes 1560–1599).
package enum PeerError: UInt32, CodedError {
    case tooLarge = 1560
    case malformed = 1561
    case unknownKind = 1562
    case wrongLane = 1563
    case wrongProtocol = 1564
    case wrongChain = 1565
    case wrongGenesis = 1566
    case helloExpected = 1567
    case helloRepeated = 1568
    case punished = 1569
    case notRegistered = 1570
    case banned = 1571
    case badCertificate = 1572
    case handshakeFailed = 1573
    case handshakeTimeout = 1574
    case idle = 1575
    case unreachable = 1576
    case closed = 1577
    case duplicate = 1578
    case replaced = 1579
    case stopping = 1580
    case badEndpoint = 1581
    case badIdentity = 1582
    case cannotListen = 1583

    package static let domain = "peer"
    package var reason: String {
        switch self {
        case .tooLarge: "the frame is larger than its kind may be"
        case .malformed: "the bytes are not a frame in its only encoding"
        case .unknownKind: "the frame is of a kind that this version does not know"
        case .wrongLane: "the frame came in the lane of another kind"
        case .wrongProtocol: "the peer speaks another version of the protocol; run the same release on both"
        case .wrongChain: "the peer belongs to another chain; check the endpoint in the registry"
        case .wrongGenesis: "the peer started from another genesis; check that both have the same genesis file"
        case .helloExpected: "the peer sent something before it said who it is"
        case .helloRepeated: "the peer said twice who it is"
        case .punished: "the peer broke a rule of the layer above and was disconnected"
        case .notRegistered: "the node is not, or no longer, in the chain's registry"
        case .banned: "the node is banned for a while because it broke the protocol"
        case .badCertificate: "the certificate holds no readable key"
        case .handshakeFailed: "no TLS 1.3 connection came about: another key, protocol or version, or the peer refused ours"
        case .handshakeTimeout: "the peer did not finish connecting in time"
        case .idle: "the peer stayed silent for too long"
        case .unreachable: "nobody answers at the peer's endpoint; the node keeps trying"
        case .closed: "the peer closed the connection"
        case .duplicate: "both nodes had dialled, and the other connection stays"
        case .replaced: "a newer connection of the same peer takes its place"
        case .stopping: "this node is stopping"
        case .badEndpoint: "the endpoint is not host:port"
        case .badIdentity: "the node's key or certificate cannot be read, or they do not belong together"
        case .cannotListen: "the address to listen on is taken or not of this machine"
        }
    }

    /// Whether only a peer that breaks the protocol can cause it: such a peer is banned at once.
    package var isViolation: Bool { rawValue < PeerError.punished.rawValue }
}
