import AdversarySupport
import ChainTypes
import Cryptography
import EnclaveProtocol
import Foundation
import HolderSupport
import Primitives
import WireTypes

/// Keys on their way between enclaves of one vault.
extension HostileMatrix {
    static let offerReplica = HostileCommand(
        rightful: { hostile in .offerReplica(try HostilePair(hostile).challenge()) },
        isRepeatable: false,
        attacks: [
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    let command = try HostilePair(hostile).challenge()
                    try hostile.restart()
                    return try hostile.names(.offerReplica(command))
                }
            ],
            .forge: [
                .refused("enclave.malformedCommand") { hostile in
                    var command = try HostilePair(hostile).challenge()
                    command.challengeBlock.removeLast()
                    return try hostile.names(.offerReplica(command))
                }
            ],
        ]
            + HostileCell.impossible(
                [.withhold, .staleFork, .otherChain, .lieAboutTime],
                "an offer gives nothing; the enclave that has the keys judges its chain, its block and its age (exportReplica)"))

    static let exportReplica = HostileCommand(
        rightful: { hostile in .exportReplica(try hostile.asked().command) },
        isRepeatable: false,
        attacks: [
            .replay: [
                // Proofs of the state before.
                .refused("enclave.badProof") { hostile in
                    let (pair, command) = try hostile.asked()
                    try pair.block()
                    return try hostile.names(.exportReplica(command))
                }
            ],
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    let command = try hostile.asked().command
                    try hostile.restart()
                    return try hostile.names(.exportReplica(command))
                }
            ],
            .withhold: [
                .refused("enclave.badProof") { hostile in try hostile.asked { $0.referenceValue = WireProvenValue() } },
                .refused("enclave.badProof") { hostile in try hostile.asked { $0.rules = WireProvenValue() } },
                .refused("enclave.badProof") { hostile in try hostile.asked { $0.enclave.value = Data() } },
            ],
            .truncate: [
                .refused("enclave.badPeerSignature") { hostile in try hostile.asked { $0.signature.removeLast() } },
                .refused("enclave.badPeerSignature") { hostile in try hostile.asked { $0.offer.evidence.removeLast() } },
                .refused("enclave.badProof") { hostile in try hostile.asked { $0.enclave.proof.removeLast() } },
            ],
            .forge: [
                // The host's own key in the place of the attested one.
                .refused("enclave.badPeerSignature") { hostile in
                    let thief = try SealingPrivateKey(suite: .x25519)
                    return try hostile.asked { $0.offer.identity.vaultKey = thief.publicKey.wire }
                },
                .refused("enclave.badPeerSignature") { hostile in
                    let thief = try SealingPrivateKey(suite: .xwing)
                    return try hostile.asked { $0.offer.sessionKey = thief.publicKey.wire }
                },
                // An enclave that nobody admitted, and one that is suspended.
                .refused("enclave.peerNotAdmitted") { hostile in
                    let (pair, _) = try hostile.asked()
                    let offer = try pair.offer(by: pair.other, pair.challenge())
                    pair.node.remove(StateKey.enclave(pair.other.enclaveID))
                    try pair.block()
                    return try hostile.names(.exportReplica(pair.export(offer)))
                },
                .refused("enclave.peerNotAdmitted") { hostile in try hostile.changed { $0.status = .suspended } },
                .refused("enclave.otherVault") { hostile in try hostile.changed { $0.vault = Data(repeating: 9, count: 32) } },
                // A build of the quorum's own, accepted long ago in certified state.
                .refused("enclave.measurementUnapproved") { hostile in
                    let pair = try HostilePair(hostile)
                    try pair.accept(by: TestHolders(seed: 7))
                    return try hostile.names(.exportReplica(pair.export(pair.offer(by: pair.other, pair.challenge()))))
                },
            ],
            .staleFork: [
                .refused("enclave.badProof") { hostile in
                    let fork = try hostile.shadow()
                    return try hostile.asked { $0.enclave.proof = try fork.node.prove(StateKey.enclave(fork.enclaveID)).proof }
                }
            ],
            .otherChain: [.refused("enclave.wrongChain") { hostile in try hostile.asked { $0.offer.chainID = "jupiter-id" } }],
            .lieAboutTime: [
                .refused("enclave.peerNotAdmitted") { hostile in
                    let time = hostile.node.time
                    return try hostile.changed { $0.expires = time }
                }
            ],
        ])

    static let importReplica = HostileCommand(
        rightful: { hostile in .importReplica(try hostile.given().command) },
        attacks: [
            .replay: [
                .refused("enclave.replayedPart") { hostile in
                    let (pair, command) = try hostile.given()
                    try hostile.restart()
                    try hostile.scene.start()
                    try pair.other.catchUp()
                    return try hostile.names(.importReplica(command))
                }
            ],
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    let command = try hostile.given().command
                    try hostile.restart()
                    return try hostile.names(.importReplica(command))
                }
            ],
            .withhold: [.refused("enclave.badPart") { hostile in try hostile.given { $0.source.value = Data() } }],
            .truncate: [
                .refused("enclave.otherSession") { hostile in try hostile.given { $0.part.part.ciphertext.removeLast() } },
                .refused("enclave.badPeerSignature") { hostile in try hostile.given { $0.part.signature.removeLast() } },
            ],
            .forge: [
                .refused("enclave.otherSession") { hostile in try hostile.given { $0.part.part.ciphertext[40] ^= 1 } },
                .refused("enclave.badPeerSignature") { hostile in try hostile.given { $0.part.version += 1 } },
                .refused("enclave.badPeerSignature") { hostile in try hostile.given { $0.part.signature[0] ^= 1 } },
                // The source is a build that no holder has read.
                .refused("enclave.measurementUnapproved") { hostile in
                    let pair = try HostilePair(hostile)
                    let challenge = try pair.challenge()
                    let part = try pair.part(challenge)
                    try pair.accept(by: TestHolders(seed: 7))
                    return try hostile.names(.importReplica(pair.take(part, from: pair.other, challenge)))
                },
                // Keys of the host's own making, sealed to the session as anybody can.
                .refused("enclave.replayedPart") { hostile in
                    let box = try hostile.forgedPart(chainID: hostile.node.chainID)
                    return try hostile.given { $0.part.part = box }
                },
            ],
            .staleFork: [
                .refused("enclave.badProof") { hostile in
                    let (pair, command) = try hostile.given()
                    try pair.block()
                    return try hostile.names(.importReplica(command))
                }
            ],
            .otherChain: [
                .refused("enclave.otherSession") { hostile in
                    let box = try hostile.forgedPart(chainID: "jupiter-id")
                    return try hostile.given { $0.part.part = box }
                }
            ],
            .lieAboutTime: [
                .refused("enclave.peerNotAdmitted") { hostile in
                    let pair = try HostilePair(hostile)
                    let challenge = try pair.challenge()
                    let part = try pair.part(challenge)
                    let time = hostile.node.time
                    try pair.change(pair.other.enclaveID) { $0.expires = time }
                    return try hostile.names(.importReplica(pair.take(part, from: pair.other, challenge)))
                }
            ],
        ])
}

