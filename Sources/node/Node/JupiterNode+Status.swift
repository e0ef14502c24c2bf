import ChainTypes
import Engine
import Modules
import Networking
import Primitives

extension JupiterNode {
    /// The other nodes that the state names, as this one stands to them.
    package var peerViews: [PeerView] { peers?.network.peers.map { PeerView($0, height: nil) } ?? [] }

    package var engineView: EngineView? {
        if let simplex { return EngineView(simplex.status, validator: membership.own) }
        // Rounds and leaders are the other engine's, whose own RPC tells them.
        var status = EngineStatus()
        let plan = view.head.plan
        status.epoch = plan.epoch
        status.votes = plan.validators.members.contains { $0.key == membership.own && $0.votingWeight > 0 }
        return EngineView(status, validator: membership.own)
    }

    package var syncView: SyncView { sync?.view ?? SyncView(state: .current) }

    /// By which other nodes know this one; `nil` when it neither listens nor dials.
    package var nodeID: Hash32? { peers?.network.identity.nodeID }
}

extension ChainView {
    /// What the state after the newest block says about validators; all reads are of that one state.
    package func trust() -> TrustView { TrustView(StateAt(ledger: ledger, height: head.height), genesis: genesis) }
}

/// The state after one block.
private struct StateAt: CommittedState {
    let ledger: any ReadableLedger
    let height: UInt64

    func value(_ key: [UInt8]) throws -> [UInt8]? { try ledger.query(key, height: height, prove: false).value }
}
