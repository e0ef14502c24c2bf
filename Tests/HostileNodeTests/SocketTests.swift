import AdversarySupport
import ChainTypes
import EnclaveProtocol
import Foundation
import Primitives
import SwiftProtobuf
import Testing
import WireTypes

extension `Hostile node` {
    /// A host that does not keep to the framing, or takes its time.
    @Suite(.serialized) struct `Socket` {
        static let status = HostileScene.message(.status(WireStatusCommand()))

        /// An honest exchange on a fresh connection: whatever went on before, others are served.
        static func expectServed(_ hostile: HostileScene, _ place: String) throws {
            let answer = try WireEnclaveResponse(serializedBytes: hostile.connect().exchange(status))
            #expect(answer.status.chainID == hostile.node.chainID, "\(place)")
        }

        @Test func `frames that are cut off, oversized or nothing but noise end their own connection only`() throws {
            let hostile = try HostileScene(.process)
            let frame = HostileSocket.frame(Self.status)
            // Cut off anywhere: no answer, and no harm.
            for count in 0..<frame.count {
                let socket = try hostile.connect()
                #expect(socket.write(frame.prefix(count)))
                socket.finish()
                #expect(try socket.isHungUp(), "\(count) bytes")
            }
            // A length beyond the limit is refused before anything is allocated or waited for.
            for length: UInt32 in [64 << 20 + 1, 0x7FFF_FFFF, 0x8000_0000, .max] {
                let socket = try hostile.connect()
                socket.write(withUnsafeBytes(of: length.bigEndian) { Array($0) } + [UInt8](repeating: 0, count: 64))
                #expect(try socket.isHungUp(), "length \(length)")
            }
            try Self.expectServed(hostile, "after broken frames")
            // Noise in whole frames is answered by one stable refusal, on the same connection.
            var generator = SeededGenerator(seed: 0x6A4B)
            let socket = try hostile.connect()
            for size in [0, 1, 3, 64, 4_096, 70_000] {
                let answer = try WireEnclaveResponse(serializedBytes: socket.exchange(generator.bytes(size)))
                #expect(answer.answer.map(HostileScene.names) == ["enclave.malformedCommand"], "\(size) bytes of noise")
            }
            #expect(try WireEnclaveResponse(serializedBytes: socket.exchange(Self.status)).status.serving)
            try expectUnharmed(hostile, "broken frames")
        }

        @Test func `messages in single bytes, and several in one piece, are answered in their order`() throws {
            let hostile = try HostileScene(.process)
            let drop = try hostile.connect()
            for byte in HostileSocket.frame(Self.status) { #expect(drop.write([byte])) }
            #expect(try WireEnclaveResponse(serializedBytes: drop.answer() ?? []).status.serving)
            let burst = try hostile.connect()
            let frames = (1...50).flatMap { HostileSocket.frame(HostileScene.message(.status(WireStatusCommand()), id: $0)) }
            #expect(burst.write(frames + HostileSocket.frame(Self.status).prefix(5)))
            for id: UInt64 in 1...50 { #expect(try WireEnclaveResponse(serializedBytes: burst.answer() ?? []).id == id) }
            burst.finish()
            #expect(try burst.isHungUp())
            try expectUnharmed(hostile, "pieces")
        }

        @Test func `half a message on one connection is not completed by another`() throws {
            let hostile = try HostileScene(.process)
            let grant = try hostile.grant()
            let message = try HostileScene.message(.runAssessments(hostile.runCommand(hostile.request(grant), grant)))
            let frame = HostileSocket.frame(message)
            let first = try hostile.connect()
            let second = try hostile.connect()
            first.write(frame.prefix(frame.count / 2))
            second.write(frame.suffix(frame.count - frame.count / 2))
            second.finish()
            // What the second one said is no frame, or one that is no command.
            if let answer = try? second.answer() {
                #expect(try WireEnclaveResponse(serializedBytes: answer).answer.map(HostileScene.names) == ["enclave.malformedCommand"])
            }
            try Self.expectServed(hostile, "between two halves")
            first.write(frame.suffix(frame.count - frame.count / 2))
            let answer = try WireEnclaveResponse(serializedBytes: first.answer() ?? [])
            #expect(answer.answer.map(HostileScene.names) == [""])
            try expectUnharmed(hostile, "halves")
        }

        @Test func `slow connections hold only themselves, and there is an end to their number`() throws {
            let hostile = try HostileScene(.process)
            // One connection is the scene's own.
            var slow: [HostileSocket] = []
            for _ in 0..<(EnclaveServer.maximumConnections - 2) {
                let socket = try hostile.connect()
                socket.write(HostileSocket.frame(Self.status).prefix(5))
                slow.append(socket)
            }
            try Self.expectServed(hostile, "beside slow connections")
            let last = try hostile.connect()
            #expect(try WireEnclaveResponse(serializedBytes: last.exchange(Self.status)).status.serving)
            slow.append(last)
            // Whoever comes now waits until somebody goes.
            let waiting = try (0..<8).map { _ -> HostileSocket in
                let socket = try hostile.connect()
                socket.write(HostileSocket.frame(Self.status))
                return socket
            }
            // The scene's own connection is served all the while, and so is everybody once the slow ones are gone.
            #expect(try hostile.names(.status(WireStatusCommand())) == [""])
            slow[0].write(HostileSocket.frame(Self.status).dropFirst(5))
            #expect(try WireEnclaveResponse(serializedBytes: slow[0].answer() ?? []).status.serving)
            slow = []
            for socket in waiting { #expect(try WireEnclaveResponse(serializedBytes: socket.answer() ?? []).status.serving) }
            try expectUnharmed(hostile, "slow connections")
        }

        @Test func `commands on many connections at once are each answered once, and runs stay within the grant`() async throws {
            let hostile = try HostileScene(.process)
            let grant = try hostile.grant { $0.maximumUses = 2 }
            let requests = try (0..<6).map { _ in try hostile.scene.request(grant, fields: ["age"]) }
            try hostile.scene.block()
            let messages = try requests.map { HostileScene.message(.runAssessments(try hostile.runCommand($0, grant))) }
            let path = hostile.socketPath
            let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for message in messages + messages { group.addTask { try HostileSocket(path).exchange(message) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for answer in answers { hostile.transcript.append("answers at once", answer) }
            let outcomes = try answers.flatMap { try WireEnclaveResponse(serializedBytes: $0).runAssessments.outcomes }
            #expect(outcomes.count == 12)
            let decided = Dictionary(grouping: outcomes.filter { !$0.hasFailure }, by: \.id)
            #expect(decided.count == 2)
            for (_, same) in decided { #expect(Set(same.map(\.commitment)).count == 1 && Set(same.map(\.sealedResult)).count == 1) }
            #expect(outcomes.filter(\.hasFailure).allSatisfy { $0.failure.name == "consent.exhausted" })
            try expectUnharmed(hostile, "at once")
        }
    }
}
