import ArgumentParser
import Attestation
import WireTypes

extension AssuranceClass: ExpressibleByArgument {}

/// Platforms by what people type.
enum Platforms {
    static func check(_ name: String) throws {
        guard EvidencePlatform(rawValue: name) == nil else { return }
        let names = EvidencePlatform.allCases.map(\.rawValue).joined(separator: ", ")
        throw CommandError.badArgument("there is no platform \(name); there are \(names)")
    }
}

/// What a dataset or a request demands of enclaves.
struct DemandOptions: ParsableArguments {
    @Option(
        name: .customLong("exclude-platform"),
        help: ArgumentHelp("No enclave on this platform; may be repeated.", valueName: "platform"))
    var excludedPlatforms: [String] = []
    @Option(help: "The least assurance class of enclaves: none, measured or confidential.")
    var minimumAssurance: AssuranceClass?
    @Option(help: "How many enclaves have to come to the same result.")
    var confirmations: UInt32?
    @Flag(help: "They stand on different platforms.")
    var distinctPlatforms = false
    @Flag(help: "Different operators answer for them.")
    var distinctOperators = false

    /// `nil` when nothing is demanded.
    var wire: WireEnclaveDemand? {
        get throws {
            guard !excludedPlatforms.isEmpty || minimumAssurance != nil || confirmations != nil || distinctPlatforms || distinctOperators
            else { return nil }
            for platform in excludedPlatforms { try Platforms.check(platform) }
            guard (1...UInt32(EnclaveRequirements.mostEnclaves)).contains(confirmations ?? 1) else {
                throw CommandError.badArgument("--confirmations is from 1 to \(EnclaveRequirements.mostEnclaves)")
            }
            var wire = WireEnclaveDemand()
            wire.excludedPlatforms = Set(excludedPlatforms).sorted()
            wire.minimumAssurance = minimumAssurance?.rawValue ?? ""
            wire.confirmations = confirmations ?? 0
            (wire.distinctPlatforms, wire.distinctOperators) = (distinctPlatforms, distinctOperators)
            return wire
        }
    }
}
