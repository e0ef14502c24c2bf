import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import Logging
import Modules
import Primitives
import Synchronization
import WireTypes

extension EnclaveHost {
    /// Does what is due at the builder's height; answers whether anything was.
    func work(_ builder: EvidenceBuilder, time: UInt64) async throws -> Bool {
        let assessments = take(.assessment, builder, limit: settings.batch)
        var groups: [Group: [(Hash32, WireAssessment)]] = [:]
        var (committed, confirmable): ([(job: Hash32, siblings: Hash32?)], [Group: [(Hash32, WireAssessment)]]) = ([], [:])
        for (id, found) in try await onThread({ try assessments.map { ($0, try builder.assessment($0)) } }) {
            let part = found.map { JobPart($0, of: builder.enclave, at: builder.height) } ?? .nothing
            switch (part, found) {
            case (.run, .some(let assessment)) where !state.withLock({ $0.jobs.wasRefused(id) }):
                guard try builder.isHere(assessment) else {
                    finish(id)
                    continue
                }
                groups[Group(assessment), default: []].append((id, assessment))
            case (.runLater(let height), _): wait(id, until: height)
            case (.confirm, .some(let assessment)): confirmable[Group(assessment), default: []].append((id, assessment))
            case (.open, .some(let assessment)):
                switch try opener(of: assessment.enclave, since: assessment.committedHeight, builder) {
                case .own: committed.append((id, nil))
                case .sibling: committed.append((id, Hash32(assessment.commitment)))
                case .later(let height): wait(id, until: height)
                case .other: finish(id)
                }
            default: finish(id)
            }
        }
        for (group, members) in groups {
            try await attempt(members.map(\.0), builder) { try await run(group, members, builder) }
        }
        for (group, members) in confirmable {
            try await attempt(members.map(\.0), builder) { try await confirm(group, members, builder) }
        }
        if !committed.isEmpty { try await attempt(committed.map(\.job), builder) { try await open(committed, builder) } }
        let subscriptions = take(.subscription, builder, limit: 1)
        for id in subscriptions { try await attempt([id], builder) { try await work(on: id, builder, time: time) } }
        let grants = take(.keyGrant, builder, limit: settings.batch)
        if !grants.isEmpty { try await attempt(grants, builder) { try await grantKeys(grants, builder) } }
        return !assessments.isEmpty || !subscriptions.isEmpty || !grants.isEmpty
    }

    /// When the enclave refuses a whole command, its jobs are tried again later, and the others go on.
    private func attempt(_ ids: [Hash32], _ builder: EvidenceBuilder, _ body: () async throws -> Void) async throws {
        let error: any CodedError
        do {
            try await body()
            return
        } catch let refusal as Refusal {
            error = refusal
        } catch EnclaveError.frameTooLarge {
            error = EnclaveError.frameTooLarge
        }
        log.warning("The enclave refuses a command.", metadata: ["error": "\(error.text)", "jobs": "\(ids.count)"])
        if error.code == EnclaveError.programNotLoaded.code { state.withLock { $0.loaded = [] } }
        retry(ids, builder)
    }

    /// What one command to the enclave shares.
    struct Group: Hashable {
        let dataset: String
        let program: Hash32

        init(_ assessment: WireAssessment) {
            // The chain takes no request without a program of 32 bytes.
            (dataset, program) = (assessment.request.dataset, Hash32(assessment.request.program) ?? .zero)
        }
    }

    private func take(_ kind: JobTracker.Kind, _ builder: EvidenceBuilder, limit: Int) -> [Hash32] {
        state.withLock { state in
            state.jobs.due(kind, height: builder.height, limit: limit) { id in
                group.take(id, by: index, at: builder.height)
            } settlement: { transaction in
                // A receipt only counts once the state that is looked at shows its effect.
                guard let receipt = try? view.receipt(transaction), receipt.height <= builder.height else { return .waiting }
                return receipt.code == 0 ? .applied : .refused
            }
        }
    }

    /// Lets the jobs be tried again later, or by another enclave at once.
    func retry(_ ids: [Hash32], _ builder: EvidenceBuilder) {
        state.withLock { state in for id in ids { state.jobs.retry(id, after: builder.height) } }
        for id in ids { group.release(id, by: index) }
    }

    /// Leaves the job to another enclave until `height`.
    private func wait(_ id: Hash32, until height: UInt64) {
        state.withLock { $0.jobs.wait(id, until: height) }
        group.release(id, by: index)
    }

    func finish(_ id: Hash32) {
        state.withLock { $0.jobs.finish(id) }
        group.release(id, by: index)
    }

