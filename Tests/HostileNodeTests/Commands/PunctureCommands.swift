import AdversarySupport
import ChainTypes
import Foundation
import Primitives
import SwiftProtobuf
import WireTypes

/// The chain's puncture log, told wrongly.
extension HostileMatrix {
    static let provePunctures = HostileCommand(
        rightful: { hostile in .provePunctures(try hostile.punctured()) },
        attacks: [
            .replay: [
                // The end of the log that the chain had a block ago.
                .refused("enclave.badProof") { hostile in
                    let old = try hostile.punctured()
                    _ = try hostile.punctured()
                    return try hostile.names(.provePunctures(old))
                }
            ],
            .reorder: [
                .refused("enclave.badProof") { hostile in try hostile.told { $0.entries.swapAt(0, 1) } },
                .refused("enclave.notServing") { hostile in
                    let command = try hostile.punctured()
                    try hostile.restart()
                    return try hostile.names(.provePunctures(command))
                },
            ],
            .withhold: [
                .refused("enclave.badProof") { hostile in try hostile.told { $0.entries.remove(at: 0) } },
                // Nothing is computed by a vault that has not heard of an erasure that the chain proves.
                .refused("enclave.puncturesPending") { hostile in
                    _ = try hostile.punctured()
                    return try hostile.runPlain()
                },
                // Nor by one that has begun anew and was told of none.
                .refused("enclave.notServing") { hostile in
                    try hostile.restart()
                    try hostile.scene.announce()
                    try hostile.scene.catchUp()
                    _ = try hostile.names(.proveAnchor(hostile.scene.anchorProof()))
                    return try hostile.runPlain()
                },
            ],
            .truncate: [
                .refused("enclave.badProof") { hostile in try hostile.told { $0.log.proof.removeLast() } },
                .refused("enclave.badProof") { hostile in try hostile.told { $0.entries[1].removeLast() } },
            ],
            .forge: [
                .refused("enclave.badProof") { hostile in try hostile.told { $0.entries[1][$0.entries[1].count - 1] ^= 1 } },
                .refused("enclave.badProof") { hostile in
                    try hostile.told { command in
                        var log = try WirePunctureLog(serializedBytes: command.log.value)
                        log.count += 1
                        command.log.value = .init(log.encoded())
                    }
                },
                // The whole log denied.
                .refused("enclave.badProof") { hostile in
                    try hostile.told { command in
                        command.log.value = Data()
                        command.entries = []
                    }
                },
                .refused("enclave.tooMany") { hostile in
                    try hostile.told { command in command.entries = Array(repeating: Data(), count: 65_537) }
                },
            ],
            .staleFork: [
                .refused("enclave.badProof") { hostile in
                    let fork = try hostile.shadow()
                    fork.puncture(.subject, hostile.subject.address)
                    try fork.node.block()
                    var command = try hostile.punctured()
                    command.log = try fork.node.prove(StateKey.punctureLog)
                    return try hostile.names(.provePunctures(command))
                }
            ],
            .otherChain: [
                .refused("enclave.badProof") { hostile in
                    let other = try hostile.shadow(chainID: "jupiter-id")
                    other.puncture(.subject, hostile.subject.address)
                    try other.node.block()
                    var command = try hostile.punctured()
                    command.log = try other.node.prove(StateKey.punctureLog)
                    return try hostile.names(.provePunctures(command))
                }
            ],
        ] + HostileCell.impossible([.lieAboutTime], "the log has an order and no times"))
}

extension HostileScene {
    /// Two more records that the subject never had, erased; the command that tells of it.
    fileprivate func punctured() throws -> WireProvePuncturesCommand {
        for leaf in [900, 901] as [UInt32] {
            scene.puncture(.record, subject.address, dataset: EnclaveScene.dataset, keyIndex: leaf)
        }
        try scene.block()
        return try scene.puncturesCommand()
    }

    /// What a wrongly told log gives; the enclave is told the truth afterwards.
    fileprivate func told(_ change: (inout WireProvePuncturesCommand) throws -> Void) throws -> [String] {
        let good = try punctured()
        var command = good
        try change(&command)
        let names = try names(.provePunctures(command))
        _ = try self.names(.provePunctures(good))
        return names
    }
}
