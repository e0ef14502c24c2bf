import AdversarySupport
import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveProtocol
import Foundation
import Primitives
import SwiftProtobuf
import WireTypes

/// Confirming what another enclave has committed to.
extension HostileMatrix {
    static let confirmAssessments = HostileCommand(
        rightful: { hostile in .confirmAssessments(try hostile.toConfirm().command) },
        attacks: [
            .replay: [
                // What was shown before the job was paid back.
                .refused("enclave.staleState") { hostile in
                    let job = try hostile.toConfirm()
                    try hostile.rewrite(job) { $0.status = .refunded }
                    return try hostile.names(.confirmAssessments(job.command))
                },
                // A chain whose count goes back does not make a grant for one use good for two jobs.
                .refused(["", "consent.exhausted"]) { hostile in
                    let grant = try hostile.grant { $0.maximumUses = 1 }
                    return try (0..<2).flatMap { _ in try hostile.names(.confirmAssessments(hostile.toConfirm(grant).command)) }
                },
            ],
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    let job = try hostile.toConfirm()
                    try hostile.restart()
                    return try hostile.names(.confirmAssessments(job.command))
                },
                // Before anybody has committed to anything.
                .refused("enclave.notToConfirm") { hostile in
                    let job = try hostile.toConfirm()
                    try hostile.rewrite(job) { $0.status = .pending }
                    return try hostile.names(.confirmAssessments(hostile.confirm(job)))
                },
            ],
            .withhold: [
                .refused("enclave.notToConfirm") { hostile in
                    let job = try hostile.toConfirm()
                    try hostile.rewrite(job) { $0.clearTerms() }
                    return try hostile.names(.confirmAssessments(hostile.confirm(job)))
                },
                .refused("enclave.tamperedCiphertext") { hostile in try hostile.confirming { $0.assessments[0].sealedResult = Data() } },
                .refused("admission.wrongEnclaves") { hostile in try hostile.confirming { $0.assessments[0].enclaves = [] } },
            ],
            .truncate: [
                .refused("enclave.tamperedCiphertext") { hostile in try hostile.confirming { $0.assessments[0].sealedResult.removeLast() }
                },
                .refused("enclave.badProof") { hostile in try hostile.confirming { $0.assessments[0].consent.proof.removeLast() } },
            ],
            .forge: [
                .refused("enclave.badProof") { hostile in try hostile.confirming { $0.assessments[0].assessment.proof[40] ^= 1 } },
                .refused("enclave.tamperedCiphertext") { hostile in try hostile.confirming { $0.assessments[0].sealedResult[50] ^= 1 } },
                // The quorum's own salt: under it a hash would tell which output it is.
                .refused("enclave.badConfirmationTerms") { hostile in
                    let job = try hostile.toConfirm()
                    let salt = [UInt8](repeating: 7, count: 32)
                    let box = try hostile.salt(salt + [UInt8](repeating: 8, count: 32), job.id)
                    try hostile.rewrite(job) { $0.terms.salts[0].salt = box }
                    return try hostile.names(.confirmAssessments(hostile.confirm(job)))
                },
                // A result that the first enclave did not sign.
                .refused("enclave.badConfirmationTerms") { hostile in
                    try hostile.names(.confirmAssessments(hostile.toConfirm(signedBy: hostile.scene.requester).command))
                },
                // A hash that is right over a result that is not.
                .refused("enclave.resultNotConfirmed") { hostile in
                    try hostile.names(.confirmAssessments(hostile.toConfirm { $0[$0.count - 1] ^= 1 }.command))
                },
                .refused("enclave.badGrantSignature") { hostile in
                    let grant = try hostile.scene.grant(hostile.subject, fields: ["age"], signedBy: hostile.scene.requester)
                    return try hostile.names(.confirmAssessments(hostile.toConfirm(grant).command))
                },
            ],
            .staleFork: [
                .refused("enclave.staleState") { hostile in try hostile.confirming { $0.shared.height -= 1 } },
                .refused("enclave.badProof") { hostile in
                    let fork = try hostile.shadow()
                    return try hostile.confirming { $0.shared.dataset = try fork.node.prove(StateKey.dataset(EnclaveScene.dataset)) }
                },
            ],
            .otherChain: [
                .refused("enclave.wrongChain") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    let abroad = try other.grant(hostile.subject, fields: ["age"])
                    return try hostile.confirming { $0.assessments[0].grantTransaction = .init(abroad.transaction.bytes) }
                }
            ],
            .lieAboutTime: [
                .refused("enclave.deadlinePassed") { hostile in
                    let job = try hostile.toConfirm()
                    try hostile.scene.block(milliseconds: 900_000)
                    return try hostile.names(.confirmAssessments(hostile.confirm(job)))
                }
            ],
        ])
}

/// A job that another enclave, whose keys the test has, was first to commit to.
struct JobToConfirm {
    let id: Hash32
    let request: SceneRequest
    let grant: SceneGrant
    let peer: Hash32
    let sealed: [UInt8]
    var value: WireAssessment
    var command: WireConfirmAssessmentsCommand
}

