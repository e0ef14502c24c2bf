import API
import Foundation
import Primitives
import Testing

@Suite struct `Framing of protobuf batches` {
    private func framed(_ messages: [[UInt8]]) -> [UInt8] {
        messages.flatMap { message in withUnsafeBytes(of: UInt32(message.count).bigEndian) { Array($0) } + message }
    }

    @Test func `messages come out as they went in`() throws {
        var random = SeededGenerator(seed: 3)
        let messages = (0..<50).map { _ in random.bytes(Int.random(in: 0...300, using: &random)) }
        #expect(try BatchFraming.split(framed(messages)) == messages)
        #expect(try BatchFraming.split([]).isEmpty)
        #expect(throws: APIError.self) { try BatchFraming.split([0, 0, 0]) }
        #expect(throws: APIError.self) { try BatchFraming.split([255, 255, 255, 255, 1]) }
        #expect(throws: APIError.self) { try BatchFraming.split([UInt8](repeating: 0, count: 4 * 10_001)) }
    }

    @Test func `fuzz: random and mutated bodies are refused or read`() {
        let rounds = Int(ProcessInfo.processInfo.environment["JUPITER_FUZZ_ROUNDS"] ?? "") ?? 300
        var random = SeededGenerator(seed: 4)
        for round in 0..<rounds {
            var bytes = round % 2 == 0 ? framed([random.bytes(20), random.bytes(7)]) : random.bytes(Int.random(in: 0...64, using: &random))
            if !bytes.isEmpty { bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
            if let messages = try? BatchFraming.split(bytes) { #expect(framed(messages) == bytes, "seed 4, round \(round)") }
        }
    }
}
