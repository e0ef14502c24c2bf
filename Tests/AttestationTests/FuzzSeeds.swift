import Attestation

/// The vectors' bytes by what reads them: the committed ones, and the shared ones where they are.
struct FuzzSeeds: Sendable {
    private let byRole: [EvidenceFiles.Role: [[UInt8]]]
    let manifests: [[UInt8]]

    init() throws {
        var byRole: [EvidenceFiles.Role: [[UInt8]]] = [:]
        var manifests: [[UInt8]] = []
        for set in try VectorSet.all() {
            manifests.append(try set.bytes("manifest.json"))
            for entry in set.manifest.entries {
                for (role, bytes) in try set.files(entry).sorted(by: { $0.key.rawValue < $1.key.rawValue })
                where !(byRole[role] ?? []).contains(bytes) {
                    byRole[role, default: []].append(bytes)
                }
            }
        }
        (self.byRole, self.manifests) = (byRole, manifests)
    }

    func files(_ roles: [EvidenceFiles.Role]) -> [[UInt8]] { roles.flatMap { byRole[$0] ?? [] } }

    var everyFile: [[UInt8]] { files(EvidenceFiles.Role.allCases.filter { $0 != .eventLog }) + eventLogs }
    var reports: [[UInt8]] { files([.evidence]).filter { $0.count == SnpReport.size } }
    var quotes: [[UInt8]] { files([.evidence, .tdQuote]).filter { [3, 4, 5].contains($0[0]) && $0.count > SnpReport.size } }
    var documents: [[UInt8]] { files([.evidence]).filter { [0x84, 0xd2].contains($0[0]) } }
    var payloads: [[UInt8]] { documents.compactMap { try? Array(CoseSignature($0, limit: 16 << 10).payload) } }

    /// Each in DER.
    var certificates: [[UInt8]] {
        files([.endorsementKey, .intermediate, .endorsementCertificate]) + platformKeys + intelCertificates + chains([.endorsementIssuers])
    }

    /// Of Intel's authorities and of who signs TCB info.
    var intelCertificates: [[UInt8]] { chains([.tcbSigners, .pckListIssuers]) }

    private func chains(_ roles: [EvidenceFiles.Role]) -> [[UInt8]] {
        files(roles).compactMap { try? PemChain.read($0) }.flatMap { $0 }
    }

    /// The PCK certificates of the quotes.
    var platformKeys: [[UInt8]] { quotes.compactMap { try? IntelQuoteReader($0).certificates.first } }

    /// One that this test wrote and the vectors' own: these end in much filling, of which a little serves as well.
    var eventLogs: [[UInt8]] {
        [EventLogTests.log()]
            + files([.eventLog]).map { log in
                let filling = log.last ?? 0
                let events = log.lastIndex { $0 != filling } ?? 0
                return Array(log.prefix(events + 1 + 64))
            }
    }
}
