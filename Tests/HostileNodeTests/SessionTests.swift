import AdversarySupport
import ChainTypes
import Foundation
import Primitives
import Testing
import WireTypes

extension `Hostile node` {
    /// Whatever a node does, in whatever order.
    @Suite struct `Sessions` {
        /// `JUPITER_FUZZ_SEED` begins elsewhere; `JUPITER_FUZZ_ROUNDS` walks longer.
        static func environment(_ name: String, otherwise value: UInt64) -> UInt64 {
            ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? value
        }

        static let seeds: [UInt64] = {
            let first = environment("JUPITER_FUZZ_SEED", otherwise: 0x40571)
            return (0..<8).map { first &+ $0 }
        }()
        static let length = Int(clamping: environment("JUPITER_FUZZ_ROUNDS", otherwise: 120))

        @Test(arguments: seeds)
        func `keep every promise, in its own process`(seed: UInt64) throws { try session(seed, .inProcess, Self.length) }

        @Test(arguments: seeds.prefix(2))
        func `keep every promise, against a real process`(seed: UInt64) throws { try session(seed, .process, Self.length / 2) }

        private func session(_ seed: UInt64, _ backend: Backend, _ length: Int) throws {
            let hostile = try HostileScene(backend)
            let session = HostileSession(hostile, seed: seed)
            try session.walk(length)
            let replay = Comment(rawValue: "JUPITER_FUZZ_SEED=\(seed): \(session.steps.joined(separator: "; "))")
            #expect(session.violations == [], replay)
            #expect(hostile.isAlive, replay)
            // The enclave serves as before, and all the while nothing came to light.
            try session.serve()
            let seen = try SpyProgram.seen([UInt8](hostile.assess().output))
            #expect(!seen.allSatisfy { $0 == 0 }, replay)
            let leaks = try hostile.leaks()
            #expect(leaks == [], replay)
        }

        @Test func `really run and open something`() throws {
            var decided = 0
            var opened = 0
            var steps: [String] = []
            for seed in Self.seeds.prefix(4) {
                let session = HostileSession(try HostileScene(.inProcess), seed: seed)
                try session.walk(120)
                decided += session.decidedCount
                opened += session.opened.count
                steps += session.steps
            }
            #expect(decided >= 8 && opened >= 2, "\(decided) decided, \(opened) opened: \(steps.joined(separator: "; "))")
        }

        @Test func `would notice every broken promise`() throws {
            let hostile = try HostileScene(.inProcess)
            let session = HostileSession(hostile, seed: 1)
            let grant = try hostile.grant { $0.maximumUses = 1 }
            let requests = try (0..<2).map { _ in try hostile.scene.request(grant, fields: ["age"]) }
            session.latest.grants = [.init(grant: grant, covers: false, isActive: false)]
            for request in requests {
                session.latest.jobs[request.id] = .init(request: request, grant: 0, isRightful: false, isPending: false)
            }
            session.shown = session.latest
            func run(_ id: Hash32, _ commitment: UInt8) {
                var response = WireEnclaveResponse()
                var outcome = WireRunOutcome()
                outcome.id = .init(id.bytes)
                outcome.commitment = Data(repeating: commitment, count: 32)
                response.runAssessments.outcomes = [outcome]
                session.judge(response)
            }
            run(requests[0].id, 1)
            run(requests[0].id, 2)
            run(requests[1].id, 1)
            run(.zero, 1)
            var response = WireEnclaveResponse()
            var opening = WireOpenOutcome()
            opening.id = .init(requests[0].id.bytes)
            opening.keyBox = try hostile.scene.enrolment(hostile.subject)
            response.openAssessments.outcomes = [opening]
            session.judge(response)
            for promise in [
                "did not ask for", "without a covering grant", "after a withdrawal", "not pending", "more uses", "two answers", "no job",
                "without an accepted commitment", "to somebody else",
            ] { #expect(session.violations.contains { $0.contains(promise) }, "\(promise)") }
        }
    }
}
