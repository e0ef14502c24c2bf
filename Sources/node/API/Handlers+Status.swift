import ChainTypes
import FoundationEssentials
import Hummingbird
import Modules
import Node
import Primitives
import WireTypes

/// What `GET /v1/status` answers.
private struct StatusView: Encodable {
    struct Mempool: Encodable {
        let transactions, bytes: Int
    }
    struct Enclave: Encodable {
        let connected: Bool
        let id: String?
        let platform: String
        /// What the chain shows of it, once it is registered.
        let label: String?
        let simulated: Bool
        let assurance: String?
        let serving: Bool
        /// Milliseconds of block time at which its evidence is too old.
        let expires: UInt64?
        let suspension: String?
        let trustedHeight: UInt64
        let vault: String?
        let vaultVersion: UInt64
        let subjectKeys: UInt32
    }
    struct Validators: Encodable {
        /// In the present set with weight.
        let voting: Int
        let totalWeight: UInt64
    }
    struct Peers: Encodable {
        let known, connected: Int
    }
    let chainId: String
    let height: UInt64
    let headHash, stateRoot: String
    let time: UInt64
    let profile, engine, genesisHash, nodeVersion: String
    let `operator`: String
    let minimumFee: UInt64
    /// Of the next block.
    let epoch: UInt64
    let validators: Validators
    /// What waits for the ends of coming epochs.
    let plan: [PendingChangeView]
    /// Whether other parameters hold from the next epoch on.
    let parametersChange: Bool
    let consensus: EngineView?
    let peers: Peers
    let sync: SyncView
    let mempool: Mempool
    /// The one that takes enrolments now.
    let enclave: Enclave?
    let enclaves: [Enclave]
    /// Whether these take over the keys of another node's.
    let hasReplicaSource: Bool
    let localities: Int

    init(_ node: JupiterNode) throws {
        let view = node.view
        let (head, trust) = (view.head, view.trust())
        let parameters = try trust.parameters()
        (chainId, height, time) = (view.chainID, head.height, head.time)
        (headHash, stateRoot) = ("\(head.blockHash)", "\(head.stateRoot)")
        (profile, genesisHash) = (profileName(view.genesis.wire.profile), "\(view.genesis.hash)")
        engine = engineName(view.genesis.consensus)
        (nodeVersion, `operator`) = (JupiterNode.version, "\(view.genesis.operatorAccount)")
        minimumFee = parameters.present.minimumFee
        epoch = head.plan.epoch
        validators = Validators(
            voting: head.plan.validators.members.count { $0.votingWeight > 0 }, totalWeight: head.plan.validators.totalWeight)
        (plan, parametersChange) = (try trust.pending().map(PendingChangeView.init), parameters.hasNext)
        consensus = node.engineView
        let known = node.peerViews
        peers = Peers(known: known.count, connected: known.count(where: \.connected))
        sync = node.syncView
        mempool = Mempool(transactions: node.mempool.count, bytes: node.mempool.bytes)
        enclave = node.enclave?.status.view
        enclaves = node.enclaves.map(\.status.view)
        hasReplicaSource = node.configuration.replicaSource != nil
        localities = try view.ledger.keys(prefix: StateKey.family("localities"), after: nil, limit: 1_000).count
    }
}

extension EnclaveHost.Status {
    fileprivate var view: StatusView.Enclave {
        StatusView.Enclave(
            connected: isConnected, id: id?.description, platform: platform, label: label.isEmpty ? nil : label,
            simulated: platform == "simulated", assurance: assurance.isEmpty ? nil : assurance, serving: isServing,
            expires: expires == 0 ? nil : expires, suspension: suspension.isEmpty ? nil : suspension, trustedHeight: trustedHeight,
            vault: vault?.description, vaultVersion: vaultVersion, subjectKeys: enrolled)
    }
}

extension Handlers {
    func status() throws -> Response { try .json(StatusView(node)) }
}
