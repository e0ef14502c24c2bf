import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What a platform measured: named registers, sorted by name.
///
/// | platform | registers |
/// | --- | --- |
/// | simulated | `label` |
/// | tpm | `pcr0` … `pcr23` as quoted |
/// | sev-snp | `measurement` |
/// | tdx | `mrtd`, `rtmr0` … `rtmr3` |
/// | sgx | `mrenclave`, `mrsigner` |
/// | nitro | `pcr0` … `pcr31` as documented |
/// | azure-snp, azure-tdx | the processor's, and the virtual TPM's as `pcr0` … |
package struct Measurement: Sendable, Equatable {
    package let platform: EvidencePlatform
    package let registers: [String: [UInt8]]

    package init(platform: EvidencePlatform, registers: [String: [UInt8]]) {
        (self.platform, self.registers) = (platform, registers)
    }

    /// The 32-byte name of all registers.
    package var hash: Hash32 { Self.hash(platform, registers) }

    /// The 32-byte name of `registers` on `platform`.
    package static func hash(_ platform: EvidencePlatform, _ registers: [String: [UInt8]]) -> Hash32 {
        var digest = Digest(.measurement)
        digest.updateWithLength(Array(platform.rawValue.utf8))
        digest.update(bigEndian: UInt32(registers.count))
        for (name, value) in registers.sorted(by: { $0.key < $1.key }) {
            digest.updateWithLength(Array(name.utf8))
            digest.updateWithLength(value)
        }
        return digest.finalize()
    }
}

/// What a chain expects of one build of the enclave on one platform: every named register with its value.
package struct ReferenceValue: Sendable, Equatable {
    package let platform: EvidencePlatform
    package let registers: [String: [UInt8]]

    package init(platform: EvidencePlatform, registers: [String: [UInt8]]) {
        (self.platform, self.registers) = (platform, registers)
    }

    /// Reads the wire form: at least one register, names sorted and unique, values of 1 to 64 bytes, and those registers among them without
    /// which the platform vouches for any program.
    package init(_ wire: WireReferenceMeasurement) throws(AttestationError) {
        guard let platform = EvidencePlatform(rawValue: wire.platform) else { throw .unsupportedPlatform }
        let names = wire.registers.map(\.name)
        guard !names.isEmpty, names.count <= 32, zip(names, names.dropFirst()).allSatisfy({ $0 < $1 }),
            names.allSatisfy({ 1...16 ~= $0.utf8.count }), wire.registers.allSatisfy({ 1...64 ~= $0.value.count })
        else { throw .malformed }
        guard platform.isDecided(by: Set(names)) else { throw .malformed }
        let pairs = wire.registers.map { ($0.name, [UInt8]($0.value)) }
        // Rising names are unique.
        self.init(platform: platform, registers: Dictionary(uniqueKeysWithValues: pairs))
    }

    package var wire: WireReferenceMeasurement {
        var wire = WireReferenceMeasurement()
        wire.platform = platform.rawValue
        wire.registers = registers.sorted { $0.key < $1.key }.map { name, value in
            var register = WireMeasurementRegister()
            register.name = name
            register.value = .init(value)
            return register
        }
        return wire
    }

    /// The 32-byte measurement that identities of this build carry.
    package var hash: Hash32 { Measurement.hash(platform, registers) }

    /// Whether every register named here was measured with this value.
    package func matches(_ measurement: Measurement) -> Bool {
        measurement.platform == platform && !registers.isEmpty && registers.allSatisfy { measurement.registers[$0.key] == $0.value }
    }
}

/// The measurements a chain accepts, and the TPM attestation keys it has enrolled: governance state.
package struct ReferenceValues: Sendable, Equatable {
    package var values: [ReferenceValue]
    /// Names (TPM 2.0 part 1 §16: algorithm and hash of the public area) of keys that were activated against their endorsement key.
    package var attestationKeys: Set<[UInt8]>

    package init(_ values: [ReferenceValue] = [], attestationKeys: Set<[UInt8]> = []) {
        (self.values, self.attestationKeys) = (values, attestationKeys)
    }

    /// Whether `measurement` meets one of the values.
    package func contain(_ measurement: Measurement) -> Bool { values.contains { $0.matches(measurement) } }
}
