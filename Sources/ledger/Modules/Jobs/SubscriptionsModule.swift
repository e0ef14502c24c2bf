import Attestation
import ChainTypes
import ConsentRules
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Subscriptions, programs over many subjects' data: requested, committed with the grants that contributed, then opened.
package enum SubscriptionsModule {
    /// The most subjects of one run.
    package static let largestCohort: UInt32 = 4_096

    package static func request(_ message: WireRequestSubscription, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard let code = Hash32(message.program), ConsentPolicy.isCanonical(message.fields, limit: 128),
            (try? SealingPublicKey(message.recipientKey)) != nil, message.minimumCohort >= 1,
            message.minimumCohort <= message.maximumCohort, message.maximumCohort <= largestCohort,
            message.parameters.count <= 64, message.parameters.allSatisfy({ $0.value != nil && $0.name.utf8.count <= Limits.identifier })
        else { throw Refusal.subscriptionsMalformed }
        let dataset = try RegistryModule.dataset(message.dataset, &state)
        // Runs at different times see different cohorts, so two enclaves do not confirm one another.
        guard try EnclaveRequirements(dataset: dataset.demand).confirmations == 1 else { throw Refusal.subscriptionsUnconfirmed }
        guard message.minimumCohort >= dataset.minimumCohort else { throw Refusal.subscriptionsCohortTooSmall }
        _ = try ProgramsModule.program(code, kind: .subscription, &state)
        let time = context.block.time
        guard message.deadline > time, message.deadline - time <= Deadlines.longest else { throw Refusal.subscriptionsBadDeadline }
        try AssetsModule.escrow(try total(message, cohort: message.maximumCohort), from: context.sender, &state)
        var subscription = WireSubscription()
        subscription.id = .init(context.identifier.bytes)
        subscription.requester = .init(context.sender.bytes)
        subscription.request = message
        subscription.transactionID = .init(context.transaction.id.bytes)
        subscription.messageIndex = UInt32(context.index)
        subscription.status = .pending
        subscription.height = context.block.height
        state.set(StateKey.subscription(context.identifier), subscription)
        try Deadlines.schedule(context.identifier, kind: .subscription, deadline: message.deadline, &state)
        state.emit("subscriptions.requested", id: context.identifier.bytes, account: context.sender)
    }

    /// Accepts a run if every grant that contributed still stands, charges each, and pins the cohort.
    package static func commit(_ message: WireCommitSubscription, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (id, subscription) = try load(message.id, &state)
        guard subscription.status == .pending else { throw Refusal.subscriptionsNotPending }
        guard context.block.time < subscription.request.deadline else { throw Refusal.subscriptionsTooLate }
        let window = context.parameters.subscriptionWindow
        guard message.runHeight >= subscription.height, message.runHeight < context.block.height,
            context.block.height - message.runHeight <= window
        else { throw Refusal.subscriptionsStaleRun }
        let grants = message.grants.compactMap { Hash32($0) }
        guard grants.count == message.grants.count, zip(grants, grants.dropFirst()).allSatisfy({ $0 < $1 }),
            let commitment = Hash32(message.commitment), message.size <= context.parameters.maximumSidecarBytes
        else { throw Refusal.subscriptionsMalformed }
        guard grants.count >= Int(subscription.request.minimumCohort) else { throw Refusal.subscriptionsCohortTooSmall }
        guard grants.count <= Int(subscription.request.maximumCohort) else { throw Refusal.subscriptionsMalformed }
        let (_, enclave) = try KeysModule.active(message.enclave, context, &state)
        let dataset = try RegistryModule.dataset(subscription.request.dataset, &state)
        try EnclaveRequirements(dataset: dataset.demand).check(enclave)
        let list = EnclaveStatement.grants(grants)
        let statement = EnclaveStatement.commitment(
            chainID: context.genesis.chainID, job: id, commitment: commitment, runHeight: message.runHeight, grants: list)
        try KeysModule.verify(message.signature, of: statement, .jobCommitment, enclave)
        try charge(grants, subscription, context, &state)
        subscription.status = .committed
        subscription.enclave = message.enclave
        subscription.commitment = message.commitment
        subscription.runHeight = message.runHeight
        subscription.cohort = UInt32(grants.count)
        subscription.committedHeight = context.block.height
        subscription.grantsHash = .init(list.bytes)
        state.set(StateKey.subscription(id), subscription)
        try SidecarReferences.add(commitment, &state)
        state.set(contributors(id), bytes: grants.flatMap(\.bytes))
        state.emit("subscriptions.committed", id: id.bytes, account: Address(subscription.requester), label: enclave.label)
    }

    /// Opens the result: pays each contributing subject and gives the rest of the escrow back.
    package static func open(_ message: WireOpenSubscription, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (id, subscription) = try load(message.id, &state)
        guard subscription.status == .committed else { throw Refusal.subscriptionsNotCommitted }
        guard context.block.time < subscription.request.deadline else { throw Refusal.subscriptionsTooLate }
        let (_, enclave) = try KeysModule.active(message.enclave, context, &state)
        guard try KeysModule.holdsSameVault(subscription.enclave, as: enclave, &state) else {
            throw Refusal.subscriptionsNotCommitted
        }
        let statement = EnclaveStatement.opening(chainID: context.genesis.chainID, job: id, keyBox: message.keyBox)
        try KeysModule.verify(message.signature, of: statement, .jobOpening, enclave)
        try pay(id, subscription, &state)
        subscription.status = .opened
        subscription.keyBox = message.keyBox
        subscription.openedHeight = context.block.height
        state.set(StateKey.subscription(id), subscription)
        state.emit("subscriptions.opened", id: id.bytes, account: Address(subscription.requester), label: enclave.label)
    }

    package static func refuse(_ message: WireRefuseSubscription, _ context: MessageContext, _ state: inout ModuleState) throws {
        var (id, subscription) = try load(message.id, &state)
        guard subscription.status == .pending else { throw Refusal.subscriptionsNotPending }
        let (_, enclave) = try KeysModule.active(message.enclave, context, &state)
        let statement = EnclaveStatement.refusal(chainID: context.genesis.chainID, job: id, code: message.code)
        try KeysModule.verify(message.signature, of: statement, .jobRefusal, enclave)
        subscription.status = .refused
        subscription.enclave = message.enclave
        subscription.refusalCode = message.code
        state.set(StateKey.subscription(id), subscription)
        try repay(subscription, &state)
        state.emit("subscriptions.refused", id: id.bytes, account: Address(subscription.requester))
    }

    /// Gives the escrow back when the deadline has passed without an opening.
    static func refund(_ id: Hash32, _ state: inout ModuleState) throws {
        guard var subscription: WireSubscription = try state.message(StateKey.subscription(id)),
            subscription.status == .pending || subscription.status == .committed
        else { return }
        subscription.status = .refunded
        state.set(StateKey.subscription(id), subscription)
        try repay(subscription, &state)
        state.emit("subscriptions.refunded", id: id.bytes, account: Address(subscription.requester))
    }

    private static func charge(
        _ grants: [Hash32], _ subscription: WireSubscription, _ context: MessageContext, _ state: inout ModuleState
    ) throws {
        guard let requester = Address(subscription.requester), let code = Hash32(subscription.request.program) else {
            throw Refusal.subscriptionsMalformed
        }
        let program = try ProgramsModule.program(code, kind: .subscription, &state)
        let use = use(subscription.request, requester: requester, program: code, program.manifest, context.genesis.chainID)
        for grant in grants {
            guard let owner = try state.value(StateKey.grantSubject(grant)), let subject = Address(owner) else {
                throw Refusal.subscriptionsGrantEnded
            }
            guard try !HoldingsState.isErased(subject, in: use.dataset, &state) else { throw Refusal.subscriptionsGrantEnded }
            do { _ = try ConsentModule.charge(grant, of: subject, use: use, context.block, &state) } catch is Refusal {
                throw Refusal.subscriptionsGrantEnded
            }
        }
    }

    private static func pay(_ id: Hash32, _ subscription: WireSubscription, _ state: inout ModuleState) throws {
        let grants = try state.value(contributors(id)) ?? []
        for start in stride(from: 0, to: grants.count, by: 32) {
            guard let grant = Hash32(grants[start..<start + 32]), let owner = try state.value(StateKey.grantSubject(grant)),
                let subject = Address(owner)
            else { throw Refusal.subscriptionsMalformed }
            try AssetsModule.release(subscription.request.price, to: subject, &state)
        }
        guard let requester = Address(subscription.requester) else { throw Refusal.subscriptionsMalformed }
        let unused = subscription.request.maximumCohort - subscription.cohort
        try AssetsModule.release(try total(subscription.request, cohort: unused), to: requester, &state)
    }

    private static func repay(_ subscription: WireSubscription, _ state: inout ModuleState) throws {
        guard let requester = Address(subscription.requester) else { return }
        try AssetsModule.release(
            try total(subscription.request, cohort: subscription.request.maximumCohort), to: requester, &state)
    }

    private static func total(_ request: WireRequestSubscription, cohort: UInt32) throws -> UInt64 {
        let (total, overflow) = request.price.multipliedReportingOverflow(by: UInt64(cohort))
        guard !overflow else { throw Refusal.subscriptionsMalformed }
        return total
    }

    /// The use of data that `request` asks of each subject.
    package static func use(
        _ request: WireRequestSubscription, requester: Address, program: Hash32, _ manifest: WireProgramManifest, _ chainID: String
    ) -> ConsentUse {
        ConsentUse(
            recipient: requester, dataset: request.dataset, fields: request.fields, purpose: request.purpose, program: program,
            locality: chainID, price: request.price, outputBytes: UInt64(manifest.maximumOutput))
    }

    /// The grants of a committed run, 32 bytes each.
    private static func contributors(_ id: Hash32) -> [UInt8] { StateKey.family("contributors") + id.bytes }

    private static func load(_ id: some Sequence<UInt8>, _ state: inout ModuleState) throws -> (Hash32, WireSubscription) {
        guard let id = Hash32(id), let subscription: WireSubscription = try state.message(StateKey.subscription(id)) else {
            throw Refusal.subscriptionsUnknown
        }
        return (id, subscription)
    }
}

