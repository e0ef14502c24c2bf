import AdversarySupport
import ChainTypes
import Cryptography
import DataModel
import EnclaveProtocol
import Foundation
import Primitives
import SwiftProtobuf
import WireTypes

/// Running and opening subscriptions.
extension HostileMatrix {
    static let runSubscription = HostileCommand(
        rightful: { hostile in .runSubscription(try hostile.cohort().command) },
        isRepeatable: false,
        attacks: [
            .replay: [
                // One subject twice is one subject.
                .refused("enclave.cohortTooSmall") { hostile in
                    var command = try hostile.cohort().command
                    command.contributions[1] = command.contributions[0]
                    return try hostile.names(.runSubscription(command))
                },
                // Once it is opened it is not run again, whatever the state says.
                .refused("enclave.alreadyRun") { hostile in
                    let job = try hostile.cohort()
                    let opening = try hostile.committed(job) { _ in }
                    _ = try hostile.names(.openSubscription(opening))
                    try hostile.write(job) { $0.status = .pending }
                    return try hostile.names(.runSubscription(job.command(hostile)))
                },
            ],
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    let command = try hostile.cohort().command
                    try hostile.restart()
                    return try hostile.names(.runSubscription(command))
                },
                .refused("enclave.notPending") { hostile in
                    let job = try hostile.cohort()
                    try hostile.write(job) { $0.status = .refunded }
                    return try hostile.names(.runSubscription(job.command(hostile)))
                },
            ],
            .withhold: [
                .refused("enclave.cohortTooSmall") { hostile in try hostile.run { $0.contributions.removeLast() } },
                .refused("enclave.cohortTooSmall") { hostile in try hostile.run { $0.contributions[0].records = [] } },
                .refused("enclave.badProof") { hostile in try hostile.run { $0.contributions[0].consent.value = Data() } },
            ],
            .truncate: [
                .refused("enclave.badProof") { hostile in try hostile.run { $0.contributions[0].consent.proof.removeLast() } },
                .refused("enclave.badRequestSignature") { hostile in try hostile.run { $0.requestTransaction.removeLast() } },
                .refused("enclave.cohortTooSmall") { hostile in try hostile.run { $0.contributions[0].grantTransaction.removeLast() } },
            ],
            .forge: [
                .refused("enclave.badProof") { hostile in try hostile.run { $0.subscription.proof[40] ^= 1 } },
                .refused("enclave.cohortTooSmall") { hostile in try hostile.run { $0.contributions[0].records[0].sidecar[40] ^= 1 } },
                // A smaller cohort than the requester signed.
                .refused("enclave.badRequestSignature") { hostile in
                    let job = try hostile.cohort()
                    try hostile.write(job) { $0.request.minimumCohort = 1 }
                    return try hostile.names(.runSubscription(job.command(hostile)))
                },
                .refused("enclave.badRequestSignature") { hostile in
                    let job = try hostile.cohort()
                    let thief = try SealingPrivateKey(suite: .x25519)
                    try hostile.write(job) { $0.request.recipientKey = thief.publicKey.wire }
                    return try hostile.names(.runSubscription(job.command(hostile)))
                },
            ],
            .staleFork: [
                .refused("enclave.staleState") { hostile in try hostile.run { $0.shared.height -= 1 } },
                .refused("enclave.badProof") { hostile in
                    let fork = try hostile.shadow()
                    return try hostile.run { $0.shared.dataset = try fork.node.prove(StateKey.dataset(EnclaveScene.dataset)) }
                },
            ],
            .otherChain: [
                .refused("enclave.badProof") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    return try hostile.run { $0.shared.dataset = try other.node.prove(StateKey.dataset(EnclaveScene.dataset)) }
                },
                // A grant that a subject signed for another chain does not count here.
                .refused("enclave.cohortTooSmall") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    let abroad = try other.grant(hostile.subject, fields: ["age"])
                    return try hostile.run { $0.contributions[0].grantTransaction = .init(abroad.transaction.bytes) }
                },
            ],
            .lieAboutTime: [
                .refused("enclave.deadlinePassed") { hostile in
                    let job = try hostile.cohort()
                    try hostile.scene.block(milliseconds: 900_000)
                    return try hostile.names(.runSubscription(job.command(hostile)))
                },
                .refused("enclave.cohortTooSmall") { hostile in
                    let job = try hostile.cohort { $0.validUntil = hostile.node.time + 60_000 }
                    try hostile.scene.block(milliseconds: 60_000)
                    return try hostile.names(.runSubscription(job.command(hostile)))
                },
            ],
        ])

    static let openSubscription = HostileCommand(
        rightful: { hostile in .openSubscription(try hostile.committed(hostile.cohort()) { _ in }) },
        isRepeatable: false,
        attacks: [
            .replay: [
                // Of two runs only one is ever opened.
                .refused(["", "enclave.notCommitted"]) { hostile in
                    let job = try hostile.cohort()
                    let first = try hostile.runOnce(job)
                    let second = try hostile.runOnce(job)
                    return try [first, second].flatMap { run in
                        try hostile.names(.openSubscription(hostile.commit(job, run) { _ in }))
                    }
                },
                // Nor of two that another enclave of the vault has made: whoever opens one keeps that in mind.
                .refused(["", "enclave.notCommitted"]) { hostile in
                    let job = try hostile.cohort()
                    let pair = try HostilePair(hostile)
                    try pair.replicate(pair.challenge())
                    var load = WireLoadProgramCommand()
                    load.code = .init(SpyProgram.code)
                    _ = try pair.other.driver.perform(.loadProgram(load))
                    let command = try job.command(hostile)
                    let runs = try (0..<2).map { _ in
                        guard case .runSubscription(let answer) = try pair.other.driver.perform(.runSubscription(command)),
                            !answer.outcome.hasFailure
                        else { throw EnclaveError.unexpectedAnswer }
                        return answer.outcome
                    }
                    let id = pair.other.enclaveID
                    return try runs.flatMap { run in
                        var opening = try hostile.commit(job, run) { $0.enclave = .init(id.bytes) }
                        opening.sidecar = run.sealedResult
                        return try hostile.names(.openSubscription(opening))
                    }
                },
            ],
            .reorder: [
                .refused("enclave.notCommitted") { hostile in
                    try hostile.names(.openSubscription(hostile.committed(hostile.cohort()) { $0.status = .pending }))
                },
                .refused("enclave.notServing") { hostile in
                    let command = try hostile.committed(hostile.cohort()) { _ in }
                    try hostile.restart()
                    return try hostile.names(.openSubscription(command))
                },
            ],
            .withhold: [
                .refused("enclave.badProof") { hostile in
                    var command = try hostile.committed(hostile.cohort()) { _ in }
                    command.subscription.value = Data()
                    return try hostile.names(.openSubscription(command))
                }
            ],
            .truncate: [
                .refused("enclave.badProof") { hostile in
                    var command = try hostile.committed(hostile.cohort()) { _ in }
                    command.subscription.proof.removeLast()
                    return try hostile.names(.openSubscription(command))
                }
            ],
            .forge: [
                .refused("enclave.badRecipientKey") { hostile in
                    let thief = try SealingPrivateKey(suite: .x25519)
                    return try hostile.names(
                        .openSubscription(hostile.committed(hostile.cohort()) { $0.request.recipientKey = thief.publicKey.wire }))
                },
                .refused("enclave.notCommitted") { hostile in
                    try hostile.names(
                        .openSubscription(hostile.committed(hostile.cohort()) { $0.commitment = Data(repeating: 1, count: 32) }))
                },
                .refused("") { hostile in
                    try hostile.names(
                        .openSubscription(hostile.committed(hostile.cohort()) { $0.enclave = Data(repeating: 1, count: 32) }))
                },
            ],
            .staleFork: [
                .refused("enclave.staleState") { hostile in
                    var command = try hostile.committed(hostile.cohort()) { _ in }
                    command.height -= 1
                    return try hostile.names(.openSubscription(command))
                }
            ],
            .otherChain: [
                .refused("enclave.badProof") { hostile in
                    var command = try hostile.committed(hostile.cohort()) { _ in }
                    let value = try WireSubscription(serializedBytes: command.subscription.value)
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    other.node.write(value, at: StateKey.subscription(Hash32(value.id) ?? .zero))
                    try other.node.block()
                    command.subscription = try other.node.prove(StateKey.subscription(Hash32(value.id) ?? .zero))
                    return try hostile.names(.openSubscription(command))
                }
            ],
            .lieAboutTime: [
                .refused("enclave.notCommitted") { hostile in
                    try hostile.names(.openSubscription(hostile.committed(hostile.cohort()) { $0.status = .refunded }))
                }
            ],
        ])
}

