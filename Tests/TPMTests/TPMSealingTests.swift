import Crypto
import EnclavePlatforms
import Foundation
import Primitives
import Testing

@Suite struct `Sealing in a TPM` {
    private func bytes(_ key: SymmetricKey) -> [UInt8] { key.withUnsafeBytes { [UInt8]($0) } }

    @Test func `gives the same key again, also after the TPM was restarted`() async throws {
        let tpm = try await TestTPM()
        let first = try TestLaunch.platform(tpm).sealingKey()
        #expect(bytes(try TestLaunch.platform(tpm).sealingKey()) == bytes(first))
        try await tpm.restart()
        #expect(bytes(try TestLaunch.platform(tpm).sealingKey()) == bytes(first))
        let file = try String(contentsOfFile: tpm.home + "/sealing-key.tpm", encoding: .utf8)
        #expect(!file.contains(Hex.encode(bytes(first))))
    }

    @Test func `is refused to a changed program`() async throws {
        let tpm = try await TestTPM()
        _ = try TestLaunch.platform(tpm).sealingKey()
        #expect(throws: PlatformError.launchRegisterTaken(13)) { try TestLaunch.platform(tpm, program: "changed") }
        try await tpm.restart()
        let changed = try TestLaunch.platform(tpm, program: "changed")
        #expect(throws: PlatformError.sealedForOtherSoftware) { try changed.sealingKey() }
    }
}
