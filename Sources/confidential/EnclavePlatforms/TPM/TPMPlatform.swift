import Attestation
import ChainTypes
import Crypto
import Cryptography
import FoundationEssentials
import Glibc
import Primitives
import WireTypes

/// A TPM 2.0: measures the enclave's launch, quotes it, and keeps its sealing key.
///
/// It vouches for what was started on this machine, not for what one process may do later: whoever administers the running system
/// can use the same TPM. Its assurance class is `measured`; of a software TPM, `none`.
package struct TPMPlatform: EvidenceSource, SealingKeySource {
    private static let maximumRaces = 5

    package let options: TPMOptions
    /// All quoted registers.
    package let reference: ReferenceValue
    /// Whether the TPM itself says that it is software.
    package let isSoftware: Bool

    private let tpm: TPM
    private let genesis: Hash32
    private let label: Hash32
    private let launched: Hash32
    private let resets: UInt32
    private let file: SealedKeyFile

    package var platform: String { EvidencePlatform.tpm.rawValue }

    /// Measures the launch: extends the launch register with `measurement`.
    ///
    /// The chain is not measured: a chain's genesis may name the launches it accepts, and so cannot be part of one. Evidence binds the
    /// chain, and the sealing key derives from it. The register is left alone when it holds exactly that already: the same enclave was launched before, since the machine's start.
    /// - Parameters:
    ///   - genesis: the hash of the chain's genesis.
    ///   - home: where the sealed key lies.
    ///   - milliseconds: what each task of the TPM may take.
    /// - Throws: `launchRegisterTaken` when it holds anything else.
    package init(
        options: TPMOptions, measurement: LaunchMeasurement, genesis: Hash32, home: String, milliseconds: Int32 = TPM.patience
    ) throws(PlatformError) {
        let tpm = TPM(options.address, milliseconds: milliseconds)
        let (digest, expected) = (measurement.digest, Self.launchRegister(after: measurement))
        let (register, selection) = (options.launchRegister, options.selection)
        let found = try tpm.perform { (tpm) throws(PlatformError) -> (isSoftware: Bool, resets: UInt32, values: [Int: Hash32]) in
            let properties = try tpm.properties()
            guard properties.hasSHA256 else { throw .tpmBankMissing }
            let before = try tpm.read([register])[register]
            if before != expected {
                guard before == .zero else { throw .launchRegisterTaken(register) }
                try tpm.extend(register, with: digest)
                guard try tpm.read([register])[register] == expected else { throw .launchRegisterTaken(register) }
            }
            return (properties.isSoftware, try tpm.resetCount(), try tpm.read(selection))
        }
        (self.options, self.tpm, self.genesis) = (options, tpm, genesis)
        (isSoftware, resets) = (found.isSoftware || options.address.isSoftware, found.resets)
        reference = Self.reference(found.values)
        label = TPM.label(genesis)
        launched = expected
        file = SealedKeyFile(home: home)
    }

    /// What an enclave with `measurement` would have as reference value on this machine, without measuring anything into its TPM.
    package static func reference(_ options: TPMOptions, launching measurement: LaunchMeasurement) throws(PlatformError) -> ReferenceValue {
        var values = try TPM(options.address).registers(options.bootRegisters)
        values[options.launchRegister] = launchRegister(after: measurement)
        return reference(values)
    }

    private static func reference(_ values: [Int: Hash32]) -> ReferenceValue {
        ReferenceValue(platform: .tpm, registers: Dictionary(uniqueKeysWithValues: values.map { ("pcr\($0)", $1.bytes) }))
    }

    /// The value of the launch register once `measurement` was extended into it: what reference values name.
    package static func launchRegister(after measurement: LaunchMeasurement) -> Hash32 {
        Digest.plain(Hash32.zero.bytes + measurement.digest.bytes)
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
        KeyDerivation.derive(try secret(), context: .platformSealing, identifier: genesis.bytes)
    }

    /// What the TPM keeps; made at the first start.
    private func secret() throws(PlatformError) -> SymmetricKey {
        if let stored = try file.read() {
            return try tpm.perform { (tpm) throws(PlatformError) in
                guard try tpm.resetCount() == resets else { throw .tpmWasReset }
                var secret = try tpm.unseal(stored.secret, registers: stored.registers)
                defer { explicit_bzero(&secret, secret.count) }
                guard let key = try? AuthenticatedEncryption.key(secret) else { throw .badSealedKey }
                return key
            }
        }
        guard !file.vaultExists else { throw .sealedKeyMissing }
        let key = AuthenticatedEncryption.randomKey()
        let selection = options.selection
        let sealed = try tpm.perform { (tpm) throws(PlatformError) in
            let values = try checked(tpm, selection)
            let digest = Digest.plain(selection.flatMap { values[$0]?.bytes ?? [] })
            var secret = key.withUnsafeBytes { [UInt8]($0) }
            defer { explicit_bzero(&secret, secret.count) }
            return try tpm.seal(secret, registers: selection, digest: digest)
        }
        try file.write(SealedKeyFile.Content(registers: selection, secret: sealed))
        return key
    }
}