extension Refusal {
    package static let subscriptionsMalformed = Refusal(550, "subscriptions.malformed", "the request or run is not well formed")
    package static let subscriptionsBadDeadline = Refusal(551, "subscriptions.badDeadline", "the deadline is past or over a day away")
    package static let subscriptionsUnknown = Refusal(552, "subscriptions.unknown", "there is no such subscription")
    package static let subscriptionsNotPending = Refusal(553, "subscriptions.notPending", "the subscription is not waiting for a run")
    package static let subscriptionsTooLate = Refusal(554, "subscriptions.tooLate", "the deadline has passed")
    package static let subscriptionsNotCommitted = Refusal(
        555, "subscriptions.notCommitted", "the subscription has no committed run by this vault")
    package static let subscriptionsStaleRun = Refusal(556, "subscriptions.staleRun", "the run was made too many blocks ago; run again")
    package static let subscriptionsGrantEnded = Refusal(
        557, "subscriptions.grantEnded", "a contributing grant no longer stands; run again")
    package static let subscriptionsCohortTooSmall = Refusal(558, "subscriptions.cohortTooSmall", "fewer subjects than the minimum cohort")

    package static let subscriptionsUnconfirmed = Refusal(
        559, "subscriptions.unconfirmed", "the dataset demands results that several enclaves confirm, which those of subscriptions are not")

    package static let allSubscriptions: [Refusal] = [
        subscriptionsMalformed, subscriptionsBadDeadline, subscriptionsUnknown, subscriptionsNotPending, subscriptionsTooLate,
        subscriptionsNotCommitted, subscriptionsStaleRun, subscriptionsGrantEnded, subscriptionsCohortTooSmall,
        subscriptionsUnconfirmed,
    ]
}