extension HostileScene {
    /// An honest enclave asks this one for its keys.
    fileprivate func asked() throws -> (pair: HostilePair, command: WireExportReplicaCommand) {
        let pair = try HostilePair(self)
        return (pair, try pair.export(pair.offer(by: pair.other, pair.challenge())))
    }

    fileprivate func asked(_ change: (inout WireExportReplicaCommand) throws -> Void) throws -> [String] {
        var command = try asked().command
        try change(&command)
        return try names(.exportReplica(command))
    }

    /// The same when the chain says something else of the one that asks.
    fileprivate func changed(_ adjust: (inout WireEnclave) -> Void) throws -> [String] {
        let pair = try HostilePair(self)
        let offer = try pair.offer(by: pair.other, pair.challenge())
        try pair.change(pair.other.enclaveID, adjust)
        return try names(.exportReplica(pair.export(offer)))
    }

    /// An honest enclave of its vault gives this one what it may lack.
    fileprivate func given() throws -> (pair: HostilePair, command: WireImportReplicaCommand) {
        let pair = try HostilePair(self)
        let challenge = try pair.challenge()
        return (pair, try pair.take(pair.part(challenge), from: pair.other, challenge))
    }

    fileprivate func given(_ change: (inout WireImportReplicaCommand) throws -> Void) throws -> [String] {
        var command = try given().command
        try change(&command)
        return try names(.importReplica(command))
    }

    /// A part that no enclave made.
    fileprivate func forgedPart(chainID: String) throws -> WireSealedMessage {
        var part = WireReplicaPart()
        (part.chainID, part.source, part.nonce) = (chainID, .init(scene.enclaveID.bytes), Data(repeating: 1, count: 32))
        (part.vault, part.vaultSecret) = (.init(scene.enclaveID.bytes), Data(repeating: 2, count: 32))
        return try SealingPublicKey(scene.session().key).seal(
            part.encoded(), context: .replicaBox, associated: Array(chainID.utf8)
        ).wire
    }
}
