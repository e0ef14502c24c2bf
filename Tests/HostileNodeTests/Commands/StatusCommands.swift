import AdversarySupport
import ChainTypes
import Foundation
import Primitives
import SwiftProtobuf
import WireTypes

/// Commands that take nothing from the host but its asking.
extension HostileMatrix {
    static let status = HostileCommand(
        rightful: { _ in .status(WireStatusCommand()) },
        attacks: HostileCell.impossible(
            [.reorder, .withhold, .forge, .staleFork, .otherChain, .lieAboutTime], "it takes nothing and changes nothing"))

    static let backup = HostileCommand(
        rightful: { _ in .backup(WireBackupCommand()) },
        attacks: HostileCell.impossible(
            [.reorder, .withhold, .forge, .staleFork, .otherChain, .lieAboutTime],
            "it takes nothing; an old backup put back does not serve (proveAnchor, replay)"))

    static let attest = HostileCommand(
        rightful: { hostile in
            var command = WireAttestCommand()
            command.challengeHeight = hostile.node.height
            command.challengeBlock = .init(hostile.node.header?.hash.bytes ?? [])
            return .attest(command)
        },
        attacks: [
            .forge: [
                .refused("enclave.malformedCommand") { hostile in
                    var command = WireAttestCommand()
                    command.challengeBlock = Data(repeating: 1, count: 31)
                    return try hostile.names(.attest(command))
                }
            ]
        ]
            + HostileCell.impossible(
                [.staleFork, .otherChain],
                "evidence says which block it answers, and binds the enclave's own chain: whoever appraises it refuses")
            + HostileCell.impossible([.reorder, .withhold], "it may be asked at any time and depends on nothing before")
            + HostileCell.impossible([.lieAboutTime], "the chain judges how old the block is that was answered"))

    static let loadProgram = HostileCommand(
        rightful: { _ in
            var command = WireLoadProgramCommand()
            command.code = .init(SpyProgram.code)
            return .loadProgram(command)
        },
        attacks: [
            .reorder: [
                // So many others are loaded that the enclave forgets the one that is asked for.
                .refused("enclave.programNotLoaded") { hostile in
                    for index in 0..<16 { _ = try hostile.load(SpyProgram.code + [0, 1, UInt8(index)]) }
                    return try hostile.runPlain()
                }
            ],
            .withhold: [
                .refused("enclave.programNotLoaded") { hostile in
                    try hostile.publishUnloaded(SpyProgram.code + [0, 1, 0])
                    return try hostile.runPlain()
                }
            ],
            .truncate: [
                .refused("enclave.programNotLoaded") { hostile in
                    let code = SpyProgram.code + [0, 1, 0]
                    try hostile.publishUnloaded(code)
                    _ = try hostile.load(Array(code.dropLast()))
                    return try hostile.runPlain()
                }
            ],
            .forge: [
                .refused("enclave.programNotLoaded") { hostile in
                    var code = SpyProgram.code + [0, 1, 0]
                    try hostile.publishUnloaded(code)
                    code[code.count - 1] = 1
                    _ = try hostile.load(code)
                    return try hostile.runPlain()
                },
                .refused("enclave.tooMany") { hostile in
                    var command = WireLoadProgramCommand()
                    command.code = Data(repeating: 0, count: (1 << 20) + 1)
                    return try hostile.names(.loadProgram(command))
                },
            ],
        ] + HostileCell.impossible([.staleFork, .otherChain, .lieAboutTime], "a program is named by the hash of its code alone"))
}

extension HostileScene {
    func load(_ code: [UInt8]) throws -> [String] {
        var command = WireLoadProgramCommand()
        command.code = .init(code)
        return try names(.loadProgram(command))
    }

    /// Publishes `code` on chain, but does not give it to the enclave.
    func publishUnloaded(_ code: [UInt8]) throws {
        let driver = scene.driver
        defer { scene.driver = driver }
        scene.driver = .bytes { request in
            var response = WireEnclaveResponse()
            response.id = try WireEnclaveRequest(serializedBytes: request).id
            response.loadProgram = WireLoadProgramAnswer()
            return response.encoded()
        }
        try scene.publishProgram(code, output: SpyProgram.outputSchema)
    }

    /// A rightful assessment by the scene's program; its refusals.
    func runPlain() throws -> [String] {
        let grant = try grant()
        return try names(.runAssessments(runCommand(request(grant), grant)))
    }
}
