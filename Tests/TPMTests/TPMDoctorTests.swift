import EnclavePlatforms
import Testing

@Suite struct `The doctor before a TPM` {
    @Test func `says what it is and that software protects nothing`() async throws {
        let tpm = try await TestTPM()
        func examined() throws -> MachineReport.Platform {
            let report = Doctor(tpm: try tpm.address, lockableMemory: nil).examine()
            return try #require(report.platforms.first { $0.name == "tpm" })
        }
        var platform = try examined()
        #expect(platform.state == .ready && platform.label == "tpm (software)" && platform.assurance == "none")
        #expect(platform.found.contains("endorsement certificate") && platform.found.contains("register 13 is free"))
        #expect(platform.found.contains { $0.contains("SW") && $0.contains(tpm.text) })
        _ = try TestLaunch.platform(tpm)
        #expect(try examined().found.contains("register 13 is in use"))
        tpm.kill()
        platform = try examined()
        #expect(platform.state == .incomplete && !platform.next.isEmpty)
    }
}
