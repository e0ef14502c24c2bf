import ChainTypes
import Cryptography
import EnclaveProtocol
import Engine
import FoundationEssentials
import Logging
import Primitives
import Synchronization
import WireTypes

/// Feeds an enclave: headers, proofs, ciphertext and jobs in; its signed answers out to the chain.
///
/// The enclave does not trust it. What is to be done is read from the chain at every start and kept up to date from committed
/// blocks, so nothing is lost when either process stops.
package final class EnclaveHost: Sendable {
    /// What is known of the enclave now.
    package struct Status: Sendable, Equatable {
        package var isConnected = false
        package var id: Hash32?
        package var platform = ""
        /// What the chain shows of it: how it honestly stands, its assurance class, until when its evidence holds (milliseconds of block
        /// time; 0 without end), and why it is suspended.
        package var label = ""
        package var assurance = ""
        package var expires: UInt64 = 0
        package var suspension = ""
        package var isServing = false
        package var trustedHeight: UInt64 = 0
        /// The vault whose keys it holds.
        package var vault: Hash32?
        package var vaultVersion: UInt64 = 0
        /// How many subject keys it holds.
        package var enrolled: UInt32 = 0
        /// Version of the recovery plan that it has followed to.
        package var recoveryPlan: UInt32 = 0
        /// What wallets and others seal to, as the enclave has signed it.
        package var session = WireSessionKey()
    }

    struct State {
        var status = Status()
        var jobs = JobTracker()
        /// Programs whose code this enclave was given since it was connected.
        var loaded: Set<Hash32> = []
        var wake: CheckedContinuation<Void, Never>?
        /// How much of the puncture log the enclave has followed since it was connected.
        var followed: UInt64?
        /// Up to which recovery plan it was shown them since it was connected.
        var shownPlan: UInt32 = 0
        var replication = Replication()
        /// What others ask of the enclave, to be done between two rounds.
        var errands: [Errand] = []
        /// Below this height its evidence is not renewed again.
        var renewsFrom: UInt64 = 0
        /// Until when the evidence holds that the enclave was last shown to be admitted with.
        var shownExpiry: UInt64?
        /// The newest committed height that nobody has looked at yet.
        var hasNews = false
    }

    struct Settings: Sendable {
        var registers: Bool
        var batch: Int
        /// Another node whose enclave this one may stand in for.
        var remote: RemoteReplica?
    }

    let state = Mutex(State())
    /// Its place among the node's enclaves, from 0.
    package let index: Int
    let group: EnclaveGroup
    let view: ChainView
    let account: OperatorAccount
    let events: EventHub
    let settings: Settings
    let log: Logger
    let runs: Metrics.Histogram
    let outcomes: (committed: Metrics.Counter, opened: Metrics.Counter, refused: Metrics.Counter)
    private let connection: EnclaveConnection
    private let enrolments: EnclaveConnection
    private let threads = WorkerPool(width: 2, maximumWaiting: 256)

    init(
        socket: String, index: Int, group: EnclaveGroup, view: ChainView, account: OperatorAccount, events: EventHub, settings: Settings,
        metrics: Metrics, log: Logger
    ) {
        (self.index, self.group) = (index, group)
        connection = EnclaveConnection(path: socket)
        // Enrolments do not wait behind runs.
        enrolments = EnclaveConnection(path: socket)
        (self.view, self.account, self.events, self.settings, self.log) = (view, account, events, settings, log)
        let label = ("enclave", String(index))
        runs = metrics.histogram("jupiter_enclave_run_seconds", "Time of one run command to the enclave, in seconds.", labels: [label])
        let name = "jupiter_enclave_outcomes_total"
        let help = "Job outcomes posted to the chain for the enclave."
        outcomes = (
            metrics.counter(name, help, labels: [label, ("outcome", "committed")]),
            metrics.counter(name, help, labels: [label, ("outcome", "opened")]),
            metrics.counter(name, help, labels: [label, ("outcome", "refused")])
        )
    }

    package var status: Status { state.withLock { $0.status } }

    var followed: UInt64? { state.withLock { $0.followed } }
    func note(punctures: UInt64) {
        state.withLock { state in
            state.followed = punctures
            state.status.isServing = true
        }
    }

    /// How many jobs it follows.
    package var openJobs: Int { state.withLock { $0.jobs.count } }

    /// Hears of a durable block; called by the engine, so it only notes.
    func committed(_ block: Block) {
        let waiter = state.withLock { state in
            state.jobs.note(block)
            state.hasNews = true
            defer { state.wake = nil }
            return state.wake
        }
        waiter?.resume()
    }

    /// Passes sealed enrolments on; what is inside only the enclave sees.
    package func enrol(_ sealed: [WireSealedMessage]) async throws -> [WireEnrolOutcome] {
        guard status.isServing else { throw NodeError.enclaveUnavailable }
        let (outcomes, session) = try await onThread {
            let outcomes = try self.enrolments.enrol(sealed).outcomes
            let isOld = outcomes.contains { $0.failure.code == EnclaveError.otherSession.code }
            return (outcomes, isOld ? try self.enrolments.status().session : nil)
        }
        // Whoever is refused asks for the session next.
        if let session { state.withLock { $0.status.session = session } }
        return outcomes
    }

    /// What is sealed to the enclave now.
    package func session() throws -> WireSessionKey {
        let status = status
        guard status.isServing, status.session.hasKey else { throw NodeError.enclaveUnavailable }
        return status.session
    }

    /// Serves until the task is cancelled, connecting again whenever the enclave was gone.
    package func run() async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.serveAlways() }
            tasks.addTask { await self.replicate() }
        }
    }

    private func serveAlways() async {
        var pause = 0.25
        while !Task.isCancelled {
            do {
                try await serve()
                pause = 0.25
            } catch {
                let wasConnected = state.withLock { state in
                    defer { state.status = Status() }
                    return state.status.isConnected
                }
                connection.disconnect()
                group.releaseAll(of: index)
                cancelErrands()
                if wasConnected { pause = 0.25 }
                log.warning("The enclave cannot be used now.", metadata: ["error": "\(Self.text(error))", "retry_seconds": "\(pause)"])
            }
            try? await Task.sleep(for: .seconds(pause))
            pause = min(pause * 2, 10)
        }
        // Nobody may wait for what is not done any more.
        state.withLock { $0.status = Status() }
        cancelErrands()
    }

    private func serve() async throws {
        let status = try await onThread { try self.connection.status() }
        guard status.chainID == view.chainID, let id = Hash32(status.id) else { throw EnclaveError.wrongChain }
        state.withLock { state in
            (state.loaded, state.shownExpiry, state.followed, state.shownPlan) = ([], nil, nil, 0)
            state.replication = Replication()
            state.status = Status(
                isConnected: true, id: id, platform: status.identity.platform, isServing: status.serving,
                trustedHeight: status.trustedHeight, vault: Hash32(status.vault) ?? id, vaultVersion: status.vaultVersion,
                enrolled: status.enrolled, recoveryPlan: status.recoveryPlan, session: status.session)
        }
        log.notice("The enclave is connected.", metadata: ["enclave": "\(id)", "platform": "\(status.identity.platform)"])
        try await atHeight(2)
        while try await feed().height < 2 {
            await news()
            try Task.checkCancellation()
        }
        try await register(id)
        try await awaitAdmission(id)
        if !status.serving { try await anchor(id, status.anchor) }
        try findJobs()
        try await refresh()
        while !Task.isCancelled {
            let header = try await feed()
            let builder = EvidenceBuilder(view: view, height: header.height - 1, enclave: id, vault: self.status.vault ?? id)
            try await keepAdmitted(builder, at: header)
            try await followPunctures(builder)
            try await followRecoveryPlan(builder)
            let worked = try await work(builder, time: header.time)
            let ran = await doErrands(builder)
            if !worked, !ran { await news() }
            // Also what came past this loop, as enrolments do.
            try await refresh()
        }
    }

    /// Looks at what has changed in the enclave, and tells the chain when it holds another vault's keys now.
    private func refresh() async throws {
        let now = try await onThread { try self.connection.status() }
        let vault = Hash32(now.vault)
        state.withLock { state in
            (state.status.vault, state.status.vaultVersion, state.status.enrolled) = (vault, now.vaultVersion, now.enrolled)
            state.status.session = now.session
            // A vault that was brought back follows the puncture log before it serves again.
            if !now.serving { (state.status.isServing, state.followed) = (false, nil) }
        }
        guard now.hasAnnouncement, let id = Hash32(now.id), let bytes = try view.value(StateKey.enclave(id)),
            let known = try? WireEnclave(strictly: bytes, limit: Limits.stateValue), known.vault != now.vault
        else { return }
        var message = WireMessage()
        message.announceReplica = now.announcement
        do {
            try await post(message)
            log.notice("The chain knows whose keys the enclave holds.", metadata: ["vault": "\(vault ?? .zero)"])
        } catch let refusal as Refusal {
            log.warning("The chain does not take the replica yet.", metadata: ["error": "\(refusal.text)"])
        }
    }

    /// Shows the enclave the newest certified header, and the ends of the epochs since the one that it trusts.
    @discardableResult
    func feed() async throws -> BlockHeader {
        while true {
            let path = try view.path(after: status.trustedHeight)
            if path.isEmpty { break }
            let answer = try await onThread { try self.connection.importHeaders(path) }
            guard answer.trustedHeight > status.trustedHeight else { throw NodeError.damagedChain("newest header") }
            state.withLock { $0.status.trustedHeight = answer.trustedHeight }
        }
        guard let header = try view.ledger.header(status.trustedHeight) else { throw NodeError.damagedChain("newest header") }
        return header
    }

    /// Registers an enclave that the chain does not know, when this operator is configured to.
    private func register(_ id: Hash32) async throws {
        guard try view.value(StateKey.enclave(id)) == nil else { return }
        guard settings.registers else { throw NodeError.notFound("the enclave \(id)") }
        let answer = try await attest()
        var message = WireMessage()
        message.registerEnclave.identity = answer.identity
        message.registerEnclave.evidence = answer.evidence
        try await post(message)
        log.notice("The enclave is registered.", metadata: ["enclave": "\(id)"])
    }

    /// Evidence that answers the newest block.
    func attest() async throws -> WireAttestAnswer {
        let head = view.head
        var command = WireAttestCommand()
        command.challengeHeight = head.height
        command.challengeBlock = .init(head.blockHash.bytes)
        let challenge = command
        return try await onThread { try self.connection.attest(challenge) }
    }

    /// Puts this start's nonce on chain and proves it to the enclave, which serves from then on.
    private func anchor(_ id: Hash32, _ anchor: WireAnchorVault) async throws {
        var message = WireMessage()
        message.anchorVault = anchor
        let receipt = try await post(message)
        try await atHeight(receipt.height + 1)
        var header = try await feed()
        while header.height <= receipt.height {
            await news()
            try Task.checkCancellation()
            header = try await feed()
        }
        let builder = EvidenceBuilder(view: view, height: header.height - 1, enclave: id, vault: id)
        try await show(builder)
        try await followPunctures(builder)
        log.notice("The enclave serves.", metadata: ["enclave": "\(id)"])
    }

    /// Posts one message and waits for its receipt.
    @discardableResult
    func post(_ message: WireMessage) async throws -> WireReceipt {
        let (id, validUntil) = try await account.submit([message])
        while view.head.height <= validUntil, !Task.isCancelled {
            if let receipt = try view.receipt(id) {
                guard receipt.code == 0 else { throw ErrorCatalogue.refusal(receipt.code) }
                return receipt
            }
            await events.wait(for: id, atMost: .seconds(2)) { (try? self.view.receiptBytes(id)) != nil }
        }
        throw TransactionError.expired
    }

    /// Returns once block `height` is committed.
    private func atHeight(_ height: UInt64) async throws {
        while view.head.height < height {
            try Task.checkCancellation()
            await news()
        }
    }

    /// Returns when a block has been committed since the last call, or the task is cancelled.
    func news() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.hasNews || Task.isCancelled {
                        state.hasNews = false
                        return true
                    }
                    state.wake = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { state in
                defer { state.wake = nil }
                return state.wake
            }?.resume()
        }
    }

    /// All jobs that the state shows as open.
    private func findJobs() throws {
        let families = [("assessments", JobTracker.Kind.assessment), ("subscriptions", .subscription), ("keygrants", .keyGrant)]
        for (family, kind) in families {
            let prefix = StateKey.family(family)
            var after: [UInt8]?
            while true {
                let keys = try view.ledger.keys(prefix: prefix, after: after, limit: 1_000)
                for key in keys {
                    guard let id = Hash32(key.dropFirst(prefix.count)), let value = try view.value(key), Self.isOpen(value, kind) else {
                        continue
                    }
                    state.withLock { $0.jobs.add(id, kind, height: 0) }
                }
                guard keys.count == 1_000 else { break }
                after = keys.last
            }
        }
    }

    private static func isOpen(_ value: [UInt8], _ kind: JobTracker.Kind) -> Bool {
        let status: WireJobStatus?
        switch kind {
        case .assessment: status = (try? WireAssessment(strictly: value, limit: Limits.stateValue))?.status
        case .subscription: status = (try? WireSubscription(strictly: value, limit: Limits.stateValue))?.status
        case .keyGrant: return (try? WireKeyGrant(strictly: value, limit: Limits.stateValue))?.status == .pending
        }
        return status == .pending || status == .committed
    }

    /// Runs one command on the job connection, off Swift's own threads.
    func perform<Answer: Sendable>(_ command: @escaping @Sendable (EnclaveConnection) throws -> Answer) async throws -> Answer {
        try await onThread { try command(self.connection) }
    }

    func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await threads.run { Result { try work() } }.get()
    }

    static func text(_ error: any Error) -> String { (error as? any CodedError)?.text ?? String(describing: type(of: error)) }
}
