import Attestation
import EnclavePlatforms
import EnclaveSandbox
import PlatformProtocol
import Primitives

/// Which platform the enclave stands on, as the command line says it.
struct PlatformOptions: Equatable {
    static let names = ["simulated", "tpm", "sev-snp", "tdx", "nitro"]
    static let options = ["--platform", "--tpm", "--tpm-registers", "--tpm-launch-register", "--snp-certificates"]
    static let help = """
          --platform NAME   simulated (the default), tpm, sev-snp, tdx or nitro
          --tpm ADDRESS     device:PATH, swtpm:host=HOST,port=PORT or swtpm:path=PATH (default: device:/dev/tpmrm0)
          --tpm-registers LIST
                            what was measured before the enclave: quoted, and sealed to (default: 0,2,4,7; '' for none)
          --tpm-launch-register N
                            what the launch is measured into; not 16 or 23, which can be reset (default: 13)
          --snp-certificates DIR
                            endorsement-key.der and intermediate.der, where the host hands out none
        """

    /// Why options do not fit together, for the person who wrote them.
    struct Misuse: Error { let reason: String }

    let name: String
    let tpm: TPMOptions?
    let snpCertificates: String?

    init(_ values: [String: String]) throws(Misuse) {
        name = values["--platform"] ?? "simulated"
        guard Self.names.contains(name) else { throw Misuse(reason: "--platform is one of \(Self.names.joined(separator: ", "))") }
        for option in Self.options.dropFirst() where values[option] != nil {
            let owner = option.hasPrefix("--tpm") ? "tpm" : "sev-snp"
            guard name == owner else { throw Misuse(reason: "\(option) goes with --platform \(owner)") }
        }
        snpCertificates = values["--snp-certificates"]
        tpm = name == "tpm" ? try Self.tpm(values) : nil
    }

    private static func tpm(_ values: [String: String]) throws(Misuse) -> TPMOptions {
        do throws(PlatformError) {
            let launch = try values["--tpm-launch-register"].map { (text) throws(PlatformError) in
                guard let number = UInt8(text) else { throw .badRegisters(text) }
                return Int(number)
            }
            return try TPMOptions(
                address: try values["--tpm"].map { (text) throws(PlatformError) in try TPMAddress(text) } ?? .standard,
                bootRegisters: try values["--tpm-registers"].map { (text) throws(PlatformError) in try TPMOptions.registers(text) }
                    ?? TPMOptions.standardBootRegisters,
                launchRegister: launch ?? TPMOptions.standardLaunchRegister)
        } catch { throw Misuse(reason: error.text) }
    }

    /// The platform, its launch measured, and the sealing key: without it there is nothing to start.
    /// - Parameters:
    ///   - genesis: the hash of the chain's genesis.
    ///   - programs: the enclave's other programs, by path.
    func open(home: String, genesis: Hash32, programs: [String]) throws -> OpenedPlatform {
        switch name {
        case "tpm":
            let options = try tpmOptions
            let platform = try TPMPlatform(
                options: options, measurement: LaunchMeasurement.ofThisProcess(and: programs), genesis: genesis, home: home)
            log(platform.isSoftware ? "platform tpm (software): it protects nothing from this machine's owner" : "platform tpm")
            return try Self.vouched(platform, platform.isSoftware ? .none : .measured, reaching: options.address.reach)
        case "sev-snp":
            return try Self.vouched(SNPPlatform(genesis: genesis, certificates: snpCertificates), .confidential, reaching: .reportFolder)
        case "tdx": return try Self.vouched(TDXPlatform(), .confidential, reaching: .reportFolder)
        case "nitro": return try Self.vouched(NitroPlatform(), .confidential, reaching: .securityModule)
        default:
            log("SIMULATED platform: process isolation only; whoever owns this machine can read what is inside")
            let platform = SimulatedPlatform(home: home)
            return try OpenedPlatform(platform, reaching: .nothing, key: platform.sealingKey())
        }
    }

    private static func vouched(
        _ platform: some EvidenceSource & SealingKeySource, _ assurance: AssuranceClass, reaching reach: LauncherReach
    ) throws -> OpenedPlatform {
        try OpenedPlatform(VouchedPlatform(platform, assurance), reaching: reach, key: platform.sealingKey())
    }

    /// What a chain that accepts this enclave on this machine names, as `jupiter governance propose --add-reference` reads it; `nil` for
    /// the simulated platform, which measures nothing.
    func reference(programs: [String]) throws -> String? {
        let value: ReferenceValue
        switch name {
        case "tpm": value = try TPMPlatform.reference(tpmOptions, launching: LaunchMeasurement.ofThisProcess(and: programs))
        case "sev-snp": value = try SNPPlatform(genesis: .zero, certificates: snpCertificates).reference
        case "tdx": value = try TDXPlatform().reference
        case "nitro": value = try NitroPlatform().reference
        default: return nil
        }
        let registers = value.registers.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\(Hex.encode($0.value))\"" }
        return #"{"platform":"\#(name)","registers":{\#(registers.joined(separator: ","))}}"#
    }

    private var tpmOptions: TPMOptions { get throws { if let tpm { tpm } else { try TPMOptions() } } }
}

extension TPMAddress {
    /// What commands to a TPM at this address take of the system.
    fileprivate var reach: LauncherReach {
        switch self {
        case .device: .device
        case .swtpm: isLocal ? .localSocket : .network
        }
    }
}
