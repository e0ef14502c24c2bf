import AdversarySupport
import ChainTypes
import Cryptography
import EnclaveProtocol
import Foundation
import HolderSupport
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
                .refused("enclave.recoveryPlanPending") { hostile in
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
                },
                // The quorum's own holders, in certified state: with this plan the host would have every key.
                .refused("enclave.recoveryPlanPending") { hostile in
                    try hostile.names(.exportRecovery(hostile.planned(TestHolders(1, threshold: 1, seed: 6).plan())))
                },
                .refused("enclave.recoveryPlanPending") { hostile in
                    try hostile.names(.exportRecovery(hostile.planned(TestHolders(1, threshold: 1, seed: 6).plan(version: 1))))
                },
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
                    command.epoch = try hostile.node.prove(StateKey.vaultEpoch(hostile.scene.enclaveID))
                    return try hostile.names(.importRecovery(command))
                },
                // Its maker is lost; another enclave of the vault began the epoch.
                .refused("enclave.oldRecovery") { hostile in
                    var command = try hostile.package()
                    var epoch = WireVaultEpoch()
                    (epoch.vault, epoch.epoch) = (command.package.vault, command.package.epoch + 1)
                    hostile.node.write(epoch, at: StateKey.vaultEpoch(hostile.scene.enclaveID))
                    try hostile.scene.block()
                    command.source = try hostile.node.prove(StateKey.enclave(hostile.scene.enclaveID))
                    command.epoch = try hostile.node.prove(StateKey.vaultEpoch(hostile.scene.enclaveID))
                    return try hostile.names(.importRecovery(command))
                },
            ],
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    let command = try hostile.package()
                    try hostile.restart()
                    return try hostile.names(.importRecovery(command))
                }
            ],
            .withhold: [
                .refused("enclave.badProof") { hostile in try hostile.package { $0.source = WireProvenValue() } },
                .refused("enclave.badProof") { hostile in try hostile.package { $0.epoch = WireProvenValue() } },
            ],
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

    static let followRecoveryPlan = HostileCommand(
        rightful: { hostile in .followRecoveryPlan(try hostile.following()) },
        attacks: [
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    let command = try hostile.following()
                    try hostile.restart()
                    return try hostile.names(.followRecoveryPlan(command))
                }
            ],
            .withhold: [
                // The link between is left out.
                .refused("enclave.badRecoveryPlan") { hostile in
                    let first = try hostile.successor()
                    let second = try TestHolders(seed: 6).approve(
                        hostile.holders.plan(version: 2), after: first, chainID: hostile.node.chainID, by: [0, 1])
                    var command = WireFollowRecoveryPlanCommand()
                    command.plans = [Data(second.encoded())]
                    return try hostile.names(.followRecoveryPlan(command))
                },
                .refused("enclave.badRecoveryPlan") { hostile in try hostile.following { $0.approvals.removeLast() } },
            ],
            .truncate: [
                .refused("enclave.badRecoveryPlan") { hostile in
                    var command = try hostile.following()
                    command.plans[0].removeLast()
                    return try hostile.names(.followRecoveryPlan(command))
                }
            ],
            .forge: [
                // Signed by whom the host likes.
                .refused("enclave.badRecoveryPlan") { hostile in
                    let own = try TestHolders(seed: 7)
                    let plan = try own.approve(
                        own.plan(version: 1), after: hostile.holders.plan(), chainID: hostile.node.chainID, by: [0, 1, 2])
                    var command = WireFollowRecoveryPlanCommand()
                    command.plans = [Data(plan.encoded())]
                    return try hostile.names(.followRecoveryPlan(command))
                },
                .refused("enclave.badRecoveryPlan") { hostile in try hostile.following { $0.threshold = 1 } },
                .refused("enclave.badRecoveryPlan") { hostile in try hostile.following { $0.approvals[1] = $0.approvals[0] } },
            ],
            .otherChain: [
                .refused("enclave.badRecoveryPlan") { hostile in
                    var command = WireFollowRecoveryPlanCommand()
                    command.plans = [Data(try hostile.successor(chainID: "jupiter-id").encoded())]
                    return try hostile.names(.followRecoveryPlan(command))
                }
            ],
        ]
            + HostileCell.impossible(
                [.staleFork, .lieAboutTime], "a plan is believed for its holders' signatures, under whatever header and at any time"))

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
    /// The command that makes a package for the genesis's holders, or for whom the state names.
    fileprivate func planned(_ plan: WireRecoveryPlan? = nil, on given: BypassedNode? = nil) throws -> WireExportRecoveryCommand {
        let node = given ?? self.node
        node.write(plan ?? holders.plan(), at: StateKey.recoveryPlan)
        if given == nil { try scene.block() } else { try node.block() }
        var command = WireExportRecoveryCommand()
        command.plan = try node.prove(StateKey.recoveryPlan)
        return command
    }

    /// The plan that the holders have agreed on for the time after them.
    fileprivate func successor(chainID: String? = nil) throws -> WireRecoveryPlan {
        try holders.approve(
            TestHolders(seed: 6).plan(version: 1), after: holders.plan(), chainID: chainID ?? node.chainID, by: [0, 2])
    }

    fileprivate func following() throws -> WireFollowRecoveryPlanCommand {
        var command = WireFollowRecoveryPlanCommand()
        command.plans = [Data(try successor().encoded())]
        return command
    }

    fileprivate func following(_ change: (inout WireRecoveryPlan) -> Void) throws -> [String] {
        var plan = try successor()
        change(&plan)
        var command = WireFollowRecoveryPlanCommand()
        command.plans = [Data(plan.encoded())]
        return try names(.followRecoveryPlan(command))
    }

    /// The enclave's own package.
    fileprivate func package() throws -> WireImportRecoveryCommand {
        guard case .exportRecovery(let answer) = try answer(.exportRecovery(planned())) else { throw EnclaveError.unexpectedAnswer }
        var command = WireImportRecoveryCommand()
        command.package = answer.package
        command.source = try node.prove(StateKey.enclave(scene.enclaveID))
        command.epoch = try node.prove(StateKey.vaultEpoch(scene.enclaveID))
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