    /// Whose a committed result is to open.
    private enum Opener {
        case own
        /// Another enclave of the vault made it, and is not there.
        case sibling
        /// Another node's enclave made it and has until then.
        case later(UInt64)
        /// Of another vault.
        case other
    }

    /// Heights that another node's enclave has for opening what it committed to.
    private static let grace: UInt64 = 5

    private func opener(of maker: Data, since height: UInt64, _ builder: EvidenceBuilder) throws -> Opener {
        guard let maker = Hash32(maker) else { return .other }
        if maker == builder.enclave { return .own }
        guard let value = try builder.value(StateKey.enclave(maker)),
            let enclave = try? WireEnclave(strictly: value, limit: Limits.stateValue), KeysModule.vault(of: enclave) == builder.vault
        else { return .other }
        // Within a node the lease says that the maker is not at it.
        let isNear = group.hosts.contains { $0.status.id == maker }
        return isNear || builder.height >= height + Self.grace ? .sibling : .later(height + Self.grace)
    }

    // MARK: Assessments

    private func run(_ group: Group, _ members: [(Hash32, WireAssessment)], _ builder: EvidenceBuilder) async throws {
        try await load(group.program, builder)
        let command = try await onThread { try builder.command(group, members) }
        let start = ContinuousClock.now
        let answer = command.assessments.isEmpty ? WireRunAssessmentsAnswer() : try await perform { try $0.runAssessments(command) }
        runs.observe(Self.seconds(since: start))
        for outcome in answer.outcomes {
            guard let id = Hash32(outcome.id), members.contains(where: { $0.0 == id }) else { continue }
            await post(id, builder) { message in
                if outcome.hasFailure {
                    message.refuseAssessment = Self.refusal(outcome, enclave: builder.enclave)
                    return []
                }
                message.commitAssessment.id = outcome.id
                message.commitAssessment.enclave = .init(builder.enclave.bytes)
                message.commitAssessment.commitment = outcome.commitment
                message.commitAssessment.size = UInt32(outcome.sealedResult.count)
                message.commitAssessment.signature = outcome.signature
                if outcome.hasTerms { message.commitAssessment.terms = outcome.terms }
                return [[UInt8](outcome.sealedResult)]
            } isFinal: {
                try self.isFinal(outcome)
            }
        }
        // Nothing may stay due for ever: neither what lacks evidence nor what was not answered.
        let answered = Set(answer.outcomes.compactMap { Hash32($0.id) })
        retry(members.map(\.0).filter { !answered.contains($0) }, builder)
    }

    private static func refusal(_ outcome: WireRunOutcome, enclave: Hash32) -> WireRefuseAssessment {
        var message = WireRefuseAssessment()
        message.id = outcome.id
        message.enclave = .init(enclave.bytes)
        message.code = outcome.failure.code
        message.signature = outcome.signature
        return message
    }

    private func isFinal(_ outcome: WireRunOutcome) throws -> Bool {
        !outcome.hasFailure || isFinal(outcome.failure, signature: outcome.signature)
    }

    /// Whether a failure goes to the chain: the others are this node's to mend and to try again.
    func isFinal(_ failure: WireEnclaveFailure, signature: Data) -> Bool {
        let failure = Refusal(failure)
        log.info("The enclave refuses a job.", metadata: ["code": "\(failure.code)", "name": "\(failure.name)"])
        if failure.code == EnclaveError.programNotLoaded.code { state.withLock { $0.loaded = [] } }
        return !signature.isEmpty
    }

    /// - Parameter jobs: with the commitment, when it is another enclave's: its sidecar has to be shown then.
    private func open(_ jobs: [(job: Hash32, siblings: Hash32?)], _ builder: EvidenceBuilder) async throws {
        let ids = jobs.map(\.job)
        let commitments = jobs.compactMap(\.siblings)
        let answer = try await perform { connection in
            var command = WireOpenAssessmentsCommand()
            command.height = builder.height + 1
            command.assessments = try ids.map { try builder.proven(StateKey.assessment($0)) }
            command.punctures = try builder.proven(StateKey.punctureLog)
            command.sidecars = try commitments.compactMap { try builder.view.sidecar($0).map { .init($0) } }
            return try connection.openAssessments(command)
        }
        let answered = Set(answer.outcomes.compactMap { Hash32($0.id) })
        retry(ids.filter { !answered.contains($0) }, builder)
        for outcome in answer.outcomes {
            guard let id = Hash32(outcome.id), ids.contains(id) else { continue }
            await post(id, builder) { message in
                message.openAssessment.id = outcome.id
                message.openAssessment.enclave = .init(builder.enclave.bytes)
                message.openAssessment.keyBox = outcome.keyBox
                message.openAssessment.signature = outcome.signature
                return []
            } isFinal: {
                !outcome.hasFailure
            }
        }
    }

