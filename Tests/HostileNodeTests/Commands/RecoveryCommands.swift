import AdversarySupport
import ChainTypes
import Cryptography
import EnclaveProtocol
import Foundation
import Primitives
import SwiftProtobuf
import WireTypes

/// Bringing a lost vault back, and giving single keys to whom subjects name.
extension HostileMatrix {
    static let exportRecovery = HostileCommand(
        rightful: { hostile in .exportRecovery(try hostile.planned()) },
        isRepeatable: false,
        attacks: [
            .replay: [
                .refused("enclave.badProof") { hostile in
                    let command = try hostile.planned()
                    hostile.node.write(WireAccount(), at: StateKey.account(hostile.subject.address))
                    try hostile.scene.block()
                    return try hostile.names(.exportRecovery(command))
                }
            ],
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    let command = try hostile.planned()
                    try hostile.restart()
                    return try hostile.names(.exportRecovery(command))
                }
            ],
            .withhold: [
                .refused("enclave.noRecoveryPlan") { hostile in
                    var command = WireExportRecoveryCommand()
                    command.plan = try hostile.node.prove(StateKey.recoveryPlan)
                    return try hostile.names(.exportRecovery(command))
                }
            ],
            .truncate: [
                .refused("enclave.badProof") { hostile in
                    var command = try hostile.planned()
                    command.plan.proof.removeLast()
                    return try hostile.names(.exportRecovery(command))
                }
            ],
            .forge: [
                .refused("enclave.badProof") { hostile in
                    var command = try hostile.planned()
                    var plan = try WireRecoveryPlan(serializedBytes: command.plan.value)
                    plan.threshold = 1
                    command.plan.value = .init(plan.encoded())
                    return try hostile.names(.exportRecovery(command))
                }
            ],
            .staleFork: [
                .refused("enclave.badProof") { hostile in
                    let fork = try hostile.shadow()
                    return try hostile.names(.exportRecovery(hostile.planned(on: fork.node)))
                }
            ],
            .otherChain: [
                .refused("enclave.badProof") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    return try hostile.names(.exportRecovery(hostile.planned(on: other.node)))
                }
            ],
        ] + HostileCell.impossible([.lieAboutTime], "a plan has no time"))

    /// The enclave under attack holds keys, and so takes no others in any case; what a fresh one refuses is in `A lost vault`.
    static let importRecovery = HostileCommand(
        rightful: { hostile in .importRecovery(try hostile.package()) },
        rightfulNames: ["enclave.otherVault"],
        attacks: [
            .replay: [
                // A package from before an erasure began another epoch.
                .refused("enclave.oldRecovery") { hostile in
                    var command = try hostile.package()
                    var value: WireEnclave = try hostile.node.value(StateKey.enclave(hostile.scene.enclaveID)) ?? WireEnclave()
                    value.recoveryEpoch += 1
                    hostile.node.write(value, at: StateKey.enclave(hostile.scene.enclaveID))
                    try hostile.scene.block()
                    command.source = try hostile.node.prove(StateKey.enclave(hostile.scene.enclaveID))
                    return try hostile.names(.importRecovery(command))
                }
            ],
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    let command = try hostile.package()
                    try hostile.restart()
                    return try hostile.names(.importRecovery(command))
                }
            ],
            .withhold: [.refused("enclave.badProof") { hostile in try hostile.package { $0.source = WireProvenValue() } }],
            .truncate: [.refused("enclave.badPackage") { hostile in try hostile.package { $0.package.sealedVault.removeLast() } }],
            .forge: [
                .refused("enclave.badPackage") { hostile in try hostile.package { $0.package.epoch += 1 } },
                .refused("enclave.badPackage") { hostile in try hostile.package { $0.package.threshold = 1 } },
                .refused("enclave.badPackage") { hostile in try hostile.package { $0.package.signature[0] ^= 1 } },
            ],
            .staleFork: [
                .refused("enclave.badProof") { hostile in
                    let fork = try hostile.shadow()
                    return try hostile.package { $0.source = try fork.node.prove(StateKey.enclave(fork.enclaveID)) }
                }
            ],
            .otherChain: [.refused("enclave.wrongChain") { hostile in try hostile.package { $0.package.chainID = "jupiter-id" } }],
        ] + HostileCell.impossible([.lieAboutTime], "packages have epochs, not times"))

    static let grantKeys = HostileCommand(
        rightful: { hostile in .grantKeys(try hostile.granted().command) },
        isRepeatable: false,
        attacks: [
            .replay: [
                .refused("enclave.staleState") { hostile in
                    let command = try hostile.granted().command
                    try hostile.scene.block()
                    return try hostile.names(.grantKeys(command))
                },
                .refused("enclave.notPending") { hostile in try hostile.names(.grantKeys(hostile.granted { $0.status = .complete }.command))
                },
            ],
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    let command = try hostile.granted().command
                    try hostile.restart()
                    return try hostile.names(.grantKeys(command))
                }
            ],
            .withhold: [
                .refused("enclave.badRequestSignature") { hostile in try hostile.granting { $0.grants[0].requestTransaction = Data() } },
                .refused("enclave.badProof") { hostile in try hostile.granting { $0.grants[0].record = WireProvenValue() } },
            ],
            .truncate: [
                .refused("enclave.badRequestSignature") { hostile in try hostile.granting { $0.grants[0].requestTransaction.removeLast() }
                },
                .refused("enclave.badProof") { hostile in try hostile.granting { $0.grants[0].grant.proof.removeLast() } },
            ],
            .forge: [
                // A key that somebody else asks for, and one for another recipient than the subject signed: all in certified state.
                .refused("enclave.badRequestSignature") { hostile in
                    try hostile.names(.grantKeys(hostile.granted(signedBy: hostile.scene.requester).command))
                },
                .refused("enclave.badRequestSignature") { hostile in
                    let thief = try SealingPrivateKey(suite: .x25519)
                    return try hostile.names(.grantKeys(hostile.granted { $0.request.recipientKey = thief.publicKey.wire }.command))
                },
            ],
            .staleFork: [
                .refused("enclave.staleState") { hostile in try hostile.granting { $0.height -= 1 } },
                .refused("enclave.badProof") { hostile in
                    let fork = try hostile.shadow()
                    return try hostile.granting { $0.punctures.proof = try fork.node.prove(StateKey.attestationRules).proof }
                },
            ],
            .otherChain: [
                .refused("enclave.wrongChain") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    let abroad = try other.grant(hostile.subject, fields: ["age"])
                    return try hostile.granting { $0.grants[0].requestTransaction = .init(abroad.transaction.bytes) }
                }
            ],
        ] + HostileCell.impossible([.lieAboutTime], "a key grant has no time"))
}

