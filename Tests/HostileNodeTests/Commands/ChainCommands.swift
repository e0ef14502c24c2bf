import AdversarySupport
import ChainTypes
import Cryptography
import Foundation
import Primitives
import SwiftProtobuf
import WireTypes

/// Commands by which the enclave follows its chain.
extension HostileMatrix {
    static let importHeaders = HostileCommand(
        rightful: { hostile in .importHeaders(headers([try hostile.node.block()])) },
        attacks: [
            .replay: [
                .refused("enclave.staleState") { hostile in try hostile.names(.importHeaders(headers([hostile.node.headers[0]]))) }
            ],
            .reorder: [
                .refused("enclave.staleState") { hostile in
                    let next = try [hostile.node.block(), hostile.node.block()]
                    return try hostile.names(.importHeaders(headers(next.reversed())))
                }
            ],
            .withhold: [
                .refused("lightClient.malformed") { hostile in
                    try hostile.refused(changing: try hostile.node.block()) { $0.certificate = Data() }
                },
                .refused("lightClient.noQuorum") { hostile in
                    try hostile.refused(changing: try hostile.node.block()) { header in
                        var certificate = try WireCertificate(serializedBytes: header.certificate)
                        certificate.signatures = []
                        certificate.signers = Data([0])
                        header.certificate = .init(certificate.encoded())
                    }
                },
            ],
            .truncate: [
                .refused("lightClient.malformed") { hostile in
                    try hostile.refused(changing: try hostile.node.block()) { $0.header.removeLast() }
                },
                .refused("lightClient.malformed") { hostile in
                    try hostile.refused(changing: try hostile.node.block()) { $0.certificate.removeLast() }
                },
            ],
            .forge: [
                // A block of this chain by validators that are not its own.
                .refused("lightClient.wrongValidators") { hostile in
                    let stranger = try BypassedNode(chainID: hostile.node.chainID, seed: 77)
                    for _ in 0...(hostile.node.height + 1) { try stranger.block() }
                    return try hostile.names(.importHeaders(headers([try stranger.block()])))
                },
                .refused("lightClient.badSignature") { hostile in
                    try hostile.refused(changing: try hostile.node.block()) { header in
                        var certificate = try WireCertificate(serializedBytes: header.certificate)
                        certificate.signatures[0][0] ^= 1
                        header.certificate = .init(certificate.encoded())
                    }
                },
                .refused("lightClient.certificateMismatch") { hostile in
                    try hostile.refused(changing: try hostile.node.block()) { header in
                        var content = try WireHeader(serializedBytes: header.header)
                        content.stateRoot[0] ^= 1
                        header.header = .init(content.encoded())
                    }
                },
            ],
            .staleFork: [
                .refused("enclave.staleState") { hostile in
                    let fork = try hostile.shadow(heights: 1)
                    return try hostile.names(.importHeaders(headers([fork.node.headers[0]])))
                },
                .refused("lightClient.conflicting") { hostile in
                    let fork = try hostile.shadow(heights: Int(hostile.node.height))
                    return try hostile.names(.importHeaders(headers([fork.node.headers[Int(hostile.node.height) - 1]])))
                },
                .refused("lightClient.conflicting") { hostile in
                    let fork = try hostile.shadow(heights: Int(hostile.node.height) + 1)
                    return try hostile.names(.importHeaders(headers([fork.node.headers[Int(hostile.node.height)]])))
                },
            ],
            .otherChain: [
                .refused("lightClient.wrongChain") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id", heights: Int(hostile.node.height) + 1)
                    return try hostile.names(.importHeaders(headers([other.node.headers[Int(hostile.node.height)]])))
                }
            ],
            .lieAboutTime: [
                // The clock that the enclave has seen does not go back, nor stand still.
                .refused("lightClient.wrongTime") { hostile in
                    hostile.node.time -= 3_600_000
                    return try hostile.names(.importHeaders(headers([try hostile.node.block()])))
                },
                .refused("lightClient.wrongTime") { hostile in
                    try hostile.names(.importHeaders(headers([try hostile.node.block(milliseconds: 0)])))
                },
            ],
        ])

    static let proveAnchor = HostileCommand(
        rightful: { hostile in
            try hostile.restart()
            try hostile.scene.announce()
            try hostile.scene.catchUp()
            return .proveAnchor(try hostile.scene.anchorProof())
        },
        attacks: [
            .replay: [
                // What was proven to the start before.
                .refused("enclave.anchorMismatch") { hostile in
                    try hostile.restart()
                    try hostile.scene.catchUp()
                    return try hostile.names(.proveAnchor(try hostile.scene.anchorProof()))
                }
            ],
            .reorder: [
                .refused("enclave.badProof") { hostile in
                    try hostile.restart()
                    try hostile.scene.announce()
                    return try hostile.names(.proveAnchor(try hostile.scene.anchorProof()))
                }
            ],
            .withhold: [
                .refused("enclave.anchorMismatch") { hostile in
                    try hostile.restart()
                    hostile.node.remove(StateKey.enclave(hostile.scene.enclaveID))
                    try hostile.scene.block()
                    return try hostile.names(.proveAnchor(try hostile.scene.anchorProof()))
                },
                .refused("enclave.notServing") { hostile in
                    try hostile.restart()
                    try hostile.scene.catchUp()
                    return try hostile.runPlain()
                },
            ],
            .truncate: [
                .refused("enclave.badProof") { hostile in
                    try hostile.anchored { $0.enclave.proof.removeLast() }
                }
            ],
            .forge: [
                .refused("enclave.badProof") { hostile in try hostile.anchored { $0.enclave.proof[40] ^= 1 } },
                .refused("enclave.badProof") { hostile in
                    try hostile.anchored { command in
                        var enclave = try WireEnclave(serializedBytes: command.enclave.value)
                        enclave.vaultVersion -= 1
                        command.enclave.value = .init(enclave.encoded())
                    }
                },
                // A quorum that says, truly certified, that an older vault is the newest.
                .refused("enclave.anchorMismatch") { hostile in try hostile.announced { $0.vaultVersion -= 1 } },
                .refused("enclave.anchorMismatch") { hostile in try hostile.announced { $0.vaultRoot = Data(repeating: 0, count: 32) } },
                .refused("enclave.suspended") { hostile in try hostile.announced { $0.status = .suspended } },
            ],
            .staleFork: [
                .refused("enclave.badProof") { hostile in
                    let fork = try hostile.shadow(heights: Int(hostile.node.height))
                    try hostile.restart()
                    return try hostile.names(.proveAnchor(try fork.anchorProof()))
                }
            ],
            .otherChain: [
                .refused("enclave.badProof") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    try hostile.restart()
                    return try hostile.names(.proveAnchor(try other.anchorProof()))
                }
            ],
        ] + HostileCell.impossible([.lieAboutTime], "an anchor holds by its nonce, not by a time"))

    static let enrol = HostileCommand(
        rightful: { hostile in .enrol(enrolment(try hostile.scene.enrolment(try hostile.scene.makeSubject()))) },
        attacks: [
            // What was recorded before a restart, and delivered to the enclave that serves again.
            .replay: [
                .refused("enclave.otherSession") { hostile in
                    let recorded = try hostile.scene.enrolment(try hostile.scene.makeSubject())
                    try hostile.restart()
                    try hostile.scene.start()
                    return try hostile.names(.enrol(enrolment(recorded)))
                }
            ],
            .reorder: [
                .refused("enclave.notServing") { hostile in
                    try hostile.restart()
                    return try hostile.names(.enrol(enrolment(try hostile.scene.enrolment(hostile.subject))))
                }
            ],
            .withhold: [
                // Until its subject has had the key erased, and the vault has signed that nothing of it is left: its session went too.
                .refused("enclave.otherSession") { hostile in
                    let subject = try hostile.scene.makeSubject()
                    let box = try hostile.scene.enrolment(subject)
                    try hostile.erase(subject)
                    return try hostile.names(.enrol(enrolment(box)))
                },
                // Whose wallet was shown the new session, but not the erasure.
                .refused("enclave.keyDestroyed") { hostile in
                    let subject = try hostile.scene.makeSubject()
                    try hostile.erase(subject)
                    return try hostile.names(.enrol(enrolment(try hostile.scene.enrolment(subject))))
                },
            ],
            .truncate: [
                .refused("enclave.otherSession") { hostile in
                    var box = try hostile.scene.enrolment(try hostile.scene.makeSubject())
                    box.ciphertext.removeLast()
                    return try hostile.names(.enrol(enrolment(box)))
                }
            ],
            .forge: [
                .refused("enclave.badEnrolment") { hostile in
                    let box = try hostile.scene.enrolment(try hostile.scene.makeSubject(), signedBy: hostile.scene.requester)
                    return try hostile.names(.enrol(enrolment(box)))
                },
                .refused("enclave.otherSession") { hostile in
                    var box = try hostile.scene.enrolment(try hostile.scene.makeSubject())
                    box.encapsulatedKey[0] ^= 1
                    return try hostile.names(.enrol(enrolment(box)))
                },
                // Another key in the place of the subject's own, even if the subject signs it.
                .refused("enclave.alreadyEnrolled") { hostile in
                    let other = try hostile.scene.makeSubject()
                    let second = SceneSubject(wallet: hostile.subject.wallet, key: other.key, salt: other.salt)
                    return try hostile.names(.enrol(enrolment(try hostile.scene.enrolment(second))))
                },
            ],
            .otherChain: [
                .refused("enclave.otherSession") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    return try hostile.names(.enrol(enrolment(try other.enrolment(hostile.subject))))
                }
            ],
        ]
            + HostileCell.impossible([.staleFork], "it reads no state")
            + HostileCell.impossible([.lieAboutTime], "an enrolment has no time"))

    static func headers(_ headers: [WireCertifiedHeader]) -> WireImportHeadersCommand {
        var command = WireImportHeadersCommand()
        command.headers = headers
        return command
    }

    static func enrolment(_ box: WireSealedMessage) -> WireEnrolCommand {
        var command = WireEnrolCommand()
        command.enrolments = [box]
        return command
    }
}

extension HostileScene {
    /// The chain has the dataset of `subject` erased, and the vault follows.
    fileprivate func erase(_ subject: SceneSubject) throws {
        scene.puncture(.dataset, subject.address, dataset: EnclaveScene.dataset)
        try scene.block()
        try scene.provePunctures()
    }

    /// What importing `header` after a change gives.
    fileprivate func refused(
        changing header: WireCertifiedHeader, _ change: (inout WireCertifiedHeader) throws -> Void
    ) throws -> [String] {
        var changed = header
        try change(&changed)
        return try names(.importHeaders(HostileMatrix.headers([changed])))
    }

    /// What proving a fresh start's anchor gives after a change of the command.
    fileprivate func anchored(_ change: (inout WireProveAnchorCommand) throws -> Void) throws -> [String] {
        try restart()
        try scene.announce()
        try scene.catchUp()
        var command = try scene.anchorProof()
        try change(&command)
        return try names(.proveAnchor(command))
    }

    /// What proving gives when the state itself is false.
    fileprivate func announced(_ change: (inout WireEnclave) -> Void) throws -> [String] {
        try restart()
        try scene.announce(change)
        try scene.catchUp()
        return try names(.proveAnchor(scene.anchorProof()))
    }
}
