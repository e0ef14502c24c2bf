import Attestation
import CDevices
import ChainTypes
import EnclavePlatforms
import EnclaveSandbox
import Foundation
import Glibc
import Primitives
import TestVectors
import Testing
import WireTypes

/// Stands for the Nitro security module in tests. It signs nothing: its document repeats the request.
private struct SimulatedSecurityModule: SecurityModule {
    static func bytes(_ content: [UInt8]) -> [UInt8] {
        let count = content.count
        return (count < 24 ? [0x40 | UInt8(count)] : count < 256 ? [0x58, UInt8(count)] : [0x59, UInt8(count >> 8), UInt8(count & 0xff)])
            + content
    }
    static func text(_ string: String) -> [UInt8] { [0x60 | UInt8(string.utf8.count)] + Array(string.utf8) }

    func answer(_ request: [UInt8]) -> [UInt8] {
        let pcrs = [0xa1, 0x00, 0x58, 48] + [UInt8](repeating: 0x33, count: 48)
        let payload = [0xa2] + Self.text("pcrs") + pcrs + Self.text("user_data") + Self.bytes(request)
        let document = [0x84, 0x40, 0xa0] + Self.bytes(payload) + [0x40]
        return [0xa1] + Self.text("Attestation") + [0xa1] + Self.text("document") + Self.bytes(document)
    }
}

@Suite struct `A Nitro enclave` {
    @Test func `asks for a document in the module's words`() {
        #expect(
            Hex.encode(NSMRequest.attestation(userData: [1, 2], nonce: [UInt8](repeating: 7, count: 32), publicKey: []))
                == "a16b4174746573746174696f6ea369757365725f646174614201" + "02656e6f6e63655820" + String(repeating: "07", count: 32)
                + "6a7075626c69635f6b6579f6")
    }

    @Test func `gets evidence that binds its keys, and no sealing key`() throws {
        let platform = try NitroPlatform(module: SimulatedSecurityModule())
        #expect(platform.measurement == Measurement.hash(.nitro, ["pcr0": [UInt8](repeating: 0x33, count: 48)]))
        let binding = AttestationBinding(chainID: "jupiter-test", identity: WireEnclaveIdentity(), height: 1, block: .zero)
        let report = try WireNitroReport(strictly: platform.evidence(for: binding), limit: 8192)
        #expect(report.document.range(of: Data(binding.bytes64)) != nil)
        #expect(throws: PlatformError.noSealing(platform: "nitro")) { try platform.sealingKey() }
    }

    @Test func `takes no answer for more than it is`() {
        let refused: [UInt8] = [0xa1, 0x65] + Array("Error".utf8) + [0x70] + Array("InvalidOperation".utf8)
        #expect(throws: PlatformError.securityModuleRefused("InvalidOperation")) { try NSMRequest.document(refused) }
        let good = SimulatedSecurityModule().answer([1, 2, 3])
        HostileBytes.each([good, refused]) { bytes in
            let outcome = Result { try NitroPlatform.registers(NSMRequest.document(bytes)) }
            if case .failure(let error) = outcome { #expect([1784, 1787].contains((error as? PlatformError)?.code)) }
        }
    }

    @Test func `is refused where there is no module`() {
        #expect(throws: PlatformError.deviceMissing(path: "/nowhere/nsm")) { try NitroDevice(path: "/nowhere/nsm").answer([0xf6]) }
        #expect(throws: PlatformError.deviceRefused(path: "/dev/null", system: ENOTTY)) {
            try NitroDevice(path: "/dev/null").answer([0xf6])
        }
    }

    @Test func `is asked by the request that the launcher's filter lets pass`() {
        #expect(SystemCalls.securityModuleRequest == UInt64(jupiter_nsm_number()))
    }
}
