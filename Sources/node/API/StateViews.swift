import ChainTypes
import Cryptography
import FoundationEssentials
import Node
import Primitives
import WireTypes

/// A value of the state that the API shows as JSON.
protocol StateView: Encodable, SendableMetatype {
    associatedtype Wire
    init(_ wire: Wire)
}

struct DatasetView: StateView {
    struct Metadata: Encodable {
        let name, createdBy, dateCreated, contentType, description, encoding, language, licence: String
    }
    let dataset: String
    let owner: String
    let metadata: Metadata
    let schema: Data
    let schemaVersion: UInt32
    let residency: String
    let minimumCohort: UInt32
    /// What it demands of the enclaves that work on it.
    let demand: DemandView?
    let height: UInt64

    init(_ wire: WireDataset) {
        (dataset, owner, schema, schemaVersion) = (wire.dataset, address(wire.owner), wire.schema, wire.schemaVersion)
        let attributes = wire.metadata
        metadata = Metadata(
            name: attributes.name, createdBy: attributes.createdBy, dateCreated: attributes.dateCreated,
            contentType: attributes.contentType, description: attributes.description_p, encoding: attributes.encoding,
            language: attributes.language, licence: attributes.licence)
        residency =
            switch wire.residency {
            case .local: "local"
            case .results: "results"
            case .listed: "listed"
            case .unspecified, .UNRECOGNIZED: "unknown"
            }
        (minimumCohort, height) = (wire.minimumCohort, wire.height)
        demand = wire.hasDemand ? DemandView(wire.demand) : nil
    }
}

struct ProgramView: StateView {
    struct Manifest: Encodable {
        let name, version, kind, description: String
        let outputSchema: Data
        let fuel: UInt64
        let maximumOutput: UInt32
    }
    let codeHash: String
    let manifest: Manifest
    let publisher: String
    let commitment: String?
    let height: UInt64

    init(_ wire: WireProgram) {
        let kind =
            switch wire.manifest.kind {
            case .assessment: "assessment"
            case .subscription: "subscription"
            case .unspecified, .UNRECOGNIZED: "unknown"
            }
        (codeHash, publisher) = (Hex.encode(wire.codeHash), address(wire.publisher))
        (commitment, height) = (hash(wire.commitment), wire.height)
        manifest = Manifest(
            name: wire.manifest.name, version: wire.manifest.version, kind: kind, description: wire.manifest.description_p,
            outputSchema: wire.manifest.outputSchema, fuel: wire.manifest.fuel, maximumOutput: wire.manifest.maximumOutput)
    }
}

struct EnclaveView: StateView {
    struct VaultKey: Encodable {
        let suite: String
        let key: Data
    }
    let id: String
    let platform: String
    /// What its evidence honestly shows: `simulated`, `tpm (software)`, `sev-snp (Genoa)`.
    let label: String
    /// Only process isolation: nothing about it is attested by hardware.
    let simulated: Bool
    let assurance: String
    let status: String
    /// Why it is suspended.
    let suspension: String?
    /// Milliseconds of block time at which its evidence is too old.
    let expires: UInt64?
    let machine: String?
    let evidenceHash: String?
    let challengeHeight: UInt64
    let signingKey: String
    let vaultKey: VaultKey
    let measurement: String
    let `operator`: String
    let anchorNonce: String?
    let vaultVersion: UInt64
    let vaultRoot: String?
    /// The vault whose keys it holds.
    let vault: String?
    let height: UInt64

    init(_ wire: WireEnclave) {
        (id, platform, simulated) = (Hex.encode(wire.id), wire.identity.platform, wire.identity.platform == "simulated")
        status =
            switch wire.status {
            case .active: "active"
            case .suspended: "suspended"
            case .unspecified, .UNRECOGNIZED: "unknown"
            }
        (label, suspension) = (wire.label.isEmpty ? wire.identity.platform : wire.label, wire.suspension.isEmpty ? nil : wire.suspension)
        (expires, challengeHeight) = (wire.expires == 0 ? nil : wire.expires, wire.challengeHeight)
        (machine, evidenceHash) = (hash(wire.machine), hash(wire.evidenceHash))
        (signingKey, measurement) = (Hex.encode(wire.identity.signingKey), Hex.encode(wire.identity.measurement))
        vaultKey = VaultKey(suite: suiteName(wire.identity.vaultKey.suite), key: wire.identity.vaultKey.key)
        (`operator`, assurance) = (address(wire.operator), wire.assurance)
        (anchorNonce, vaultVersion, vaultRoot) = (hash(wire.anchorNonce), wire.vaultVersion, hash(wire.vaultRoot))
        vault = hash(wire.vault)
        height = wire.height
    }
}

