import AuthenticatedState
import Cryptography
import Modules
import Storage
import WireTypes

/// Reads the state at the tip of a branch through the tree's memory: for the block being judged or executed there.
struct BranchReader: CommittedState {
    let ledger: LedgerApplication
    let branch: StateBranch
    let accounts: ParentAccounts

    func value(_ key: [UInt8]) throws -> [UInt8]? { try ledger.tree.get(key, on: branch) }
    func account(_ address: Address) throws -> WireAccount? { try ledger.account(address, after: accounts) }
}

/// Reads a committed version: for everybody else.
struct CommittedReader: CommittedState {
    let store: ChainStore
    let version: UInt64
    func value(_ key: [UInt8]) throws -> [UInt8]? { try AuthenticatedState.StateReader(store: store).get(key, version: version) }
}
