import EnclavePlatforms
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
        do {
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

    /// The platform, its launch measured.
    /// - Parameters:
    ///   - genesis: the hash of the chain's genesis.
    ///   - programs: the enclave's other programs, by path.
    func open(home: String, genesis: Hash32, programs: [String]) throws -> any EnclavePlatform {
        switch name {
        case "tpm":
            guard let tpm else { preconditionFailure("the options of the TPM were read with the name") }
            let platform = try TPMPlatform(
                options: tpm, measurement: LaunchMeasurement.ofThisProcess(and: programs), genesis: genesis, home: home)
            log("platform tpm\(platform.isSoftware ? " (software: it protects nothing)" : ""), registers \(platform.registersText)")
            return try VouchedPlatform(platform, measurement: platform.measurement)
        case "sev-snp":
            let platform = try SNPPlatform(genesis: genesis, certificates: snpCertificates)
            return try VouchedPlatform(platform, measurement: platform.measurement)
        case "tdx":
            let platform = try TDXPlatform()
            return try VouchedPlatform(platform, measurement: platform.measurement)
        case "nitro":
            let platform = try NitroPlatform()
            return try VouchedPlatform(platform, measurement: platform.measurement)
        default:
            log("SIMULATED platform: process isolation only; whoever owns this machine can read what is inside")
            return SimulatedPlatform(home: home)
        }
    }
}
