import CDevices
import Primitives

/// Looks at a machine and says what an enclave can stand on. It changes nothing.
package struct Doctor: Sendable {
    private let machine: Machine
    private let tpm: TPMAddress?
    private let options: TPMOptions?
    private let lockableMemory: UInt64?

    /// - Parameters:
    ///   - root: before every path of the system; empty but in tests.
    ///   - tpm: which TPM to ask; without, the system's own.
    ///   - lockableMemory: bytes that a process may lock; `nil` for no limit.
    package init(root: String = "", tpm: TPMAddress? = nil, lockableMemory: UInt64?) {
        (machine, self.tpm, self.lockableMemory) = (Machine(root: root), tpm, lockableMemory)
        options = try? TPMOptions()
    }

    /// Bytes that this process may lock in memory; `nil` for no limit.
    package static var lockableMemory: UInt64? {
        let limit = jupiter_lockable_memory()
        return limit == .max ? nil : limit
    }

    package func examine() -> MachineReport {
        MachineReport(
            platforms: [simulated, trustedPlatformModule, secureNestedPaging, trustDomain, nitro],
            checks: SystemChecks(machine: machine, lockableMemory: lockableMemory).all)
    }

    // MARK: Platforms

    private var simulated: MachineReport.Platform {
        var platform = MachineReport.Platform(
            name: "simulated", label: "simulated", assurance: "none", state: .ready, sealing: "a file beside the vault")
        platform.found = ["always there; nothing vouches for it, and only chains that allow it accept it"]
        return platform
    }

    private var trustedPlatformModule: MachineReport.Platform {
        let address = tpm ?? .standard
        let module: (properties: TPMProperties, certificate: Bool, register: Hash32?)
        do throws(PlatformError) { module = try ask(address) } catch { return unreachable(address, error) }
        let isSoftware = module.properties.isSoftware || address.isSoftware
        var platform = MachineReport.Platform(
            name: "tpm", label: isSoftware ? "tpm (software)" : "tpm", assurance: isSoftware ? "none" : "measured", state: .ready,
            sealing: "the TPM, for the measured launch alone")
        let properties = module.properties
        platform.found = ["\(properties.manufacturer) \(properties.model), firmware \(properties.firmware), at \(address)"]
        platform.found.append(module.certificate ? "endorsement certificate" : "no endorsement certificate")
        if isSoftware { platform.found.append("software: its keys are files of whoever runs it") }
        if !module.certificate, !isSoftware {
            platform.next.append("get the endorsement certificate from the manufacturer: without it nothing vouches for this TPM")
        }
        if !properties.hasSHA256 {
            platform.state = .incomplete
            platform.next.insert(PlatformError.tpmBankMissing.reason, at: 0)
        }
        if let register = module.register, let options {
            platform.found.append("register \(options.launchRegister) is \(register == .zero ? "free" : "in use")")
        }
        if properties.lockoutCounter > 0 { platform.found.append("\(properties.lockoutCounter) wrong passwords so far") }
        return platform
    }

    private func ask(
        _ address: TPMAddress
    ) throws(PlatformError) -> (properties: TPMProperties, certificate: Bool, register: Hash32?) {
        if case .device(let path) = address, !machine.exists(path) { throw .deviceMissing(path: path) }
        let tpm = TPM(address, milliseconds: 10_000)
        let properties = try tpm.properties()
        let register = options?.launchRegister ?? TPMOptions.standardLaunchRegister
        return (properties, try tpm.endorsementCertificate() != nil, properties.hasSHA256 ? try tpm.registers([register])[register] : nil)
    }

    private func unreachable(_ address: TPMAddress, _ error: PlatformError) -> MachineReport.Platform {
        var platform = MachineReport.Platform(
            name: "tpm", label: "tpm", assurance: "measured", state: .incomplete, sealing: "the TPM, for the measured launch alone")
        platform.found = [error.reason]
        guard case .deviceMissing(let path) = error else {
            platform.next =
                address.isSoftware
                ? ["start swtpm (Debian: swtpm, swtpm-tools), or correct the address"]
                : ["give this user access: Debian's group is tss (usermod -aG tss USER)", "end programs that keep the device open"]
            return platform
        }
        platform.state = .absent
        platform.next = [
            machine.exists("/sys/class/tpm/tpm0")
                ? "the kernel has a TPM but no \(path): load the driver (modprobe tpm_crb or tpm_tis)"
                : "switch the TPM (fTPM, PTT) on in the firmware; to try it without one: swtpm and --tpm swtpm:…"
        ]
        return platform
    }

    private var secureNestedPaging: MachineReport.Platform {
        var platform = MachineReport.Platform(
            name: "sev-snp", label: "sev-snp", assurance: "confidential", state: .absent,
            sealing: "the secure processor's derived key (/dev/sev-guest)")
        guard machine.exists("/dev/sev-guest") || machine.hasProcessorFlag("sev_snp") else {
            platform.found = ["this is no SEV-SNP guest"]
            platform.next = ["run the enclave in a virtual machine with SEV-SNP (AMD EPYC 9004 or later)"]
            return platform
        }
        platform.found = ["SEV-SNP guest"]
        if !machine.mayUse("/dev/sev-guest") { platform.next.append("modprobe sev-guest, and give this user /dev/sev-guest") }
        return reporting(platform)
    }

    private var trustDomain: MachineReport.Platform {
        var platform = MachineReport.Platform(
            name: "tdx", label: "tdx", assurance: "confidential", state: .absent,
            sealing: "none: TDX has no key that survives a restart, keys come from the locality's other enclaves")
        guard machine.exists("/dev/tdx_guest") || machine.hasProcessorFlag("tdx_guest") else {
            platform.found = ["this is no TDX guest"]
            platform.next = ["run the enclave in a virtual machine with Intel TDX"]
            return platform
        }
        platform.found = ["TDX guest"]
        return reporting(platform)
    }

    /// Both virtual machines give reports through the same part of the kernel.
    private func reporting(_ platform: MachineReport.Platform) -> MachineReport.Platform {
        var platform = platform
        if let kernel = machine.kernel, (kernel.major, kernel.minor) < (6, 7) {
            platform.next.append("Linux 6.7 or later is needed for reports; this is \(kernel.major).\(kernel.minor)")
        } else if !machine.exists("/sys/kernel/config") {
            platform.next.append("mount -t configfs none /sys/kernel/config")
        } else if !machine.exists(ReportFolder.standardPath) {
            platform.next.append("modprobe tsm, and the guest driver (sev-guest or tdx-guest)")
        } else if !machine.mayUse(ReportFolder.standardPath) {
            platform.next.append("reports need the administrator's rights over \(ReportFolder.standardPath)")
        }
        platform.state = platform.next.isEmpty ? .ready : .incomplete
        return platform
    }

    private var nitro: MachineReport.Platform {
        var platform = MachineReport.Platform(
            name: "nitro", label: "nitro", assurance: "confidential", state: .absent,
            sealing: "none: Nitro has no key that survives a restart, keys come from the locality's other enclaves")
        guard machine.exists("/dev/nsm") else {
            platform.found = ["this is no AWS Nitro enclave"]
            platform.next = ["run the enclave in a Nitro enclave (nitro-cli run-enclave, without --debug-mode)"]
            return platform
        }
        platform.found = ["Nitro security module"]
        platform.state = machine.mayUse("/dev/nsm") ? .ready : .incomplete
        if platform.state == .incomplete { platform.next = ["give this user /dev/nsm"] }
        return platform
    }
}
