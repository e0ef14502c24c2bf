import FoundationEssentials
import WireTypes

extension WireAttestationRules {
    /// The longest that evidence may hold: a year, in milliseconds.
    package static let longestLifetime: UInt64 = 366 * 86_400_000
    /// The most entries of any list of the rules.
    private static let entries = 256

    /// The rules of a chain whose genesis names none: a week for evidence, a day for renewals, no Milan (its chips' seeds can be extracted,
    /// arXiv 2605.12990).
    package static func usual(_ genesis: WireGenesis) -> WireAttestationRules {
        var rules = WireAttestationRules()
        (rules.evidenceLifetime, rules.renewalGrace) = (7 * 86_400_000, 86_400_000)
        (rules.measurementDelay, rules.evidenceWindow) = (3_600, 256)
        rules.excludedProductLines = ["Milan"]
        rules.allowSoftwareTpm = genesis.allowSoftwareTpm
        rules.referenceValuesRequired = !genesis.allowSimulatedEnclaves && !genesis.allowSoftwareTpm
        return rules
    }

    /// Whether a chain of `genesis` can live with these rules: what the genesis does not allow they cannot allow either.
    package func isSensible(in genesis: WireGenesis) -> Bool {
        (60_000...Self.longestLifetime).contains(evidenceLifetime) && renewalGrace <= Self.longestLifetime
            && measurementDelay <= 100_000_000 && (1...256).contains(evidenceWindow) && maximumVmpl <= 3
            && (!allowSoftwareTpm || genesis.allowSoftwareTpm)
            && (referenceValuesRequired || genesis.allowSimulatedEnclaves || genesis.allowSoftwareTpm)
            && [tcbStatuses, excludedProductLines, excludedPlatforms, refusedAdvisories, floors.map(\.productLine)].allSatisfy(Self.isList)
            && floors.allSatisfy { $0.floor.count == 8 } && Self.isList(tpmRoots, longest: 4_096, entries: 16)
            && Self.isList(attestationKeys, longest: 66, entries: Self.entries)
    }

    private static func isList(_ names: [String]) -> Bool {
        names.count <= entries && names.allSatisfy { (1...Limits.identifier).contains($0.utf8.count) }
            && zip(names, names.dropFirst()).allSatisfy { $0 < $1 }
    }

    private static func isList(_ values: [Data], longest: Int, entries: Int) -> Bool {
        values.count <= entries && values.allSatisfy { (1...longest).contains($0.count) }
            && zip(values, values.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }
    }
}

extension WireReferenceMeasurement {
    /// Registers sorted by name, each once, of sizes that some platform has; whether the platform has them is the appraisal's to say.
    package var isWellFormed: Bool {
        let names = registers.map(\.name)
        return (1...Limits.identifier).contains(platform.utf8.count) && (1...32).contains(registers.count)
            && registers.allSatisfy { (1...16).contains($0.name.utf8.count) && (1...64).contains($0.value.count) }
            && zip(names, names.dropFirst()).allSatisfy { $0 < $1 }
    }
}
