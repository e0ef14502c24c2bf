import Foundation
import JupiterClient
import Primitives
import Testing
import WireTypes

@Suite(.serialized, .enabled(if: Built.isComplete, "the programs are not built")) struct `Enclaves of two nodes` {
    private static func serves(_ status: JSONValue) -> Bool { status["serving"] == .boolean(true) }
    private static func keys(_ status: JSONValue) -> UInt64? { status["subjectKeys"]?.unsigned }

    @Test func `hold one vault through the nodes' interfaces, and each goes on when the other is killed`() async throws {
        let folder = try TemporaryFolder()
        let chain = try await TwoNodes(folder: folder.path)
        defer { chain.stop() }
        try await chain.wait("both enclaves to serve one vault") { both in
            both.allSatisfy(Self.serves) && both[0]["vault"] == both[1]["vault"] && both[0]["id"] != both[1]["id"]
        }
        let scene = try await LendingScene(chain.clients[0], treasury: chain.treasury)
        let people = try await scene.join(4)
        try await chain.wait("the second node's enclave to have the keys") { $0.allSatisfy { Self.keys($0) == 4 } }
        let ids = try await [chain.status(0), chain.status(1)].compactMap { $0["id"]?.text.flatMap { Hash32(hex: $0) } }

        // The first is killed in the middle of what it was asked for; the second does it.
        let jobs = try await scene.request(people)
        try await chain.enclaves[0].kill()
        for job in jobs { #expect(try await scene.isOpened(job), "job \(job)") }
        scene.client = chain.clients[1]
        let late = try await scene.join(2)
        for job in try await scene.request(late) {
            #expect(try await scene.isOpened(job))
            let assessment = try #require(try await scene.client.assessment(job))
            #expect(Hash32(assessment.enclave) == ids[1], "nobody else could")
        }

        // The first is back, takes over what it missed, and serves the late ones alone.
        try await chain.enclaves[0].start()
        try await chain.wait("the first node's enclave to catch up") { Self.serves($0[0]) && Self.keys($0[0]) == 6 }
        try await chain.enclaves[1].kill()
        scene.client = chain.clients[0]
        for job in try await scene.request(late) {
            #expect(try await scene.isOpened(job))
            #expect(Hash32(try #require(try await scene.client.assessment(job)).enclave) == ids[0])
        }
    }
}
