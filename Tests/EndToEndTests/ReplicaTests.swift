import Foundation
import JupiterClient
import LocalFederation
import Primitives
import Testing
import WireTypes

@Suite(.serialized, .enabled(if: Built.isComplete, "the programs are not built")) struct `A locality with two enclaves` {
    private func isServing(_ statuses: [JSONValue], _ index: Int) -> Bool { statuses[index]["serving"] == .boolean(true) }

    @Test func `goes on when one is killed, which catches up, and refuses an old copy of its home`() async throws {
        let folder = try TemporaryFolder()
        let locality = try await PairedLocality(folder: folder.path)
        defer { locality.stop() }
        try await locality.wait("both enclaves to serve one vault") { statuses in
            statuses.count == 2 && isServing(statuses, 0) && isServing(statuses, 1) && statuses[0]["vault"] == statuses[1]["vault"]
                && statuses[0]["vault"] != nil
        }
        let scene = try await LendingScene(locality.client, treasury: locality.treasury)
        let people = try await scene.join(6)
        try await locality.wait("the second to have the keys") { $0[1]["subjectKeys"]?.unsigned == 6 }

        // Killed in the middle of the runs that are asked for.
        let jobs = try await scene.request(people)
        try await locality.killEnclave(0)
        for job in jobs { #expect(try await scene.isOpened(job), "job \(job)") }

        // The other takes enrolments and runs meanwhile.
        let copy = folder.path + "/copy"
        try FileManager.default.copyItem(atPath: locality.folder(0), toPath: copy)
        let late = try await scene.join(2)
        for job in try await scene.request(late) { #expect(try await scene.isOpened(job)) }

        // Back again: it catches up before it is needed, and then serves alone.
        try await locality.startEnclave(0)
        try await locality.wait("the first to catch up") { isServing($0, 0) && $0[0]["subjectKeys"]?.unsigned == 8 }
        try await locality.killEnclave(1)
        for job in try await scene.request(late) { #expect(try await scene.isOpened(job)) }

        // An old copy of its home: since its next start the chain knows a newer vault, and the copy never serves.
        let id = try #require(try await locality.statuses()[0]["id"]?.text.flatMap { Hash32(hex: $0) })
        let before = try #require(try await locality.client.enclave(id))
        try await locality.killEnclave(0)
        try await locality.startEnclave(0)
        for _ in 0..<1_200 where try await locality.client.enclave(id)?.anchorNonce == before.anchorNonce {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try #require(try await locality.client.enclave(id)).vaultVersion > before.vaultVersion)
        try await locality.killEnclave(0)
        try FileManager.default.removeItem(atPath: locality.folder(0))
        try FileManager.default.copyItem(atPath: copy, toPath: locality.folder(0))
        try await locality.startEnclave(0)
        try await locality.wait("the old copy to be connected") {
            $0[0]["connected"] == .boolean(true) || locality.nodeLog.contains("vaultRolledBack")
        }
        for _ in 0..<1_200 where !locality.nodeLog.contains("keys.vaultRolledBack") { try await Task.sleep(for: .milliseconds(100)) }
        #expect(locality.nodeLog.contains("keys.vaultRolledBack"))
        #expect(try await !isServing(locality.statuses(), 0))
    }

    @Test func `confirm each other's results before anybody is paid, for one use of the grant`() async throws {
        let folder = try TemporaryFolder()
        let locality = try await PairedLocality(folder: folder.path)
        defer { locality.stop() }
        try await locality.wait("both enclaves to serve one vault") { statuses in
            statuses.count == 2 && isServing(statuses, 0) && isServing(statuses, 1) && statuses[0]["vault"] == statuses[1]["vault"]
        }
        let scene = try await LendingScene(locality.client, treasury: locality.treasury)
        let people = try await scene.join(3)
        try await locality.wait("the second to have the keys") { $0[1]["subjectKeys"]?.unsigned == 3 }
        let enclaves = try await locality.statuses().compactMap { $0["id"]?.text.flatMap { Hash32(hex: $0) } }
        for job in try await scene.request(people, confirmedBy: enclaves) {
            #expect(try await scene.isOpened(job))
            let assessment = try #require(try await locality.client.assessment(job))
            #expect(assessment.confirmedBy.count == 2 && assessment.useNumber == 1)
        }
        for person in people {
            let consent = try await locality.client.consent(person.wallet.address, grant: person.grant)
            #expect(consent?.uses == 1)
        }
        // Nobody else can be named, and one alone does not confirm itself.
        var builder = try await locality.client.builder(for: scene.lender.signingKey)
        let time = try await locality.client.status().time
        var alone = scene.message(people[0], time: time, confirmedBy: enclaves)
        alone.enclaves = [alone.enclaves[0]]
        await #expect { try await locality.client.commit(builder.sign(.requestAssessment(alone))) } throws: {
            ($0 as? any CodedError)?.code == 2153
        }
    }
}
