import ChainFixtures
import Foundation
import Glibc
import Primitives
import Storage
import Testing

@Suite struct `A process killed at any moment` {
    @Test func `loses no acknowledged block and corrupts nothing`() throws {
        let seed: UInt64 = 77
        var generator = SeededGenerator(seed: seed)
        let scratch = try ScratchDirectory()
        let roots = try Crasher.roots(6_000)
        var acknowledged: UInt64 = 0
        var kills = 0
        for round in 0..<40 {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try Crasher.path)
            process.arguments = [scratch.path, "6000", "sync", round % 2 == 0 ? "0" : "3"]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            // One in four while it opens the store; the others after their first block, within some dozens more.
            var bytes = Data()
            if round % 4 != 0 { bytes = output.fileHandleForReading.availableData }
            usleep(UInt32(generator.next() % 100_000))
            kill(process.processIdentifier, SIGKILL)
            bytes += output.fileHandleForReading.readDataToEndOfFile()
            let text = String(decoding: bytes, as: UTF8.self)
            process.waitUntilExit()
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
            for line in lines {
                acknowledged += 1
                #expect(line == ChainFixture.acknowledgement(acknowledged, roots[Int(acknowledged) - 1]), "seed \(seed) round \(round)")
            }
            if process.terminationReason == .uncaughtSignal { kills += 1 }
            let store = try ChainStore(path: scratch.path + "/chain")
            let height = store.head()?.height ?? 0
            #expect(height == acknowledged || height == acknowledged + 1, "seed \(seed) round \(round)")
            let problems = try ChainExpectation(height: height, roots: roots).problems(store)
            #expect(problems.isEmpty, "seed \(seed) round \(round): \(problems.prefix(5))")
            acknowledged = height
            store.close()
        }
        #expect(kills == 40)
        #expect(acknowledged > 40, "the process must get to write: \(acknowledged) blocks")
    }
}
