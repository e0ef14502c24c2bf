import ChainTypes
import Modules
import Primitives

extension JupiterNode {
    /// The other nodes that the state names, as this one stands to them.
    package var peerViews: [PeerView] { [] }

    /// `nil` as long as the engine has not told.
    package var engineView: EngineView? { nil }

    package var syncView: SyncView { SyncView(state: .current) }

    /// By which other nodes know this one; `nil` when it has no identity.
    package var nodeID: Hash32? { nil }
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