extension HostileScene {
    /// A plan with three holders, and the command that makes a package for them.
    fileprivate func planned(on given: BypassedNode? = nil) throws -> WireExportRecoveryCommand {
        let node = given ?? self.node
        var plan = WireRecoveryPlan()
        plan.threshold = 2
        plan.holders = try (UInt8(1)...3).map { index in
            var holder = WireRecoveryHolder()
            holder.account = Data(repeating: index, count: 32)
            holder.key = try SealingPrivateKey(suite: .x25519, secretBytes: [UInt8](repeating: index, count: 32)).publicKey.wire
            return holder
        }
        node.write(plan, at: StateKey.recoveryPlan)
        if given == nil { try scene.block() } else { try node.block() }
        var command = WireExportRecoveryCommand()
        command.plan = try node.prove(StateKey.recoveryPlan)
        return command
    }

    /// The enclave's own package.
    fileprivate func package() throws -> WireImportRecoveryCommand {
        guard case .exportRecovery(let answer) = try answer(.exportRecovery(planned())) else { throw EnclaveError.unexpectedAnswer }
        var command = WireImportRecoveryCommand()
        command.package = answer.package
        command.source = try node.prove(StateKey.enclave(scene.enclaveID))
        return command
    }

    fileprivate func package(_ change: (inout WireImportRecoveryCommand) throws -> Void) throws -> [String] {
        var command = try package()
        try change(&command)
        return try names(.importRecovery(command))
    }

    /// The subject gives its record's key to somebody, and the state says so, as changed by `adjust`.
    fileprivate func granted(
        signedBy signer: SigningKey? = nil, _ adjust: (inout WireKeyGrant) -> Void = { _ in }
    ) throws -> (id: Hash32, command: WireGrantKeysCommand) {
        guard let record = scene.record(of: subject.address) else { throw EnclaveError.wrongRecords }
        var message = WireRequestKeyGrant()
        (message.dataset, message.record) = (EnclaveScene.dataset, .init(record.bytes))
        (message.recipient, message.recipientKey) = (.init(scene.requester.address.bytes), scene.recipient.publicKey.wire)
        let transaction = try scene.sign(.requestKeyGrant(message), by: signer ?? subject.wallet)
        let id = transaction.messageIdentifier(0)
        var grant = WireKeyGrant()
        (grant.id, grant.subject, grant.request) = (.init(id.bytes), .init(subject.address.bytes), message)
        (grant.transactionID, grant.status) = (.init(transaction.id.bytes), .pending)
        adjust(&grant)
        node.write(grant, at: StateKey.keyGrant(id))
        try scene.block()
        var evidence = WireKeyGrantEvidence()
        evidence.requestTransaction = .init(transaction.bytes)
        evidence.grant = try node.prove(StateKey.keyGrant(id))
        evidence.record = try node.prove(StateKey.record(subject.address, dataset: EnclaveScene.dataset, record: record))
        evidence.subjectKey = try node.prove(
            StateKey.subjectKey(subject.address, dataset: EnclaveScene.dataset, enclave: scene.enclaveID))
        var command = WireGrantKeysCommand()
        (command.height, command.grants) = (node.height, [evidence])
        command.punctures = try node.prove(StateKey.punctureLog)
        return (id, command)
    }

    fileprivate func granting(_ change: (inout WireGrantKeysCommand) throws -> Void) throws -> [String] {
        var command = try granted().command
        try change(&command)
        return try names(.grantKeys(command))
    }
}
