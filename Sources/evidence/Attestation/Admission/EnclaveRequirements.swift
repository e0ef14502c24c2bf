import ChainTypes
import FoundationEssentials
import Primitives
import WireTypes

extension AssuranceClass: Comparable {
    package static func < (a: Self, b: Self) -> Bool {
        // In the order of declaration: none, measured, confidential.
        (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }
}

/// What a job demands of the enclaves that work for it: judged by the chain, and again by the enclaves themselves
/// (docs/spec/admission.md §5).
package struct EnclaveRequirements: Sendable, Equatable {
    /// The most enclaves that one job may name.
    package static let mostEnclaves = 8

    package let excludedPlatforms: [String]
    package let minimumAssurance: AssuranceClass
    /// How many enclaves come to the result; 1 where nobody has to confirm.
    package let confirmations: Int
    package let distinctPlatforms: Bool
    package let distinctOperators: Bool

    /// What `dataset` and `request` demand together: the stricter of each.
    ///
    /// - Throws: `admission.malformedDemand`.
    package init(dataset: WireEnclaveDemand, request: WireEnclaveDemand = WireEnclaveDemand()) throws(Refusal) {
        let minima = try [Self.assurance(dataset), Self.assurance(request)]
        excludedPlatforms = Set(dataset.excludedPlatforms + request.excludedPlatforms).sorted()
        minimumAssurance = minima.max() ?? .none
        confirmations = Int(max(1, dataset.confirmations, request.confirmations))
        distinctPlatforms = dataset.distinctPlatforms || request.distinctPlatforms
        distinctOperators = dataset.distinctOperators || request.distinctOperators
    }

    /// The assurance of a demand that has the one accepted form.
    private static func assurance(_ demand: WireEnclaveDemand) throws(Refusal) -> AssuranceClass {
        let names = demand.excludedPlatforms
        guard names.count <= 32, names.allSatisfy({ (1...Limits.identifier).contains($0.utf8.count) }),
            zip(names, names.dropFirst()).allSatisfy({ $0 < $1 }), demand.confirmations <= UInt32(mostEnclaves),
            let assurance = demand.minimumAssurance.isEmpty ? AssuranceClass.none : AssuranceClass(rawValue: demand.minimumAssurance)
        else { throw .admissionMalformedDemand }
        return assurance
    }

    package var wire: WireEnclaveDemand {
        var wire = WireEnclaveDemand()
        wire.excludedPlatforms = excludedPlatforms
        wire.minimumAssurance = minimumAssurance.rawValue
        wire.confirmations = UInt32(confirmations)
        (wire.distinctPlatforms, wire.distinctOperators) = (distinctPlatforms, distinctOperators)
        return wire
    }

    /// Returns if `enclave` may do the job.
    package func check(_ enclave: WireEnclave) throws(Refusal) {
        guard !excludedPlatforms.contains(enclave.identity.platform) else { throw .admissionPlatformExcluded }
        guard let assurance = AssuranceClass(rawValue: enclave.assurance), assurance >= minimumAssurance else {
            throw .admissionAssuranceTooLow
        }
    }

    /// Returns if `enclaves`, those that a request names, may confirm each other.
    ///
    /// All that are named differ, so that any that answer do.
    package func check(group enclaves: [WireEnclave]) throws(Refusal) {
        guard enclaves.count >= confirmations, enclaves.count <= Self.mostEnclaves else { throw .admissionWrongEnclaves }
        for enclave in enclaves { try check(enclave) }
        for (position, enclave) in enclaves.enumerated() {
            guard enclaves[..<position].allSatisfy({ differ($0, enclave) }) else { throw .admissionNotDistinct }
        }
    }

    /// Whether two enclaves are as different as is demanded: one vendor's break must not make both agree on a wrong result, nor one operator.
    package func differ(_ a: WireEnclave, _ b: WireEnclave) -> Bool {
        (!distinctPlatforms || !EvidencePlatform.fallTogether(a.identity.platform, b.identity.platform))
            && (!distinctOperators || a.operator != b.operator)
    }
}

extension Refusal {
    package static let admissionMalformedDemand = Refusal(
        2150, "admission.malformedDemand", "what is demanded of enclaves is not well formed: sorted names, a known class, at most 8")
    package static let admissionPlatformExcluded = Refusal(
        2151, "admission.platformExcluded", "the enclave's platform is excluded by the dataset, the request or the chain")
    package static let admissionAssuranceTooLow = Refusal(
        2152, "admission.assuranceTooLow", "the enclave's assurance class is below what is demanded")
    package static let admissionWrongEnclaves = Refusal(
        2153, "admission.wrongEnclaves", "the request names too few enclaves, too many, one twice, or not the one that answers")
    package static let admissionNotEnrolled = Refusal(
        2164, "admission.notEnrolled", "an enclave that the request names holds no key of the subject for the dataset")
    package static let admissionNotDistinct = Refusal(
        2154, "admission.notDistinct", "the enclaves named do not stand on different platforms or have different operators")
}
