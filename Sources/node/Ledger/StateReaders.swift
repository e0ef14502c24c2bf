import AuthenticatedState
import Modules
import Storage

/// Reads the state at the tip of a branch through the tree's memory: for the block being executed there.
struct BranchReader: CommittedState {
    let tree: StateTree
    let branch: StateBranch
    func value(_ key: [UInt8]) throws -> [UInt8]? { try tree.get(key, on: branch) }
}

/// Reads a committed version: for everybody else.
struct CommittedReader: CommittedState {
    let store: ChainStore
    let version: UInt64
    func value(_ key: [UInt8]) throws -> [UInt8]? { try AuthenticatedState.StateReader(store: store).get(key, version: version) }
}
