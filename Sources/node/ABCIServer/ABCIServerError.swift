import Primitives

/// Why no engine can be served (codes 1850–1859).
package enum ABCIServerError: UInt32, CodedError {
    case badAddress = 1850
    case notLoopback = 1851
    case cannotListen = 1852

    package static let domain = "abciServer"
    package var reason: String {
        switch self {
        case .badAddress: "the address is not unix:///path or tcp://host:port, with an IP address or localhost for a host"
        case .notLoopback: "ABCI knows no authentication: an address that others reach must be allowed explicitly (abciAllowRemote)"
        case .cannotListen: "nothing can listen there: another program may, or the folder of the socket is missing"
        }
    }
}