struct LocalityView: StateView {
    let chainId: String
    let genesisHash: String
    let profile: String
    let engine: String
    let height: UInt64
    let headerHash: String
    let time: UInt64
    let epoch: UInt64
    let stateRoot: String
    let checkpoints: UInt64

    init(_ wire: WireLocality) {
        (chainId, genesisHash, height) = (wire.chainID, Hex.encode(wire.genesisHash), wire.height)
        profile = profileName(WireQuorumProfile(rawValue: Int(wire.profile)) ?? .unspecified)
        engine = WireConsensusKind(rawValue: Int(wire.consensus)).map(engineName) ?? "unknown"
        (headerHash, time, epoch) = (Hex.encode(wire.headerHash), wire.time, wire.epoch)
        (stateRoot, checkpoints) = (Hex.encode(wire.stateRoot), wire.checkpoints)
    }
}

struct RecordView: StateView {
    let record: String
    let dataset: String
    let owner: String
    let schemaVersion: UInt32
    let commitment: String?
    let size: UInt32
    let keyIndex: UInt32
    let keyEpoch: UInt32
    let status: String
    let height: UInt64

    init(_ wire: WireRecord) {
        (record, dataset, owner) = (Hex.encode(wire.record), wire.dataset, address(wire.owner))
        (schemaVersion, commitment, size, keyIndex) = (wire.schemaVersion, hash(wire.commitment), wire.size, wire.keyIndex)
        keyEpoch = wire.keyEpoch
        status =
            switch wire.status {
            case .live: "live"
            case .erased: "erased"
            case .unspecified, .UNRECOGNIZED: "unknown"
            }
        height = wire.height
    }
}

struct ConsentView: StateView {
    struct Scope: Encodable {
        let recipient, dataset: String
        let fields: [String]
        let purpose: String
        let programs: [String]
        let validFrom, validUntil: UInt64
        let maximumUses: UInt32
        let price: UInt64
        let localities: [String]
        let noticeHash: String?
        let language, legalBasis: String
        let retention: UInt64
        let onwardSharing: Bool
        let maximumOutputBytes: UInt64
    }
    let grant: String
    let subject: String
    let scope: Scope
    let status: String
    let version: UInt32
    let uses: UInt32
    let outputBytes: UInt64
    let transactionId: String
    let height: UInt64

    init(_ wire: WireConsent) {
        let terms = wire.scope
        scope = Scope(
            recipient: address(terms.recipient), dataset: terms.dataset, fields: terms.fields, purpose: terms.purpose,
            programs: terms.programs.map { Hex.encode($0) }, validFrom: terms.validFrom, validUntil: terms.validUntil,
            maximumUses: terms.maximumUses, price: terms.price, localities: terms.localities, noticeHash: hash(terms.noticeHash),
            language: terms.language, legalBasis: terms.legalBasis, retention: terms.retention, onwardSharing: terms.onwardSharing,
            maximumOutputBytes: terms.maximumOutputBytes)
        (grant, subject, version, uses) = (Hex.encode(wire.grant), address(wire.subject), wire.version, wire.uses)
        outputBytes = wire.outputBytes
        status =
            switch wire.status {
            case .active: "active"
            case .suspended: "suspended"
            case .withdrawn: "withdrawn"
            case .exhausted: "exhausted"
            case .unspecified, .UNRECOGNIZED: "unknown"
            }
        (transactionId, height) = (Hex.encode(wire.transactionID), wire.height)
    }
}

func suiteName(_ suite: WireSealingSuite) -> String {
    switch suite {
    case .x25519: "x25519"
    case .xwing: "xwing"
    case .unspecified, .UNRECOGNIZED: "unknown"
    }
}

/// What decides a chain's blocks.
func engineName(_ consensus: WireConsensusKind) -> String {
    switch consensus {
    case .simplex: "simplex"
    case .cometbft: "cometbft"
    case .UNRECOGNIZED: "unknown"
    }
}

func profileName(_ profile: WireQuorumProfile) -> String {
    switch profile {
    case .byzantine: "byzantine"
    case .crash: "crash"
    case .unspecified, .UNRECOGNIZED: "unknown"
    }
}
