import AdversarySupport
import ChainTypes
import Cryptography
import DataModel
import EnclaveProtocol
import Foundation
import Primitives
import SwiftProtobuf
import WireTypes

/// Running and opening assessments.
extension HostileMatrix {
    static let runAssessments = HostileCommand(
        rightful: { hostile in
            let grant = try hostile.grant()
            return .runAssessments(try hostile.runCommand(hostile.request(grant), grant))
        },
        attacks: [
            .replay: [
                // The same job twice in one command is answered once.
                .refused(["", "enclave.malformedCommand"]) { hostile in
                    let grant = try hostile.grant()
                    var command = try hostile.runCommand(hostile.request(grant), grant)
                    command.assessments += command.assessments
                    return try hostile.names(.runAssessments(command))
                },
                // A grant for one use, and a chain whose count goes back.
                .refused(["", "consent.exhausted"]) { hostile in
                    let grant = try hostile.grant { $0.maximumUses = 1 }
                    return try (0..<2).flatMap { _ in
                        try hostile.names(.runAssessments(hostile.runCommand(hostile.request(grant, use: 1), grant)))
                    }
                },
                // A request that was refunded is shown as it once was.
                .refused("enclave.staleState") { hostile in
                    let grant = try hostile.grant()
                    let request = try hostile.request(grant)
                    let before = try hostile.runCommand(request, grant)
                    hostile.scene.write(request) { $0.status = .refunded }
                    try hostile.scene.block()
                    return try hostile.names(.runAssessments(before))
                },
            ],
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    let grant = try hostile.grant()
                    let command = try hostile.runCommand(hostile.request(grant), grant)
                    try hostile.restart()
                    return try hostile.names(.runAssessments(command))
                },
                // The block of the request is not shown yet.
                .refused("enclave.staleState") { hostile in
                    let grant = try hostile.grant()
                    let request = try hostile.scene.request(grant, fields: ["age"])
                    try hostile.node.block()
                    return try hostile.names(.runAssessments(hostile.runCommand(request, grant)))
                },
                .refused("enclave.notPending") { hostile in
                    let grant = try hostile.grant()
                    let request = try hostile.request(grant)
                    hostile.scene.write(request) { $0.status = .opened }
                    try hostile.scene.block()
                    return try hostile.names(.runAssessments(hostile.runCommand(request, grant)))
                },
            ],
            .withhold: [
                .refused("enclave.badProof") { hostile in try hostile.run { $0.assessments[0].consent = WireProvenValue() } },
                .refused("enclave.badProof") { hostile in try hostile.run { $0.assessments[0].consent.value = Data() } },
                .refused("enclave.wrongRecords") { hostile in try hostile.run { $0.assessments[0].records = [] } },
                .refused("enclave.badGrantSignature") { hostile in try hostile.run { $0.assessments[0].grantTransaction = Data() } },
                .refused("enclave.badRequestSignature") { hostile in try hostile.run { $0.assessments[0].requestTransaction = Data() } },
                // A withdrawal that is final under the newest header cannot be hidden behind the state before it.
                .refused("enclave.staleState") { hostile in
                    let grant = try hostile.grant()
                    let command = try hostile.runCommand(hostile.request(grant), grant)
                    hostile.scene.write(grant) { $0.status = .withdrawn }
                    try hostile.scene.block()
                    return try hostile.names(.runAssessments(command))
                },
            ],
            .truncate: [
                .refused("enclave.badGrantSignature") { hostile in try hostile.run { $0.assessments[0].grantTransaction.removeLast() } },
                .refused("enclave.badRequestSignature") { hostile in try hostile.run { $0.assessments[0].requestTransaction.removeLast() }
                },
                .refused("enclave.tamperedCiphertext") { hostile in try hostile.run { $0.assessments[0].records[0].sidecar.removeLast() } },
                .refused("enclave.badProof") { hostile in try hostile.run { $0.assessments[0].subjectKey.proof.removeLast() } },
                .refused("enclave.badProof") { hostile in try hostile.run { $0.shared.dataset.value.removeLast() } },
            ],
            .forge: forgedRuns,
            .staleFork: [
                .refused("enclave.badProof") { hostile in
                    let fork = try hostile.shadow()
                    let grant = try fork.grant(hostile.subject, fields: ["age"])
                    let request = try fork.request(grant, fields: ["age"])
                    try fork.node.block()
                    var command = WireRunAssessmentsCommand()
                    command.shared = try fork.sharedEvidence()
                    command.shared.height = hostile.node.height
                    command.assessments = [try fork.evidence(request, grant)]
                    return try hostile.names(.runAssessments(command))
                },
                .refused("enclave.staleState") { hostile in try hostile.run { $0.shared.height -= 1 } },
                .refused("enclave.staleState") { hostile in try hostile.run { $0.shared.height += 1 } },
            ],
            .otherChain: [
                .refused("enclave.badProof") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    return try hostile.run { $0.assessments[0].consent = try other.node.prove(StateKey.dataset(EnclaveScene.dataset)) }
                },
                .refused("enclave.wrongChain") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    let abroad = try other.grant(hostile.subject, fields: ["age"])
                    return try hostile.run { $0.assessments[0].grantTransaction = .init(abroad.transaction.bytes) }
                },
                .refused("enclave.wrongChain") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    let abroad = try other.request(try other.grant(hostile.subject, fields: ["age"]), fields: ["age"])
                    return try hostile.run { $0.assessments[0].requestTransaction = .init(abroad.transaction.bytes) }
                },
            ],
            .lieAboutTime: [
                .refused("consent.expired") { hostile in
                    try hostile.run(under: { $0.validUntil = hostile.node.time + 60_000 }) { _ in
                    } later: {
                        60_000
                    }
                },
                .refused("consent.notYetValid") { hostile in
                    try hostile.run(under: { $0.validFrom = hostile.node.time + 60_000 }) { _ in }
                },
                // Hours of the chain's clock pass in one block: what was pending is late.
                .refused("enclave.deadlinePassed") { hostile in
                    try hostile.run { _ in
                    } later: {
                        900_000
                    }
                },
            ],
        ])

    private static let forgedRuns: [HostileCell] = [
        .refused("enclave.badProof") { hostile in try hostile.run { $0.assessments[0].assessment.proof[40] ^= 1 } },
        .refused("enclave.badProof") { hostile in try hostile.run { $0.shared.program.proof[40] ^= 1 } },
        .refused("enclave.tamperedCiphertext") { hostile in try hostile.run { $0.assessments[0].records[0].sidecar[40] ^= 1 } },
        .refused("enclave.wrongRecords") { hostile in try hostile.run { $0.assessments[0].records += $0.assessments[0].records } },
        // A grant in the subject's name, a wider scope than it signed, a request in the requester's name: all in certified state.
        .refused("enclave.badGrantSignature") { hostile in
            let grant = try hostile.scene.grant(hostile.subject, fields: ["age"], signedBy: hostile.scene.requester)
            return try hostile.names(.runAssessments(hostile.runCommand(hostile.request(grant), grant)))
        },
        .refused("enclave.badGrantSignature") { hostile in
            var grant = try hostile.grant()
            grant.scope.fields = ["age", "amount", "secret"]
            return try hostile.names(.runAssessments(hostile.runCommand(hostile.request(grant, fields: ["secret"]), grant)))
        },
        .refused("enclave.badRequestSignature") { hostile in
            let grant = try hostile.grant()
            let request = try hostile.request(grant, signedBy: hostile.subject.wallet)
            return try hostile.names(.runAssessments(hostile.runCommand(request, grant)))
        },
        // The quorum writes its own key in the requester's place.
        .refused("enclave.badRequestSignature") { hostile in
            let grant = try hostile.grant()
            let request = try hostile.request(grant)
            let thief = try SealingPrivateKey(suite: .x25519)
            hostile.scene.write(request) { $0.request.recipientKey = thief.publicKey.wire }
            try hostile.scene.block()
            return try hostile.names(.runAssessments(hostile.runCommand(request, grant)))
        },
        .refused("consent.fieldOutsideScope") { hostile in
            let grant = try hostile.grant()
            return try hostile.names(.runAssessments(hostile.runCommand(hostile.request(grant, fields: ["age", "secret"]), grant)))
        },
        // A secret under a granted name: another schema of the same version.
        .refused("enclave.tamperedCiphertext") { hostile in
            let grant = try hostile.grant()
            let request = try hostile.request(grant)
            let fields = [Field("age", .integer), Field("secret", .number), Field("amount", .text)]
            hostile.scene.publishDataset(falsified: try Schema(version: 1, fields: fields))
            try hostile.scene.block()
            defer { hostile.scene.publishDataset() }
            return try hostile.names(.runAssessments(hostile.runCommand(request, grant)))
        },
        .refused("enclave.unknownSubjectKey") { hostile in
            let stranger = try hostile.scene.makeSubject()
            try hostile.scene.put(HostileScene.record, of: stranger)
            let grant = try hostile.scene.grant(stranger, fields: ["age"])
            return try hostile.names(.runAssessments(hostile.runCommand(hostile.request(grant), grant)))
        },
    ]

    static let openAssessments = HostileCommand(
        rightful: { hostile in .openAssessments(try hostile.committed { _ in }) },
        isRepeatable: false,
        attacks: [
            .replay: [
                // Twice the same key to the same requester: nobody else can use either.
                .refused(["", ""]) { hostile in
                    let command = try hostile.committed { _ in }
                    return try (0..<2).flatMap { _ in try hostile.names(.openAssessments(command)) }
                },
                .refused("enclave.staleState") { hostile in
                    let command = try hostile.committed { _ in }
                    try hostile.scene.block()
                    return try hostile.names(.openAssessments(command))
                },
            ],
            .reorder: [
                // Before the chain accepted the commitment.
                .refused("enclave.notCommitted") { hostile in
                    try hostile.names(.openAssessments(hostile.committed { $0.status = .pending }))
                },
                .refused("enclave.notServing") { hostile in
                    let command = try hostile.committed { _ in }
                    try hostile.restart()
                    return try hostile.names(.openAssessments(command))
                },
            ],
            .withhold: [
                .refused("enclave.badProof") { hostile in
                    var command = try hostile.committed { _ in }
                    command.assessments[0].value = Data()
                    return try hostile.names(.openAssessments(command))
                }
            ],
            .truncate: [
                .refused("enclave.badProof") { hostile in
                    var command = try hostile.committed { _ in }
                    command.assessments[0].proof.removeLast()
                    return try hostile.names(.openAssessments(command))
                }
            ],
            .forge: [
                .refused("enclave.badProof") { hostile in
                    var command = try hostile.committed { $0.status = .pending }
                    var assessment = try WireAssessment(serializedBytes: command.assessments[0].value)
                    assessment.status = .committed
                    command.assessments[0].value = .init(assessment.encoded())
                    return try hostile.names(.openAssessments(command))
                },
                // A quorum that certifies another commitment, another enclave, its own recipient key, a job that never ran.
                .refused("enclave.notCommitted") { hostile in
                    try hostile.names(.openAssessments(hostile.committed { $0.commitment = Data(repeating: 1, count: 32) }))
                },
                // Under another's name it is still this enclave's own run, for the requester who signed.
                .refused("") { hostile in
                    try hostile.names(.openAssessments(hostile.committed { $0.enclave = Data(repeating: 1, count: 32) }))
                },
                .refused("enclave.badRecipientKey") { hostile in
                    let thief = try SealingPrivateKey(suite: .x25519)
                    return try hostile.names(.openAssessments(hostile.committed { $0.request.recipientKey = thief.publicKey.wire }))
                },
                .refused("enclave.notCommitted") { hostile in
                    try hostile.names(.openAssessments(hostile.neverRun()))
                },
            ],
            .staleFork: [
                .refused("enclave.badProof") { hostile in
                    let command = try hostile.committed { $0.status = .pending }
                    let fork = try hostile.shadow()
                    var value = try WireAssessment(serializedBytes: command.assessments[0].value)
                    value.status = .committed
                    fork.node.write(value, at: StateKey.assessment(Hash32(value.id) ?? .zero))
                    try fork.node.block()
                    var forked = WireOpenAssessmentsCommand()
                    forked.height = hostile.node.height
                    forked.punctures = command.punctures
                    forked.assessments = [try fork.node.prove(StateKey.assessment(Hash32(value.id) ?? .zero))]
                    return try hostile.names(.openAssessments(forked))
                },
                .refused("enclave.staleState") { hostile in
                    var command = try hostile.committed { _ in }
                    command.height -= 1
                    return try hostile.names(.openAssessments(command))
                },
            ],
            .otherChain: [
                .refused("enclave.badProof") { hostile in
                    var command = try hostile.committed { _ in }
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    let value = try WireAssessment(serializedBytes: command.assessments[0].value)
                    other.node.write(value, at: StateKey.assessment(Hash32(value.id) ?? .zero))
                    try other.node.block()
                    command.assessments = [try other.node.prove(StateKey.assessment(Hash32(value.id) ?? .zero))]
                    return try hostile.names(.openAssessments(command))
                }
            ],
            .lieAboutTime: [
                // After the deadline the chain has paid the requester back: the result stays closed.
                .refused("enclave.notCommitted") { hostile in
                    try hostile.names(.openAssessments(hostile.committed { $0.status = .refunded }))
                }
            ],
        ])
}

