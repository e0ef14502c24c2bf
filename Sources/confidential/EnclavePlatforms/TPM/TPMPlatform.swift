import ChainTypes
import Crypto
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// A TPM 2.0: measures the enclave's launch, quotes it, and keeps its sealing key.
///
/// It vouches for what was started on this machine, not for what one process may do later: whoever administers the running system
/// can use the same TPM. Its assurance class is `measured`; of a software TPM, `none`.
package struct TPMPlatform: EvidenceSource, SealingKeySource {
    private static let maximumRaces = 5

    package let options: TPMOptions
    /// What stands for the enclave in its identity.
    package let measurement: Hash32
    /// Whether the TPM itself says that it is software.
    package let isSoftware: Bool

    private let tpm: TPM
    private let label: Hash32
    private let launched: Hash32
    private let resets: UInt32
    private let file: SealedKeyFile

    package var platform: String { "tpm" }

    /// Measures the launch: extends the launch register with `measurement` and with the chain's `genesis`.
    ///
    /// The register is left alone when it holds exactly that already: the same enclave was launched before, since the machine's start.
    /// - Parameter home: where the sealed key lies.
    /// - Throws: `launchRegisterTaken` when it holds anything else.
    package init(
        options: TPMOptions, measurement: LaunchMeasurement, genesis: Hash32, home: String, milliseconds: Int32 = TPM.patience
    ) throws(PlatformError) {
        let tpm = TPM(options.address, milliseconds: milliseconds)
        let digests = [measurement.digest, Self.configuration(genesis)]
        let expected = Self.register(after: digests)
        let register = options.launchRegister
        let found = try tpm.perform { (tpm) throws(PlatformError) -> (Bool, UInt32) in
            let properties = try tpm.properties()
            guard properties.hasSHA256 else { throw .tpmBankMissing }
            let before = try tpm.read([register])[register]
            if before != expected {
                guard before == .zero else { throw .launchRegisterTaken(register) }
                for digest in digests { try tpm.extend(register, with: digest) }
                guard try tpm.read([register])[register] == expected else { throw .launchRegisterTaken(register) }
            }
            return (properties.isSoftware, try tpm.resetCount())
        }
        (self.options, self.measurement, self.tpm) = (options, measurement.digest, tpm)
        (isSoftware, resets) = (found.0 || options.address.isSoftware, found.1)
        label = Digest.hash(.attestationKeyLabel, genesis.bytes)
        launched = expected
        file = SealedKeyFile(home: home)
    }

    /// What the chain adds to the measured launch: programs measured for one chain are not those of another.
    package static func configuration(_ genesis: Hash32) -> Hash32 { Digest.hash(.launchConfiguration, genesis.bytes) }

    /// The value of a register that was zero and then extended with `digests`.
    package static func register(after digests: [Hash32]) -> Hash32 {
        digests.reduce(.zero) { Digest.plain($0.bytes + $1.bytes) }
    }

    // MARK: Evidence

    package func evidence(for binding: AttestationBinding) throws(PlatformError) -> [UInt8] {
        let (selection, label, nonce) = (options.selection, label, binding.bytes32.bytes)
        return try tpm.perform { (tpm) throws(PlatformError) in
            for _ in 0..<Self.maximumRaces {
                let values = try checked(tpm, selection)
                let report = try tpm.withPrimary(.endorsement, TPMTemplate.attestationKey(label: label)) {
                    (key, area) throws(PlatformError) in
                    let quote = try tpm.quote(key: key, registers: selection, nonce: nonce)
                    return Self.report(quote, key: area, values)
                }
                // The quote holds the registers' hash only: values read beside it must not have changed meanwhile.
                guard try checked(tpm, selection) == values else { continue }
                var complete = report
                if let certificate = try tpm.endorsementCertificate() { complete.ekCertificates = [.init(certificate)] }
                return complete.encoded()
            }
            throw .tpmBusy
        }
    }

    /// The registers' values, if this is still the launch that the enclave was started with.
    private func checked(_ tpm: TPMConnection, _ selection: [Int]) throws(PlatformError) -> [Int: Hash32] {
        guard try tpm.resetCount() == resets else { throw .tpmWasReset }
        let values = try tpm.read(selection)
        guard values[options.launchRegister] == launched else { throw .launchRegisterTaken(options.launchRegister) }
        return values
    }

    private static func report(
        _ quote: (attested: [UInt8], signature: [UInt8]), key: [UInt8], _ values: [Int: Hash32]
    ) -> WireTpmReport {
        var report = WireTpmReport()
        report.quote = .init(quote.attested)
        report.signature = .init(quote.signature)
        report.akPublic = .init(key)
        report.pcrs = values.sorted { $0.key < $1.key }.map { index, value in
            var register = WirePcrValue()
            register.index = UInt32(index)
            register.value = .init(value.bytes)
            return register
        }
        return report
    }

    // MARK: Sealing

    package func sealingKey() throws(PlatformError) -> SymmetricKey {
        if let stored = try file.read() {
            let secret = try tpm.perform { (tpm) throws(PlatformError) in
                guard try tpm.resetCount() == resets else { throw .tpmWasReset }
                return try tpm.unseal(stored.secret, registers: stored.registers)
            }
            guard let key = try? AuthenticatedEncryption.key(secret) else { throw .badSealedKey }
            return key
        }
        guard !file.vaultExists else { throw .sealedKeyMissing }
        let key = AuthenticatedEncryption.randomKey()
        let (secret, selection) = (key.withUnsafeBytes { [UInt8]($0) }, options.selection)
        let sealed = try tpm.perform { (tpm) throws(PlatformError) in
            let values = try checked(tpm, selection)
            let digest = Digest.plain(selection.flatMap { values[$0]?.bytes ?? [] })
            return try tpm.seal(secret, registers: selection, digest: digest)
        }
        try file.write(SealedKeyFile.Content(registers: selection, secret: sealed))
        return key
    }
}
