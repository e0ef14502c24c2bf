import ChainTypes
import Cryptography
import Dispatch
import LightClient
import Primitives
import Simplex
import Synchronization
import WireTypes

/// Our own engine: the Simplex replica with its log, its clock and its ledger, for one validator or many, or for a node that only follows.
///
/// Two threads: one votes, one executes. What is signed is in the log before it is sent; what is final is durable before it is reported.
package final class SimplexEngine: ConsensusEngine {
    /// What an engine needs to know of its chain's past.
    package struct History: Sendable {
        /// The last block of the epoch before the head's plan, or the genesis.
        package var base: BlockReference
        /// Of the head, when it has one of its own.
        package var certificate: WireCertificate?

        package init(base: BlockReference, certificate: WireCertificate?) { (self.base, self.certificate) = (base, certificate) }
    }

    package struct Settings: Sendable {
        /// The least time between two proposals, in milliseconds, so that transactions gather; a full block does not wait for it.
        package var blockInterval: UInt64 = 50
        /// How long a view may take before it is given up, in milliseconds.
        package var viewTimeout: UInt64 = 1_000
        /// Where a validator remembers what it signed; `nil` only for one that is alone or only follows.
        package var logPath: String?
        /// The name by which the chain knows the validator's log; `nil` or zero for its first one.
        package var knownLog: Hash32?
        /// The first epoch in which the chain lets the validator vote with the log of that name.
        package var votesFrom = UInt64.max
        /// Only a test that wants to see votes lost says no.
        package var isLogSynced = true

        package init() {}
    }

    let genesis: Genesis
    let keys: ValidatorKeys
    let application: any Application
    let source: any ProposalSource
    let network: any ConsensusNetwork
    let clock: any EngineClock
    let settings: Settings
    let history: History
    let onCommit: @Sendable (CommittedBlock) -> Void
    let mailbox = Mailbox()
    let payloads = PayloadStore()
    let condition = Mutex(EngineStatus())

    /// - Parameters:
    ///   - key: this validator's; `nil` for a node that only follows.
    ///   - onCommit: called after each durable commit, in order of height.
    package init(
        genesis: Genesis, key: SigningKey?, application: any Application, source: any ProposalSource,
        network: any ConsensusNetwork = NoNetwork(), history: History, clock: any EngineClock = SystemClock(),
        settings: Settings = Settings(), onCommit: @escaping @Sendable (CommittedBlock) -> Void
    ) throws(EngineError) {
        keys = ValidatorKeys(key)
        guard key == nil || keys.own != nil else { throw .notTheValidator }
        (self.genesis, self.application, self.source, self.network) = (genesis, application, source, network)
        (self.history, self.clock, self.settings, self.onCommit) = (history, clock, settings, onCommit)
    }

    package func run() async throws {
        guard genesis.consensus == .simplex else { throw EngineError.otherEngine }
        source.onArrival { [mailbox] in mailbox.post(.arrival) }
        let result: Result<Void, any Error> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue(label: "jupiter.engine", qos: .userInteractive).async {
                    continuation.resume(returning: Result { try self.vote() })
                }
            }
        } onCancel: {
            mailbox.close()
        }
        try result.get()
    }

    /// Votes until the mailbox closes.
    private func vote() throws {
        let worker = LedgerWorker(
            LedgerWorker.Parts(
                chainID: genesis.chainID, application: application, source: source, payloads: payloads, clock: clock,
                onCommit: onCommit, answer: { [mailbox] in mailbox.post(.answer($0)) }))
        // Whoever closes the store next must find nobody writing.
        defer { worker.drain() }
        var loop = try EngineLoop(self, worker: worker)
        try loop.run()
    }

    // MARK: What the network brings

    /// - Parameter validator: the key of the validator at the other end; `nil` for one that only follows.
    package func receive(_ message: ConsensusMessage, from validator: Hash32?) { mailbox.post(.message(message, from: validator)) }

    /// The payload of a block; the signatures of its transactions have been checked.
    package func deliver(_ payload: BlockPayload) { mailbox.post(.payload(payload)) }

    /// Evidence from a peer; the application judges it once more before it is proposed. Answers whether there was room for it.
    @discardableResult
    package func deliver(_ evidence: ProvenEquivocation) -> Bool { mailbox.post(.evidence(evidence)) }

    /// Final blocks that follow the head, or overlap with what is here.
    package func install(_ blocks: [SyncedBlock]) { mailbox.post(.install(blocks)) }

    /// A validator whose log was lost may vote from this epoch on: the chain says so.
    package func votes(from epoch: UInt64) { mailbox.post(.votes(from: epoch)) }

    /// The payload of a block that is not final yet, or just became so.
    package func payload(_ hash: Hash32) -> BlockPayload? { payloads[hash] }

    package var status: EngineStatus { condition.withLock { $0 } }
    package var droppedMessages: UInt64 { mailbox.dropped }
}
