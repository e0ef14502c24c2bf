import Networking
import Primitives

/// What synchronisation needs of the connections with other nodes.
package protocol PeerSending: Sendable {
    /// Who can be asked now.
    var connected: [Hash32] { get }
    func send(_ frame: PeerFrame, to node: Hash32) -> SendResult
    /// A peer sent what no honest one sends.
    func punish(_ node: Hash32, for error: any CodedError)
}

extension PeerNetwork: PeerSending {
    package var connected: [Hash32] { peers.filter(\.connected).map(\.nodeID) }
}
