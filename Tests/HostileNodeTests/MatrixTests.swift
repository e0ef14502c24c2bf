import AdversarySupport
import ChainTypes
import EnclaveProtocol
import Foundation
import Primitives
import Testing
import WireTypes

/// A node that breaks every rule, with its chain's validators on its side, against one enclave.
@Suite enum `Hostile node` {}

extension `Hostile node` {
    @Suite struct `Matrix` {
        @Test func `everything that the protocol knows is attacked`() {
            let known = Set(HostileMatrix.commands.keys)
            let missing = HostileMatrix.protocolCommands.subtracting(known).sorted()
            #expect(missing == [], "no hostile case for \(missing): see Tests/HostileNodeTests/HostileMatrix.swift")
            #expect(HostileMatrix.protocolCommands.isSuperset(of: known))
            #expect(HostileMatrix.protocolCommands.count >= 20)
        }

        @Test func `every command meets every attack, or says why it cannot`() {
            for (name, command) in HostileMatrix.commands {
                for attack in Attack.allCases where ![.replay, .truncate].contains(attack) {
                    let cells = command.attacks[attack] ?? []
                    #expect(!cells.isEmpty, "\(name) is not met by \(attack.rawValue)")
                    let reasons = cells.compactMap { cell -> String? in if case .impossible(let reason) = cell { reason } else { nil } }
                    #expect(reasons.allSatisfy { !$0.isEmpty } && (reasons.isEmpty || cells.count == 1), "\(name), \(attack.rawValue)")
                }
            }
            #expect(HostileMatrix.positions.count >= 100)
        }

        @Test(arguments: HostileMatrix.positions)
        func `in its own process`(position: HostileMatrix.Position) throws { try attack(position, .inProcess) }

        @Test(arguments: HostileMatrix.commands.keys.sorted())
        func `replayed and cut off, in its own process`(name: String) throws { try replayAndCut(name, .inProcess) }

        @Test func `the detector is armed`() throws {
            let hostile = try HostileScene(.inProcess)
            try hostile.assess()
            #expect(hostile.detector.count >= 13)
            #expect(hostile.transcript.bytes > 1_000)
        }
    }

    /// The same against the program that ships, over its socket.
    @Suite(.serialized) struct `Matrix over the socket` {
        @Test(arguments: HostileMatrix.positions)
        func `of a real process`(position: HostileMatrix.Position) throws { try attack(position, .process) }

        @Test(arguments: HostileMatrix.commands.keys.sorted())
        func `replayed and cut off`(name: String) throws { try replayAndCut(name, .process) }
    }

    /// Tries one attack: it ends as it must, the enclave goes on to serve, and nothing came to light.
    static func attack(_ position: HostileMatrix.Position, _ backend: Backend) throws {
        guard case .refused(let expected, let attack)? = position.cell else { return }
        let hostile = try HostileScene(backend)
        let refusals = try attack(hostile)
        #expect(refusals == expected, "\(position)")
        try expectUnharmed(hostile, "\(position)")
    }

    /// The rightful command twice changes nothing the second time; cut off anywhere it is no command.
    static func replayAndCut(_ name: String, _ backend: Backend) throws {
        guard let command = HostileMatrix.commands[name] else { return }
        let hostile = try HostileScene(backend)
        let message = HostileScene.message(try command.rightful(hostile))
        let first = try hostile.exchange(message)
        #expect(first.answer.map(HostileScene.names) == command.rightfulNames, "\(name) is rightful")
        let vault = try hostile.vault()
        let second = try hostile.exchange(message)
        if command.isRepeatable {
            #expect(second == first, "\(name) again")
            #expect(try hostile.vault() == vault, "\(name) again writes nothing")
        }
        for count in Set([1, message.count / 2, message.count - 1]) where count < message.count {
            let answer = try hostile.exchange(Array(message.prefix(count)))
            #expect(answer.answer.map(HostileScene.names) == ["enclave.malformedCommand"], "\(name) cut to \(count) bytes")
        }
        try expectUnharmed(hostile, name)
    }

    /// The enclave still does what it is for, and the host has learnt nothing.
    static func expectUnharmed(_ hostile: HostileScene, _ place: String) throws {
        #expect(hostile.isAlive, "\(place)")
        // Where the host has driven the chain's clock back, its own chain is what does not go on.
        if hostile.isClockHonest {
            guard case .status(let status) = try hostile.answer(.status(WireStatusCommand())) else { return }
            if !status.serving { try hostile.scene.start() }
            try hostile.scene.catchUp()
            try hostile.scene.provePunctures()
            try hostile.scene.publishProgram(SpyProgram.code, output: SpyProgram.outputSchema)
            hostile.scene.publishDataset()
            let seen = try SpyProgram.seen([UInt8](hostile.assess().output))
            #expect(!seen.allSatisfy { $0 == 0 }, "\(place): it serves")
        }
        let leaks = try hostile.leaks()
        #expect(leaks == [], "\(place)")
    }
}