/// A subscription over two subjects with their grants.
struct CohortJob {
    let id: Hash32
    let transaction: SignedTransaction
    let grants: [SceneGrant]
    var command: WireRunSubscriptionCommand

    /// The command under the newest header.
    func command(_ hostile: HostileScene) throws -> WireRunSubscriptionCommand {
        var command = WireRunSubscriptionCommand()
        command.shared = try hostile.scene.sharedEvidence()
        command.requestTransaction = .init(transaction.bytes)
        command.subscription = try hostile.node.prove(StateKey.subscription(id))
        command.contributions = try grants.map { try hostile.scene.contribution($0) }
        return command
    }
}

extension HostileScene {
    /// A second subject joins, and a requester asks for both; the program is published as one for subscriptions.
    fileprivate func cohort(_ adjust: (inout WireConsentScope) -> Void = { _ in }) throws -> CohortJob {
        let second = try scene.makeSubject()
        try scene.enrol([second])
        try scene.put(Self.record, of: second)
        try scene.publishProgram(SpyProgram.code, output: SpyProgram.outputSchema, kind: .subscription)
        let grants = try [subject, second].map { try scene.grant($0, fields: ["age"], adjust) }
        let (id, transaction) = try scene.requestSubscription(["age"], minimumCohort: 2, parameters: [])
        try scene.block()
        var job = CohortJob(id: id, transaction: transaction, grants: grants, command: WireRunSubscriptionCommand())
        job.command = try job.command(self)
        return job
    }