    // MARK: Subscriptions

    private func work(on id: Hash32, _ builder: EvidenceBuilder, time: UInt64) async throws {
        switch try builder.subscription(id) {
        case .some(let subscription) where subscription.status == .pending: try await run(id, subscription, builder, time: time)
        case .some(let subscription) where subscription.status == .committed:
            switch try opener(of: subscription.enclave, since: subscription.committedHeight, builder) {
            case .own: try await open(id, nil, builder)
            case .sibling: try await open(id, Hash32(subscription.commitment), builder)
            case .later(let height): wait(id, until: height)
            case .other: finish(id)
            }
        default: finish(id)
        }
    }

    private func run(_ id: Hash32, _ subscription: WireSubscription, _ builder: EvidenceBuilder, time: UInt64) async throws {
        guard let program = Hash32(subscription.request.program),
            let command = try await onThread({ try builder.run(id, subscription, time: time) })
        else {
            retry([id], builder)
            return
        }
        try await load(program, builder)
        let start = ContinuousClock.now
        let outcome = try await perform { try $0.runSubscription(command) }.outcome
        runs.observe(Self.seconds(since: start))
        await post(id, builder) { message in
            if outcome.hasFailure {
                message.refuseSubscription.id = outcome.id
                message.refuseSubscription.enclave = .init(builder.enclave.bytes)
                message.refuseSubscription.code = outcome.failure.code
                message.refuseSubscription.signature = outcome.signature
                return []
            }
            message.commitSubscription.id = outcome.id
            message.commitSubscription.enclave = .init(builder.enclave.bytes)
            message.commitSubscription.commitment = outcome.commitment
            message.commitSubscription.size = UInt32(outcome.sealedResult.count)
            message.commitSubscription.runHeight = outcome.runHeight
            message.commitSubscription.grants = outcome.grants
            message.commitSubscription.signature = outcome.signature
            return [[UInt8](outcome.sealedResult)]
        } isFinal: {
            try self.isFinal(outcome)
        }
    }

    private func open(_ id: Hash32, _ siblings: Hash32?, _ builder: EvidenceBuilder) async throws {
        var command = WireOpenSubscriptionCommand()
        command.height = builder.height + 1
        if let siblings, let sidecar = try builder.view.sidecar(siblings) { command.sidecar = .init(sidecar) }
        command.subscription = try builder.proven(StateKey.subscription(id))
        command.punctures = try builder.proven(StateKey.punctureLog)
        let whole = command
        let outcome = try await perform { try $0.openSubscription(whole) }.outcome
        await post(id, builder) { message in
            message.openSubscription.id = outcome.id
            message.openSubscription.enclave = .init(builder.enclave.bytes)
            message.openSubscription.keyBox = outcome.keyBox
            message.openSubscription.signature = outcome.signature
            return []
        } isFinal: {
            !outcome.hasFailure
        }
    }

    // MARK: Both

    /// Gives the enclave a program's code, once a connection.
    func load(_ program: Hash32, _ builder: EvidenceBuilder) async throws {
        guard !state.withLock({ $0.loaded.contains(program) }),
            let bytes = try builder.value(StateKey.program(program)),
            let published = try? WireProgram(strictly: bytes, limit: Limits.stateValue), let commitment = Hash32(published.commitment),
            let sidecar = try view.sidecar(commitment), let code = Sidecar.content(sidecar)
        else { return }
        let copy = Array(code)
        _ = try await perform { try $0.loadProgram(copy) }
        state.withLock { _ = $0.loaded.insert(program) }
    }

    /// Posts what the enclave answered about a job, or lets the job be tried again later.
    func post(
        _ id: Hash32, _ builder: EvidenceBuilder, _ fill: (inout WireMessage) -> [[UInt8]], isFinal: () throws -> Bool
    ) async {
        do {
            guard try isFinal() else {
                retry([id], builder)
                return
            }
            var message = WireMessage()
            let sidecars = fill(&message)
            let (transaction, validUntil) = try await account.submit([message], sidecars: sidecars)
            state.withLock { $0.jobs.posted(id, transaction, validUntil: validUntil) }
            count(message)
        } catch {
            log.warning("An enclave's answer could not be posted.", metadata: ["job": "\(id)", "error": "\(Self.text(error))"])
            retry([id], builder)
        }
    }

    private func count(_ message: WireMessage) {
        switch message.kind {
        case .commitAssessment, .commitSubscription, .confirmAssessment: outcomes.committed.add()
        case .openAssessment, .openSubscription: outcomes.opened.add()
        default: outcomes.refused.add()
        }
    }

    private static func seconds(since start: ContinuousClock.Instant) -> Double {
        let duration = ContinuousClock.now - start
        return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
