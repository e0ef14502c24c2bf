import Attestation
import CDevices
import ChainTypes
import Crypto
import Cryptography
import FoundationEssentials
import Glibc
import Primitives
import WireTypes

/// An SEV-SNP guest: AMD's secure processor reports on the guest's launch and derives its sealing key.
package struct SNPPlatform: EvidenceSource, SealingKeySource {
    /// Mixed into the sealing key (MSG_KEY_REQ, GUEST_FIELD_SELECT): the guest's policy and its launch measurement. Firmware versions
    /// are not, so an update of the firmware loses no vault.
    private static let keyFields: UInt64 = 1 << 0 | 1 << 3
    private static let standardDevice = "/dev/sev-guest"

    package let reference: ReferenceValue
    private let kernel: KernelReport
    private let device: String
    private let genesis: Hash32
    private let certificates: SNPCertificates

    package var platform: String { EvidencePlatform.sevSnp.rawValue }

    /// Asks for a first report, for the guest's own measurement.
    /// - Parameter certificates: a folder with `endorsement-key.der` and `intermediate.der`, for hosts that hand out none.
    package init(genesis: Hash32, certificates: String?) throws(PlatformError) {
        try self.init(
            genesis: genesis, certificates: certificates, entries: ReportFolder(), device: Self.standardDevice)
    }

    /// With the kernel's interfaces at other places.
    package init(genesis: Hash32, certificates: String?, entries: any ReportEntries, device: String) throws(PlatformError) {
        kernel = KernelReport(files: entries)
        (self.genesis, self.device, self.certificates) = (genesis, device, SNPCertificates(folder: certificates))
        let answer = try kernel.report(on: [UInt8](repeating: 0, count: 64), from: .amd)
        reference = ReferenceValue(platform: .sevSnp, registers: try Self.registers(answer.report))
    }

    /// Where the measurement is in a report (notes of SEV-SNP ABI, table 23).
    package static func registers(_ report: [UInt8]) throws(PlatformError) -> [String: [UInt8]] {
        guard report.count == 1184 else { throw .malformedReport }
        return ["measurement": Array(report[0x90..<0xc0])]
    }

    package func evidence(for binding: AttestationBinding) throws(PlatformError) -> [UInt8] {
        let answer = try kernel.report(on: binding.bytes64, from: .amd)
        _ = try Self.registers(answer.report)
        let chain = try certificates.chain(table: answer.auxiliary)
        var report = WireSevSnpReport()
        report.report = .init(answer.report)
        report.endorsementKey = .init(chain.endorsementKey)
        report.intermediate = .init(chain.intermediate)
        return report.encoded()
    }

    package func sealingKey() throws(PlatformError) -> SymmetricKey {
        let descriptor = open(device, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? .deviceMissing(path: device) : .deviceRefused(path: device, system: errno)
        }
        defer { close(descriptor) }
        var (secret, firmware) = ([UInt8](repeating: 0, count: 32), UInt64(0))
        defer { explicit_bzero(&secret, secret.count) }
        let failure = jupiter_snp_derived_key(descriptor, Self.keyFields, &secret, &firmware)
        guard failure == 0 else { throw firmware != 0 ? .firmwareRefused(firmware) : .deviceRefused(path: device, system: failure) }
        return KeyDerivation.derive(SymmetricKey(data: secret), context: .platformSealing, identifier: genesis.bytes)
    }
}

/// Where the certificates of an SEV-SNP report's key come from: the host's table, or the operator's folder.
struct SNPCertificates: Sendable {
    private static let maximumCertificate = 4096

    let folder: String?

    func chain(table: [UInt8]) throws(PlatformError) -> (endorsementKey: [UInt8], intermediate: [UInt8]) {
        if let folder {
            return (try read("\(folder)/endorsement-key.der"), try read("\(folder)/intermediate.der"))
        }
        let found = SNPCertificateTable.read(table)
        guard let key = found[.cloudKey] ?? found[.chipKey], let intermediate = found[.intermediate] else {
            throw .certificatesMissing
        }
        return (key, intermediate)
    }

    private func read(_ path: String) throws(PlatformError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .deviceRefused(path: path, system: errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.maximumCertificate + 1)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0, count <= Self.maximumCertificate else { throw .certificatesMissing }
        return Array(bytes[..<count])
    }
}
