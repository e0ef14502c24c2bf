import AdversarySupport
import ChainTypes
import Foundation
import Primitives
import SwiftProtobuf
import WireTypes

/// Every command of the enclave against every kind of attack.
///
/// A command that is added to the protocol has to be added here: `everything that the protocol knows is attacked` finds it by itself.
enum HostileMatrix {
    /// By the names that the protocol gives them.
    static let commands: [String: HostileCommand] = [
        "status": status, "attest": attest, "importHeaders": importHeaders, "proveAnchor": proveAnchor, "enrol": enrol,
        "loadProgram": loadProgram, "runAssessments": runAssessments, "openAssessments": openAssessments,
        "runSubscription": runSubscription, "openSubscription": openSubscription, "backup": backup,
        "confirmAssessments": confirmAssessments, "provePunctures": provePunctures,
        "offerReplica": offerReplica, "exportReplica": exportReplica, "importReplica": importReplica, "exportRecovery": exportRecovery,
        "importRecovery": importRecovery, "grantKeys": grantKeys, "followRecoveryPlan": followRecoveryPlan,
    ]

    /// One attack, with a number because there may be several of a kind.
    struct Position: Sendable, CustomStringConvertible {
        let command: String
        let attack: Attack
        let number: Int
        var description: String { "\(command), \(attack.rawValue) \(number + 1)" }

        var cell: HostileCell? { HostileMatrix.commands[command]?.attacks[attack]?[number] }
    }

    /// All attacks that can be tried.
    static var positions: [Position] {
        commands.sorted { $0.key < $1.key }.flatMap { name, command in
            Attack.allCases.flatMap { attack in
                (command.attacks[attack] ?? []).enumerated().compactMap { number, cell -> Position? in
                    if case .impossible = cell { return nil }
                    return Position(command: name, attack: attack, number: number)
                }
            }
        }
    }

    /// The names of all commands that the protocol's messages can hold, asked of the messages themselves.
    static var protocolCommands: Set<String> {
        var names: Set<String> = []
        for field in 2..<256 {
            // An empty message as field `field`: its tag in one or two bytes, then the length 0.
            let tag = field << 3 | 2
            let bytes = (tag < 0x80 ? [UInt8(tag)] : [UInt8(tag & 0x7F) | 0x80, UInt8(tag >> 7)]) + [0]
            guard let command = try? WireEnclaveRequest(serializedBytes: bytes).command,
                let name = Mirror(reflecting: command).children.first?.label
            else { continue }
            names.insert(name)
        }
        return names
    }
}
