import EnclavePlatforms
import Primitives
import TestVectors
import Testing

@Suite struct `Forms of the TPM platform` {
    @Test func `name only TPMs, never a library to load`() throws {
        for text in ["device:/dev/tpmrm0", "swtpm:host=127.0.0.1,port=2321", "swtpm:path=/run/tpm.sock"] {
            #expect(try TPMAddress(text).description == text)
        }
        let bad = [
            "", "tpm", "device", "device:", "device:tpm0", "mssim:host=a,port=1", "cmd:sh -c id", "libevil.so:x", "swtpm:", "swtpm:host=a",
            "swtpm:port=1,host=", "swtpm:host=a,port=0", "swtpm:host=a,port=65536", "swtpm:host=a,port=1,port=2",
            "swtpm:path=a,host=b,port=1",
            "device:/dev/tpm 0", "device:/" + String(repeating: "x", count: 200),
        ]
        for text in bad { #expect(throws: PlatformError.badTPMAddress(text)) { try TPMAddress(text) } }
    }

    @Test func `choose registers that exist and cannot be reset`() throws {
        #expect(try TPMOptions().selection == [0, 2, 4, 7, 13])
        #expect(try TPMOptions(bootRegisters: [7, 0, 7], launchRegister: 5).selection == [0, 5, 7])
        #expect(try TPMOptions.registers("") == [] && TPMOptions.registers("0,23") == [0, 23])
        for text in ["24", "-1", "1,", "a", "1 ,2", String(repeating: "1,", count: 60)] {
            #expect(throws: PlatformError.self) { try TPMOptions.registers(text) }
        }
        for launch in [16, 23, 24, -1, 7] {
            #expect(throws: PlatformError.self) { try TPMOptions(launchRegister: launch) }
        }
    }

    @Test func `read a sealed key's file in one form only`() throws {
        let content = SealedKeyFile.Content(registers: [0, 13], secret: TPMSealedSecret(publicArea: [1, 2], privateArea: [3]))
        let bytes = SealedKeyFile.encode(content)
        #expect(try SealedKeyFile.decode(bytes) == content)
        #expect(String(decoding: bytes, as: UTF8.self) == "jupiter sealed key, version 1, tpm\n0,13\n0102\n03\n")
        HostileBytes.each([bytes]) { bytes in
            if let content = try? SealedKeyFile.decode(bytes) { #expect(SealedKeyFile.encode(content) == bytes) }
        }
    }

    @Test func `read a challenge in one form only`() throws {
        let good: [UInt8] = [0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1, 0, 2, 7, 7, 0, 1, 9]
        _ = try TPMCredential(good)
        for count in 0..<good.count { #expect(throws: PlatformError.credentialRefused) { try TPMCredential(Array(good.prefix(count))) } }
        #expect(throws: PlatformError.credentialRefused) { try TPMCredential(good + [0]) }
        HostileBytes.each([good]) { _ = try? TPMCredential($0) }
    }

    @Test func `understand the TPM's answers`() {
        let meanings: [(UInt32, TPMResponse.Meaning)] = [
            (0, .success), (0x902, .noSlot), (0x903, .noSlot), (0xb0902, .noSlot), (0x922, .busy), (0x908, .busy), (0x921, .lockedOut),
            (0x100, .notStarted), (0x98e, .badPassword), (0x9a2, .badPassword), (0x99d, .policyFailed), (0x1df, .integrityFailed),
            (0x18b, .badHandle), (0xa000a, .connectionLost), (0xa0008, .connectionLost), (0x70001, .other), (0x101, .other),
        ]
        for (value, meaning) in meanings { #expect(TPMResponse(value: value).meaning == meaning, "0x\(String(value, radix: 16))") }
    }

    @Test func `measure all code of this process, whose names and bytes count`() throws {
        let own = try LaunchMeasurement.ofThisProcess()
        #expect(
            own.components.contains { $0.name.hasPrefix("libc.so") }
                && own.components.contains { $0.name == "libsodium.so.23" || $0.name.hasPrefix("libsodium") })
        #expect(try LaunchMeasurement.ofThisProcess() == own)
        let more = try LaunchMeasurement.ofThisProcess(and: ["/bin/sh"])
        // The shell, and nothing that this process is not loaded with too.
        #expect(more.components.count == own.components.count + 1 && more.digest != own.digest)
        #expect(throws: PlatformError.launchNotMeasured(path: "/nowhere")) { try LaunchMeasurement.ofThisProcess(and: ["/nowhere"]) }
        #expect(throws: PlatformError.launchNotMeasured(path: "/etc/hostname")) {
            try LaunchMeasurement.ofThisProcess(and: ["/etc/hostname"])
        }
        let (a, b) = (LaunchMeasurement.Component(name: "a", digest: .zero), LaunchMeasurement.Component(name: "b", digest: .zero))
        #expect(LaunchMeasurement(components: [a, b]) == LaunchMeasurement(components: [b, a]))
        #expect(LaunchMeasurement(components: [a]).digest != LaunchMeasurement(components: [b]).digest)
    }
}
