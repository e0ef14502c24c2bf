import WireTypes

/// What a complete erasure rests on. The engine that keeps the chain's blocks decides it, and the genesis names that engine, so that no
/// file and no node can claim more than there is (docs/spec/erasure.md §4).
package enum ErasureBasis: String, Sendable, CaseIterable {
    /// The keys are destroyed, and nodes prune the ciphertext: it is in no block of the chain's own engine.
    case keysAndPruning
    /// The keys are destroyed. The ciphertext stays in CometBFT's own blocks until each operator's node prunes them.
    case keysAlone

    package init(_ genesis: Genesis) {
        switch genesis.consensus {
        case .simplex: self = .keysAndPruning
        // `Genesis` knows no third engine; of one that it does not know nothing more could be promised.
        case .cometbft, .UNRECOGNIZED: self = .keysAlone
        }
    }

    /// For a person: where the ciphertext is, and what the erasure therefore rests on.
    package var finding: String {
        switch self {
        case .keysAndPruning: "nodes prune it; the erasure rests on the destroyed keys and on that"
        case .keysAlone:
            "stays in CometBFT's own blocks until each operator's node prunes them (retain_height, from the node's configured "
                + "blockHistory, which is not chain state); the erasure rests on the destroyed keys alone"
        }
    }
}
