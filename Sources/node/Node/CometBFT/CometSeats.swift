import ChainTypes
import Cryptography
import Foundation
import Primitives
import WireTypes

/// The CometBFT nodes of a new chain: each knows all others from the start.
struct CometSeats {
    /// Paths of Unix sockets have 107 bytes at most; some are left for a longer home later.
    private static let longestSocket = 100

    private let seats: [FederationInitialiser.Seat]
    private let genesis: Genesis
    private let abciAddress: String?
    private let nodeKeys: [SigningKey]
    /// `id@host:port` of each.
    private let addresses: [String]

    /// - Throws: `invalidConfiguration` for an address at which no ABCI application can listen.
    init(_ seats: [FederationInitialiser.Seat], genesis: Genesis, abciAddress: String?) throws {
        if let abciAddress {
            guard abciAddress.hasPrefix("unix:///") || abciAddress.hasPrefix("tcp://"), abciAddress.utf8.count > 8 else {
                throw NodeError.invalidConfiguration("the ABCI address is unix:///path or tcp://host:port")
            }
        }
        (self.seats, self.genesis, self.abciAddress) = (seats, genesis, abciAddress)
        nodeKeys = seats.map { _ in .ed25519() }
        addresses = try zip(nodeKeys, seats).map { "\(try CometHome.identifier(of: $0))@\(FederationInitialiser.endpoint($1))" }
    }

    /// Where the node at `position` listens for CometBFT.
    func abci(_ position: Int, jupiterHome: String) -> String {
        if let abciAddress { return abciAddress }
        let socket = URL(filePath: jupiterHome).standardizedFileURL.path(percentEncoded: false) + "/abci.sock"
        guard seats[position].isLoopback, socket.utf8.count <= Self.longestSocket else {
            return "tcp://127.0.0.1:\(seats[position].abciPort)"
        }
        return "unix://" + socket
    }

    /// Writes the CometBFT home of the validator at `position` into `folder`, which will be `jupiterHome`.
    func write(_ position: Int, validator: SigningKey, jupiterHome: String, into folder: String) throws {
        let seat = seats[position]
        let host = seat.listeningHost
        let settings = CometSettings(
            moniker: Self.name(position), abci: abci(position, jupiterHome: jupiterHome),
            listen: "\(host.contains(":") ? "[\(host)]" : host):\(seat.peerPort)",
            external: seat.isLoopback ? nil : FederationInitialiser.endpoint(seat),
            peers: addresses.enumerated().filter { $0.offset != position }.map(\.element), rpcPort: seat.cometPort,
            isLocal: seats.allSatisfy(\.isLoopback), idleInterval: genesis.parameters.idleInterval)
        try CometHome(path: folder + CometHome.folder).write(
            genesis: CometGenesis(genesis, names: seats.indices.map(Self.name)), validator: validator, node: nodeKeys[position],
            settings: settings)
    }

    private static func name(_ position: Int) -> String { "validator-\(position + 1)" }
}
