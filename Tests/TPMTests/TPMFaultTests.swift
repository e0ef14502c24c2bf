import Crypto
import EnclavePlatforms
import Foundation
import Primitives
import Testing

/// The code that `body` fails with; 0 for an error without one.
private func code(_ body: () throws -> Void) -> UInt32? {
    do {
        try body()
        return nil
    } catch { return (error as? any CodedError)?.code ?? 0 }
}

@Suite struct `A TPM that misbehaves` {
    @Test func `serves many at once`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm)
        let keys = try await withThrowingTaskGroup(of: Int.self) { group in
            for height in 0..<12 {
                let binding = TestLaunch.binding(platform, height: UInt64(height))
                group.addTask { try platform.evidence(for: binding).count }
            }
            group.addTask { try platform.sealingKey().bitCount }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(keys.count == 13)
        #expect(try Tool.tpm2(tpm, "/usr/bin/tpm2_getcap", "handles-transient").output.isEmpty, "no key stays in a slot")
        #expect(try Tool.tpm2(tpm, "/usr/bin/tpm2_getcap", "handles-loaded-session").output.isEmpty, "no session stays")
    }

    @Test func `shares its slots with another program`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm)
        let address = tpm.text
        async let other: Void = {
            for _ in 0..<6 {
                _ = try Tool.run(
                    "/usr/bin/tpm2_createprimary", ["-C", "o", "-G", "ecc", "-Q"], environment: ["TPM2TOOLS_TCTI": address])
                _ = try Tool.run("/usr/bin/tpm2_flushcontext", ["-t"], environment: ["TPM2TOOLS_TCTI": address])
            }
        }()
        // The other program flushes whatever there is, ours too: that may fail an attempt, with its own code.
        var given = 0
        for height in 0..<6 {
            let code = code { _ = try platform.evidence(for: TestLaunch.binding(platform, height: UInt64(height))) }
            if code == nil { given += 1 } else { #expect([1752, 1758, 1759].contains(code)) }
        }
        try await other
        #expect(given > 0)
        #expect(try !platform.evidence(for: TestLaunch.binding(platform)).isEmpty)
    }

    @Test func `is used again after a program that left its keys in every slot`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm)
        for _ in 0..<3 { _ = try Tool.tpm2(tpm, "/usr/bin/tpm2_createprimary", "-C", "o", "-G", "ecc", "-Q") }
        #expect(try Tool.tpm2(tpm, "/usr/bin/tpm2_getcap", "handles-transient").output.split(separator: "\n").count == 3)
        #expect(try !platform.evidence(for: TestLaunch.binding(platform)).isEmpty)
    }

    @Test func `that was reset under a running enclave gives it nothing more`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm)
        _ = try platform.sealingKey()
        try await tpm.restart()
        #expect(throws: PlatformError.tpmWasReset) { try platform.evidence(for: TestLaunch.binding(platform)) }
        #expect(throws: PlatformError.tpmWasReset) { try platform.sealingKey() }
        // Whoever repeats the measurements after a reset does not bring the old launch back.
        let again = try TestLaunch.platform(tpm)
        #expect(throws: PlatformError.tpmWasReset) { try platform.evidence(for: TestLaunch.binding(platform)) }
        #expect(try !again.evidence(for: TestLaunch.binding(again)).isEmpty)
    }

    @Test func `whose register moves on refuses evidence and key`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm)
        _ = try platform.sealingKey()
        let digest = String(repeating: "ab", count: 32)
        #expect(try Tool.tpm2(tpm, "/usr/bin/tpm2_pcrextend", "13:sha256=\(digest)").status == 0)
        #expect(throws: PlatformError.launchRegisterTaken(13)) { try platform.evidence(for: TestLaunch.binding(platform)) }
        #expect(throws: PlatformError.sealedForOtherSoftware) { try platform.sealingKey() }
        try await tpm.restart()
        let other = try TestLaunch.platform(tpm)
        #expect(try Tool.tpm2(tpm, "/usr/bin/tpm2_pcrextend", "7:sha256=\(digest)").status == 0)
        #expect(throws: PlatformError.sealedForOtherSoftware, "another boot") { try other.sealingKey() }
    }

    @Test func `that is killed in the middle is an error with a code`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm)
        let codes = await withTaskGroup(of: [UInt32].self) { group in
            for task in 0..<4 {
                group.addTask {
                    var codes: [UInt32] = []
                    for height in 0..<200 where codes.isEmpty {
                        let binding = TestLaunch.binding(platform, height: UInt64(1_000 * task + height))
                        if let code = code({ _ = try platform.evidence(for: binding) }) { codes.append(code) }
                        await Task.yield()
                    }
                    return codes
                }
            }
            try? await Task.sleep(for: .milliseconds(40))
            tpm.kill()
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(codes.count == 4 && codes.allSatisfy { $0 == 1751 || $0 == 1754 }, "\(codes)")
        try await tpm.restart()
        #expect(try TestLaunch.platform(tpm).sealingKey().bitCount == 256)
    }

    @Test func `that stops answering blocks nobody for ever`() async throws {
        let tpm = try await TestTPM()
        let platform = try TestLaunch.platform(tpm, milliseconds: 400)
        tpm.pause()
        #expect(throws: PlatformError.tpmTimedOut) { try platform.evidence(for: TestLaunch.binding(platform)) }
        tpm.resume()
        var evidence: [UInt8]?
        for _ in 0..<1_200 where evidence == nil {
            evidence = try? platform.evidence(for: TestLaunch.binding(platform))
            if evidence == nil { try await Task.sleep(for: .milliseconds(100)) }
        }
        #expect(evidence != nil)
    }

    @Test func `that firmware has not started is said so`() async throws {
        let tpm = try await TestTPM(isStarted: false)
        #expect(throws: PlatformError.tpmNotStarted) { try TestLaunch.platform(tpm) }
    }

    @Test func `with a password on its owner says what it needs`() async throws {
        let tpm = try await TestTPM()
        #expect(try Tool.tpm2(tpm, "/usr/bin/tpm2_changeauth", "-c", "owner", "secret").status == 0)
        let platform = try TestLaunch.platform(tpm)
        #expect(throws: PlatformError.tpmNeedsPassword(step: "CreatePrimary")) { try platform.sealingKey() }
        #expect(try !platform.evidence(for: TestLaunch.binding(platform)).isEmpty, "attestation needs no owner")
    }

    @Test func `that is not there is said so`() throws {
        for text in ["swtpm:path=/nowhere/tpm.sock", "swtpm:host=127.0.0.1,port=1", "device:/nowhere/tpm0", "device:/dev/null"] {
            let options = try TPMOptions(address: TPMAddress(text))
            let error = #expect(throws: PlatformError.self) {
                try TPMPlatform(options: options, measurement: TestLaunch.measurement(), genesis: .zero, home: "/nowhere")
            }
            #expect([1751, 1754].contains(error?.code), "\(text): \(error?.text ?? "")")
        }
    }
}
