import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import Ledger
import Modules
import Networking
import Primitives
import Synchronization
import WireTypes

/// A node's place among the validators: who its peers are, and with which log it may vote, as the chain's state says.
final class Membership: Sendable {
    private struct State {
        var engine: SimplexEngine?
        var account: OperatorAccount?
        /// The epoch that the engine was told it may vote from.
        var told: UInt64?
        /// The last rejoin transaction.
        var posted: Hash32?
    }

    private let ledger: LedgerApplication
    private let key: SigningKey
    /// The key of this node's validator, whether it is in the set or not.
    let own: Hash32?
    private let bootstrap: [PeerEntry]
    private let state = Mutex(State())

    init(ledger: LedgerApplication, validator key: SigningKey, configuration: NodeConfiguration) throws {
        (self.ledger, self.key) = (ledger, key)
        if case .ed25519(let own) = key.verificationKey { self.own = own } else { own = nil }
        bootstrap = try configuration.bootstrap()
    }

    func bind(_ engine: SimplexEngine, account: OperatorAccount) { state.withLock { ($0.engine, $0.account) = (engine, account) } }

    // MARK: Peers

    /// Everybody whom the state names, and whom the configuration adds.
    func registry() throws -> PeerRegistry {
        let entries = try ledger.trust.nodes().compactMap { node -> PeerEntry? in
            guard let id = Hash32(node.nodeID), let validator = Hash32(node.validator) else { return nil }
            return PeerEntry(nodeID: id, validatorKey: validator, endpoint: node.endpoint)
        }
        return PeerRegistry(entries + bootstrap)
    }

    /// Takes over what a block may have changed about the peers, and about the log. To be called before the engine hears of the block's
    /// epoch: the next one may begin right after a rejoin, and who does not vote from its beginning waits for the one after.
    func committed(_ block: Block, peers: PeerService?) {
        if block.transactions.contains(where: isOwnRejoin) { tellEngine() }
        guard let peers, block.header.lastOfEpoch || block.transactions.contains(where: Self.concernsPeers) else { return }
        // What cannot be read now fails the next commit, which tells.
        if let registry = try? registry() { peers.update(registry) }
    }

    private static func concernsPeers(_ transaction: SignedTransaction) -> Bool {
        transaction.body.messages.contains { message in
            switch message.kind {
            case .updateEndpoint, .proposeChange, .voteOnProposal: true
            default: false
            }
        }
    }

    private func isOwnRejoin(_ transaction: SignedTransaction) -> Bool {
        transaction.body.messages.contains { message in
            if case .rejoin(let rejoin) = message.kind { Hash32(rejoin.validator) == own } else { false }
        }
    }

    // MARK: The log

    /// Settings of the engine, with the log that the chain knows this validator by.
    func settings(_ home: NodeHome, _ configuration: NodeConfiguration) throws -> SimplexEngine.Settings {
        var settings = SimplexEngine.Settings()
        settings.blockInterval = UInt64(configuration.blockInterval)
        settings.viewTimeout = UInt64(configuration.viewTimeout)
        settings.logPath = home.votesLogFile
        if let known = try own.flatMap({ try ledger.trust.votesFrom($0) }) {
            (settings.knownLog, settings.votesFrom) = (known.log, known.epoch)
        }
        return settings
    }

    /// Asks the chain to let this validator vote with its new log, and tells the engine when it may; until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await step()
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private func step() async {
        let (account, log, posted) = state.withLock { ($0.account, newLog($0), $0.posted) }
        guard !tellEngine(), let account, let log else { return }
        // While it waits here nobody may have heard of it: there are no peers yet just after a start.
        if posted.map(account.tellAgain) != true {
            guard let message = try? rejoin(log, account: account.address) else { return }
            let made = try? await account.submit([message]).id
            state.withLock { $0.posted = made }
        }
        try? await Task.sleep(for: .seconds(1))
    }

    /// The log that the engine began because an older one is lost.
    private func newLog(_ state: State) -> Hash32? { state.engine?.status.log.flatMap { $0 == .zero ? nil : $0 } }

    /// Tells the engine from which epoch on it may vote, if the chain knows its new log; whether there is nothing else to do.
    @discardableResult private func tellEngine() -> Bool {
        let (engine, log, told) = state.withLock { ($0.engine, newLog($0), $0.told) }
        guard let own, let engine, let log, let known = try? ledger.trust.votesFrom(own) else { return true }
        guard known.log == log else { return false }
        guard told != known.epoch else { return true }
        engine.votes(from: known.epoch)
        state.withLock { $0.told = known.epoch }
        return true
    }

    private func rejoin(_ log: Hash32, account: Address) throws -> WireMessage {
        let statement = ValidatorStatement.rejoin(chainID: ledger.genesis.chainID, account: account, log: log)
        var message = WireMessage()
        message.rejoin.validator = .init(key.verificationKey.bytes)
        message.rejoin.log = .init(log.bytes)
        message.rejoin.signature = .init(try key.sign(statement, context: .rejoin))
        return message
    }
}
