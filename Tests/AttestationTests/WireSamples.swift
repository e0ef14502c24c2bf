import Attestation
import Foundation
import Primitives
import WireTypes

/// The committed vectors as the messages that travel on a chain.
struct WireSamples {
    let id: String
    let evidence: WireEvidence
    let vector: EvidenceVector

    private init(_ id: String, _ platform: EvidencePlatform, _ report: [UInt8], _ vector: EvidenceVector) {
        var evidence = WireEvidence()
        evidence.platform = platform.rawValue
        evidence.report = .init(report)
        (self.id, self.evidence, self.vector) = (id, evidence, vector)
    }

    static func all() throws -> [WireSamples] {
        let set = try VectorSet.committed()
        var samples: [WireSamples] = []
        for id in ["tdx-v4-uptodate", "tdx-v5-td15-uptodate", "sgx-v3-conf-swhardening"] {
            let vector = try set.vector(id)
            var wire = WireIntelQuote()
            wire.quote = Self.data(vector, .evidence)
            samples.append(WireSamples(id, id.hasPrefix("sgx") ? .sgx : .tdx, wire.encoded(), vector))
        }
        for id in ["snp-genoa-v5", "snp-milan-v3-vlek-aws", "snp-synth-good", "snp-milan-debug"] {
            let vector = try set.vector(id)
            var wire = WireSevSnpReport()
            wire.report = Self.data(vector, .evidence)
            wire.endorsementKey = Self.data(vector, .endorsementKey)
            wire.intermediate = Self.data(vector, .intermediate)
            samples.append(WireSamples(id, .sevSnp, wire.encoded(), vector))
        }
        let nitro = try set.vector("nitro-good-nonce")
        var document = WireNitroReport()
        document.document = Self.data(nitro, .evidence)
        samples.append(WireSamples("nitro-good-nonce", .nitro, document.encoded(), nitro))
        return try samples + [tpm(set), azure(set)]
    }

    static func data(_ vector: EvidenceVector, _ role: EvidenceFiles.Role) -> Data { Data(vector.files.files[role] ?? []) }

    private static func registers(_ concatenated: Data, _ indices: [UInt32]) -> [WirePcrValue] {
        indices.enumerated().map { position, index in
            var value = WirePcrValue()
            value.index = index
            value.value = Data(concatenated.dropFirst(position * 32).prefix(32))
            return value
        }
    }

    private static func tpm(_ set: VectorSet) throws -> WireSamples {
        let vector = try set.vector("tpm-ecc-good-2pcrs")
        var wire = WireTpmReport()
        wire.quote = data(vector, .tpmQuote)
        wire.signature = data(vector, .tpmSignature)
        wire.akPublic = data(vector, .attestationKey)
        wire.pcrs = registers(data(vector, .tpmRegisters), [11, 12])
        let certificates: [EvidenceFiles.Role] = [.endorsementCertificate, .endorsementIssuers]
        wire.ekCertificates = try certificates.flatMap { try EvidenceFiles.certificates([UInt8](data(vector, $0))) }.map { Data($0) }
        return WireSamples("tpm-ecc-good-2pcrs", .tpm, wire.encoded(), vector)
    }

    private static func azure(_ set: VectorSet) throws -> WireSamples {
        let vector = try set.vector("az-snp-milan")
        var wire = WireAzureVtpmReport()
        wire.hclReport = data(vector, .hclReport)
        wire.quote = data(vector, .azureQuote)
        wire.signature = data(vector, .azureSignature)
        wire.pcrs = registers(data(vector, .azureRegisters), Array(0..<24))
        wire.endorsementKey = data(vector, .endorsementKey)
        wire.intermediate = data(vector, .intermediate)
        return WireSamples("az-snp-milan", .azureSnp, wire.encoded(), vector)
    }

    /// Intel's collateral of one vector and a synthetic AMD list, each as anybody may submit it; valid at the time, under the anchors.
    static func endorsements() throws -> ([WireEndorsement], time: UInt64, anchors: TrustAnchors) {
        let set = try VectorSet.committed()
        let tdx = try set.vector("tdx-v4-uptodate")
        return (try intel(tdx), tdx.time, TrustAnchors(intel: tdx.anchors.intel))
    }

    static func intel(_ vector: EvidenceVector) throws -> [WireEndorsement] {
        func endorsement(
            _ kind: WireEndorsementKind, _ body: EvidenceFiles.Role, _ issuers: EvidenceFiles.Role? = nil
        ) throws -> WireEndorsement {
            var wire = WireEndorsement()
            wire.kind = kind
            wire.body = data(vector, body)
            if let issuers { wire.issuers = try EvidenceFiles.certificates([UInt8](data(vector, issuers))).map { Data($0) } }
            return wire
        }
        return [
            try endorsement(.intelRootCrl, .rootList), try endorsement(.intelPckCrl, .pckList, .pckListIssuers),
            try endorsement(.intelTcbInfo, .tcbInfo, .tcbSigners), try endorsement(.intelQeIdentity, .qeIdentity, .tcbSigners),
        ]
    }

    static func amdList() throws -> (WireEndorsement, EvidenceVector) {
        let vector = try VectorSet.committed().vector("snp-synth-good")
        var wire = WireEndorsement()
        wire.kind = .amdCrl
        wire.body = data(vector, .amdList)
        return (wire, vector)
    }
}