extension HostileScene {
    /// An assessment that two enclaves have to come to, committed to by the other one.
    /// - Parameters:
    ///   - signer: who signs the other's result in place of the other.
    ///   - spoil: changes the output that is sealed, but not its hash.
    fileprivate func toConfirm(
        _ given: SceneGrant? = nil, signedBy signer: SigningKey? = nil, _ spoil: (inout [UInt8]) -> Void = { _ in }
    ) throws -> JobToConfirm {
        let grant = try given ?? grant()
        let peer = try peer()
        let ids = [scene.enclaveID, peer.id].sorted()
        let request = try scene.request(grant, fields: ["age"]) { request in
            request.enclaves = ids.map { .init($0.bytes) }
            request.demand.confirmations = 2
        }
        var batch = try RowBatch(schema: Self.schema, fields: ["age"])
        try batch.appendRow([.integer(Self.age)])
        let output = SpyProgram.output(seeing: batch.encode())
        var shown = output
        spoil(&shown)
        let (salt, key) = ([UInt8](repeating: 0x51, count: 32), [UInt8](repeating: 0x52, count: 32))
        let sealed = try result(shown, job: request.id, peer: peer, signedBy: signer ?? peer.key, key: key)
        var value = WireAssessment()
        value.id = .init(request.id.bytes)
        value.requester = .init(scene.requester.address.bytes)
        value.request = request.request
        value.transactionID = .init(request.transaction.id.bytes)
        (value.status, value.useNumber, value.grantVersion, value.height) = (.committed, 1, 1, node.height)
        value.demand = request.request.demand
        value.enclave = .init(peer.id.bytes)
        value.commitment = .init(Sidecar.commitment(sealed).bytes)
        value.terms.outputHash = .init(EnclaveStatement.confirmedOutput(salt: salt, output: output).bytes)
        var own = WireSealedSalt()
        own.enclave = .init(scene.enclaveID.bytes)
        own.salt = try self.salt(salt + key, request.id)
        value.terms.salts = [own]
        value.confirmedBy = [.init(peer.id.bytes)]
        var job = JobToConfirm(
            id: request.id, request: request, grant: grant, peer: peer.id, sealed: sealed, value: value,
            command: WireConfirmAssessmentsCommand())
        try rewrite(job) { _ in }
        job.command = try confirm(job)
        return job
    }

    private struct Peer {
        let key: SigningKey
        let id: Hash32
        let identity: WireEnclaveIdentity
    }

    /// Another enclave as the chain knows it; its keys are the test's.
    private func peer() throws -> Peer {
        let key = try SigningKey.ed25519(seed: [UInt8](repeating: 0x33, count: 32))
        var identity = scene.enclave.identity
        identity.signingKey = .init(key.verificationKey.bytes)
        let id = EnclaveStatement.identifier(identity)
        var value = WireEnclave()
        (value.id, value.identity, value.operator) = (.init(id.bytes), identity, .init(node.validator.address.bytes))
        (value.status, value.assurance, value.label) = (.active, "none", identity.platform)
        node.write(value, at: StateKey.enclave(id))
        return Peer(key: key, id: id, identity: identity)
    }

    /// What the peer would have sealed.
    private func result(_ output: [UInt8], job: Hash32, peer: Peer, signedBy signer: SigningKey, key: [UInt8]) throws -> [UInt8] {
        var result = WireResult()
        (result.request, result.chainID, result.program) = (.init(job.bytes), node.chainID, .init(scene.program.bytes))
        (result.enclave, result.platform, result.height) = (.init(peer.id.bytes), peer.identity.platform, node.height)
        (result.output, result.subjects) = (.init(output), 1)
        var signed = WireSignedResult()
        signed.result = .init(result.encoded())
        signed.signature = .init(try signer.sign([UInt8](signed.result), context: .result))
        return try ResultEnvelope.seal(
            signed, job: job, key: AuthenticatedEncryption.key(key), salt: [UInt8](repeating: 0x53, count: 32),
            paddedBytes: ResultEnvelope.paddedBytes(maximumOutput: output.count)) ?? []
    }

    /// A salt and a key in a box for the enclave: anybody can make one.
    fileprivate func salt(_ secret: [UInt8], _ job: Hash32) throws -> WireSealedMessage {
        let binding = EnclaveStatement.confirmationBinding(chainID: node.chainID, job: job, enclave: scene.enclaveID)
        let tree = RecordKeyTree(subjectKey: try AuthenticatedEncryption.key(subject.key))
        return try ConfirmationBox(salt: Array(secret.prefix(32)), resultKey: AuthenticatedEncryption.key(secret.dropFirst(32))).seal(
            recordKey: tree.recordKey(3), binding: binding, to: SealingPublicKey(scene.enclave.identity.vaultKey)
        ).wire
    }

    /// Writes the job into the state, as changed by `adjust`.
    fileprivate func rewrite(_ job: JobToConfirm, _ adjust: (inout WireAssessment) -> Void) throws {
        var value = job.value
        adjust(&value)
        node.write(value, at: StateKey.assessment(job.id))
        try scene.block()
    }

    /// The command that confirms the job under the newest header.
    fileprivate func confirm(_ job: JobToConfirm) throws -> WireConfirmAssessmentsCommand {
        var command = WireConfirmAssessmentsCommand()
        command.shared = try scene.sharedEvidence()
        command.assessments = [try scene.evidence(job.request, job.grant)]
        command.assessments[0].sealedResult = .init(job.sealed)
        command.assessments[0].enclaves = try job.request.request.enclaves.map {
            try node.prove(StateKey.enclave(Hash32($0) ?? .zero))
        }
        return command
    }

    fileprivate func confirming(_ change: (inout WireConfirmAssessmentsCommand) throws -> Void) throws -> [String] {
        var command = try toConfirm().command
        try change(&command)
        return try names(.confirmAssessments(command))
    }
}
