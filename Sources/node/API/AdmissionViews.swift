import ChainTypes
import FoundationEssentials
import Primitives
import WireTypes

/// What a dataset or a request demands of enclaves.
struct DemandView: Encodable {
    let excludedPlatforms: [String]
    let minimumAssurance: String
    let confirmations: UInt32
    let distinctPlatforms, distinctOperators: Bool

    init(_ wire: WireEnclaveDemand) {
        (excludedPlatforms, confirmations) = (wire.excludedPlatforms, max(1, wire.confirmations))
        minimumAssurance = wire.minimumAssurance.isEmpty ? "none" : wire.minimumAssurance
        (distinctPlatforms, distinctOperators) = (wire.distinctPlatforms, wire.distinctOperators)
    }
}

struct ReferenceView: StateView {
    struct Register: Encodable {
        let name, value: String
    }
    let platform: String
    /// As identities carry it.
    let measurement: String
    let description: String
    let registers: [Register]
    let addedHeight: UInt64
    /// From this height on enclaves of this build may be given keys.
    let activeHeight: UInt64
    let revoked: Bool

    init(_ wire: WireReferenceValue) {
        (platform, measurement, description) = (wire.platform, Hex.encode(wire.measurement), wire.description_p)
        registers = wire.registers.map { Register(name: $0.name, value: Hex.encode($0.value)) }
        (addedHeight, activeHeight, revoked) = (wire.addedHeight, wire.activeHeight, wire.revoked)
    }
}

struct EndorsementView: StateView {
    let slot: String
    let number: UInt64
    let bytes: Int
    let height: UInt64
    /// Milliseconds since 1970 until which the vendor stands by it.
    let expires: UInt64

    init(_ wire: WireEndorsementEntry) {
        (slot, number, bytes) = (wire.slot, wire.number, wire.endorsement.count)
        (height, expires) = (wire.height, wire.expires)
    }
}

/// The rules of appraisal.
struct AttestationRulesView: Encodable {
    struct Floor: Encodable {
        let productLine, floor: String
    }
    let evidenceLifetime, measurementDelay, renewalGrace: UInt64
    let evidenceWindow: UInt32
    let tcbStatuses, excludedProductLines, excludedPlatforms, refusedAdvisories: [String]
    let floors: [Floor]
    let minimumTcbEvaluation: UInt64
    let referenceValuesRequired, allowSimulated, allowSoftwareTpm, requireSeptVeDisable, requireAliasCheck: Bool
    let maximumVmpl: UInt32
    let tpmRoots, attestationKeys: [String]

    init(_ wire: WireAttestationRules, genesis: Genesis) {
        (evidenceLifetime, measurementDelay, renewalGrace) = (wire.evidenceLifetime, wire.measurementDelay, wire.renewalGrace)
        (evidenceWindow, tcbStatuses) = (wire.evidenceWindow, wire.tcbStatuses.isEmpty ? ["UpToDate"] : wire.tcbStatuses)
        (excludedProductLines, excludedPlatforms) = (wire.excludedProductLines, wire.excludedPlatforms)
        (refusedAdvisories, minimumTcbEvaluation) = (wire.refusedAdvisories, wire.minimumTcbEvaluation)
        floors = wire.floors.map { Floor(productLine: $0.productLine, floor: Hex.encode($0.floor)) }
        referenceValuesRequired = wire.referenceValuesRequired
        (allowSimulated, allowSoftwareTpm) = (genesis.wire.allowSimulatedEnclaves, wire.allowSoftwareTpm)
        (requireSeptVeDisable, requireAliasCheck) = (wire.requireSeptVeDisable, wire.requireAliasCheck)
        maximumVmpl = wire.maximumVmpl
        (tpmRoots, attestationKeys) = (wire.tpmRoots.map { Hex.encode($0) }, wire.attestationKeys.map { Hex.encode($0) })
    }
}