    fileprivate func run(_ change: (inout WireRunSubscriptionCommand) throws -> Void) throws -> [String] {
        var command = try cohort().command
        try change(&command)
        return try names(.runSubscription(command))
    }

    fileprivate func write(_ job: CohortJob, _ adjust: (inout WireSubscription) -> Void) throws {
        var value = try node.value(StateKey.subscription(job.id), as: WireSubscription.self) ?? WireSubscription()
        adjust(&value)
        node.write(value, at: StateKey.subscription(job.id))
        try scene.block()
    }

    fileprivate func runOnce(_ job: CohortJob) throws -> WireRunOutcome {
        guard case .runSubscription(let answer) = try answer(.runSubscription(job.command(self))), !answer.outcome.hasFailure else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer.outcome
    }

    /// Writes that the chain accepted `run`, as changed by `adjust`; the command that opens it.
    fileprivate func commit(
        _ job: CohortJob, _ run: WireRunOutcome, _ adjust: (inout WireSubscription) -> Void
    ) throws -> WireOpenSubscriptionCommand {
        try write(job) { value in
            value.status = .committed
            value.enclave = .init(self.scene.enclaveID.bytes)
            value.commitment = run.commitment
            adjust(&value)
        }
        var command = WireOpenSubscriptionCommand()
        command.height = node.height
        command.subscription = try node.prove(StateKey.subscription(job.id))
        command.punctures = try node.prove(StateKey.punctureLog)
        return command
    }

    fileprivate func committed(
        _ job: CohortJob, _ adjust: (inout WireSubscription) -> Void
    ) throws -> WireOpenSubscriptionCommand {
        try commit(job, runOnce(job), adjust)
    }
}
