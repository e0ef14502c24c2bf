import Attestation
import Testing

/// A reader of outside bytes, and how mutated vectors reach it without anything before it that a signature guards.
struct EvidenceReader: Sendable, CustomTestStringConvertible {
    /// Of its source, below the module's folder.
    let file: String
    let samples: @Sendable (FuzzSeeds) throws -> [[UInt8]]
    /// Whether the bytes reached the reader; throws what it throws.
    let read: @Sendable ([UInt8]) throws -> Bool

    var testDescription: String { file }

    private init(
        _ file: String, _ samples: @escaping @Sendable (FuzzSeeds) throws -> [[UInt8]], _ read: @escaping @Sendable ([UInt8]) throws -> Bool
    ) { (self.file, self.samples, self.read) = (file, samples, read) }

    private init(_ file: String, of roles: EvidenceFiles.Role..., read: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.init(file, { $0.files(roles) }, Self.always(read))
    }

    private static func always(_ read: @escaping @Sendable ([UInt8]) throws -> Void) -> @Sendable ([UInt8]) throws -> Bool {
        {
            try read($0)
            return true
        }
    }

    /// Of what a certificate's extensions say: it sees mutated certificates that are still certificates.
    private static func extensions(
        _ file: String, _ samples: @escaping @Sendable (FuzzSeeds) throws -> [[UInt8]],
        read: @escaping @Sendable (VendorCertificate) throws -> Void
    ) -> EvidenceReader {
        EvidenceReader(file, samples) { bytes in
            guard let certificate = try? VendorCertificate(bytes) else { return false }
            try read(certificate)
            return true
        }
    }

    /// Of a member of Intel's JSON: it sees mutated documents that are still JSON.
    private static func member(
        _ name: String, _ file: String, of role: EvidenceFiles.Role, read: @escaping @Sendable (JsonValue) throws -> Void
    ) -> EvidenceReader {
        let reach: @Sendable ([UInt8]) throws -> Bool = { bytes in
            guard let content = try? JsonValue(bytes, limit: 1 << 20).object?[name] else { return false }
            try read(content)
            return true
        }
        return EvidenceReader(file, { $0.files([role]) }, reach)
    }

    /// All of them. Those that only serve another of the same folder name that one: `readersWithin`.
    static let all: [EvidenceReader] = certificates + json + platforms + files

    /// Sources that read bytes only for a reader of the list: which.
    static let readersWithin: [String: String] = [
        "Certificates/DERReading.swift": "Certificates/VendorCertificate.swift",
        "Certificates/CertificateExtensions.swift": "Certificates/VendorCertificate.swift",
        "Certificates/SignatureAlgorithm.swift": "Certificates/VendorCertificate.swift",
        "Certificates/VendorPublicKey.swift": "Certificates/CertificatePath.swift",
        "Encodings/ByteCursor.swift": "Intel/IntelQuoteReader.swift",
        "Encodings/JsonParser.swift": "Encodings/JsonValue.swift",
    ]

    private static let certificates: [EvidenceReader] = [
        EvidenceReader("Certificates/VendorCertificate.swift", { $0.certificates }, always { _ = try VendorCertificate($0) }),
        // Under the root itself, so that the signature is read whatever was changed.
        EvidenceReader(
            "Certificates/CertificatePath.swift", { $0.intelCertificates },
            always { bytes in _ = try CertificatePath(parsing: [bytes], anchors: TrustAnchors.pinned.intel, at: 1_750_852_800_000) }),
        EvidenceReader("Certificates/RevocationList.swift", of: .amdList, .pckList, .rootList) { _ = try RevocationList($0) },
        EvidenceReader("Encodings/PemChain.swift", of: .tcbSigners, .pckListIssuers) { _ = try PemChain.read($0) },
        extensions("SevSnp/AmdEndorsementKey.swift", { $0.files([.endorsementKey]) }, read: { _ = try AmdEndorsementKey($0) }),
        extensions("Intel/PckCertificate.swift", { $0.platformKeys }, read: { _ = try PckCertificate($0) }),
        extensions("Tpm/TpmEvidence.swift", { $0.files([.endorsementCertificate]) }, read: { _ = try TpmEvidence.model($0) }),
    ]

    private static let json: [EvidenceReader] = [
        EvidenceReader("Encodings/JsonValue.swift", of: .tcbInfo, .qeIdentity) { _ = try JsonValue($0, limit: 1 << 20) },
        EvidenceReader("Intel/IntelSignedJson.swift", of: .tcbInfo) { _ = try IntelSignedJson($0, member: "tcbInfo") },
        member("tcbInfo", "Intel/TcbInfo.swift", of: .tcbInfo) { _ = try TcbInfo($0) },
        member("enclaveIdentity", "Intel/QeIdentity.swift", of: .qeIdentity) { _ = try QeIdentity($0) },
    ]

    private static let platforms: [EvidenceReader] = [
        EvidenceReader("Intel/IntelQuoteReader.swift", { $0.quotes }, always { _ = try IntelQuoteReader($0) }),
        EvidenceReader("Intel/EventLog.swift", { $0.eventLogs }, always { _ = try EventLog($0) }),
        EvidenceReader("SevSnp/SnpReport.swift", { $0.reports }, always { _ = try SnpReport($0) }),
        EvidenceReader("Encodings/CborItem.swift", { $0.documents }, always { _ = try CborItem($0, limit: 16 << 10) }),
        EvidenceReader("Nitro/CoseSignature.swift", { $0.documents }, always { _ = try CoseSignature($0, limit: 16 << 10) }),
        EvidenceReader("Nitro/NitroDocument.swift", { $0.payloads }, always { _ = try NitroDocument($0[...]) }),
        EvidenceReader("Azure/HclReport.swift", of: .hclReport) { _ = try HclReport($0).attestationKey() },
        EvidenceReader("Tpm/TpmQuote.swift", of: .tpmQuote, .azureQuote) { _ = try TpmQuote($0) },
        EvidenceReader("Tpm/TpmSignature.swift", of: .tpmSignature) { _ = try TpmSignature($0) },
        EvidenceReader("Tpm/TpmPublicArea.swift", of: .attestationKey) { _ = try TpmPublicArea($0) },
    ]

    private static let files: [EvidenceReader] = [
        EvidenceReader("Files/EvidenceManifest.swift", { $0.manifests }, always { _ = try EvidenceManifest($0) }),
        EvidenceReader(
            "Files/EvidenceSniffer.swift", { $0.everyFile },
            always { bytes in
                var files = EvidenceFiles()
                try files.add(bytes)
                _ = try? files.piece()
            }),
    ]
}
