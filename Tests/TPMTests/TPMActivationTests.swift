import EnclavePlatforms
import Foundation
import Primitives
import Testing

@Suite struct `The attestation key of a TPM` {
    /// A challenge made by tpm2-tools from the endorsement key alone, as a verifier without a TPM would.
    private func challenge(_ tpm: TestTPM, _ name: [UInt8], secret: String) throws -> [UInt8] {
        let (key, plain, sealed) = (tpm.folder + "/ek.pub", tpm.folder + "/secret", tpm.folder + "/challenge")
        #expect(try Tool.tpm2(tpm, "/usr/bin/tpm2_readpublic", "-c", "0x81010001", "-o", key).status == 0)
        try Data(secret.utf8).write(to: URL(fileURLWithPath: plain))
        let made = try Tool.tpm2(
            tpm, "/usr/bin/tpm2_makecredential", "-u", key, "-s", plain, "-n", Hex.encode(name), "-o", sealed)
        #expect(made.status == 0, "\(made.output)")
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: sealed)))
    }

    @Test func `is proven to lie beside the certified endorsement key`() async throws {
        let tpm = try await TestTPM()
        let module = TPM(try tpm.address)
        let key = try module.attestationKey(genesis: TestLaunch.genesis)
        let challenge = try challenge(tpm, key.name, secret: "a secret of the verifier")
        #expect(try module.activate(challenge, genesis: TestLaunch.genesis) == Array("a secret of the verifier".utf8))
        #expect(throws: PlatformError.credentialRefused, "another chain's key") { try module.activate(challenge, genesis: .zero) }
        for index in stride(from: 0, to: challenge.count, by: 29) {
            var changed = challenge
            changed[index] ^= 1
            #expect(throws: PlatformError.credentialRefused) { try module.activate(changed, genesis: TestLaunch.genesis) }
        }
        let other = try await TestTPM(isNew: true)
        #expect(throws: PlatformError.credentialRefused, "another TPM") {
            try TPM(other.address).activate(challenge, genesis: TestLaunch.genesis)
        }
        #expect(try Tool.tpm2(tpm, "/usr/bin/tpm2_getcap", "handles-transient").output.isEmpty)
    }
}