extension HostileScene {
    /// What a rightful run gives under a grant with `scope`, `later` milliseconds on, after `change` of its command.
    fileprivate func run(
        under scope: (inout WireConsentScope) -> Void = { _ in }, _ change: (inout WireRunAssessmentsCommand) throws -> Void,
        later: () -> UInt64 = { 0 }
    ) throws -> [String] {
        let grant = try grant(scope)
        let request = try request(grant)
        if later() > 0 { try scene.block(milliseconds: later()) }
        var command = try runCommand(request, grant)
        try change(&command)
        return try names(.runAssessments(command))
    }

    /// Runs an assessment and writes that the chain accepted it, as changed by `adjust`; the command that opens it.
    fileprivate func committed(_ adjust: (inout WireAssessment) -> Void) throws -> WireOpenAssessmentsCommand {
        let grant = try grant()
        let request = try request(grant)
        let run = try scene.run([scene.evidence(request, grant)])[0]
        guard !run.hasFailure else { throw Refusal(run.failure) }
        try commit(request, run, adjust)
        return try openCommand(request)
    }

    /// The command that opens a job that was committed to, but never run.
    fileprivate func neverRun() throws -> WireOpenAssessmentsCommand {
        let request = try request(try grant())
        var invented = WireRunOutcome()
        invented.commitment = Data(repeating: 5, count: 32)
        try commit(request, invented)
        return try openCommand(request)
    }
}
