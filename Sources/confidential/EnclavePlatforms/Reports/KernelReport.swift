import Primitives

/// Attestation reports through the kernel's one interface for them: configfs-tsm, Linux 6.7 and later
/// (Documentation/ABI/testing/configfs-tsm-report).
package struct KernelReport: Sendable {
    /// What the kernel's driver for a platform is called.
    package enum Provider: String {
        case amd = "sev_guest"
        case intel = "tdx_guest"
    }

    package struct Answer: Sendable, Equatable {
        package let report: [UInt8]
        /// What the host adds, such as certificates: a hint that nobody vouches for.
        package let auxiliary: [UInt8]
    }

    package static let maximumReport = 32 << 10
    private static let maximumRaces = 5

    private let files: any ReportEntries

    package init(files: any ReportEntries) { self.files = files }

    /// The report about `data`, 64 bytes.
    /// - Parameter privilege: the level that an SEV-SNP guest's report is for.
    package func report(on data: [UInt8], from provider: Provider, privilege: UInt32? = nil) throws(PlatformError) -> Answer {
        precondition(data.count == 64)
        let entry = try files.make()
        defer { files.remove(entry) }
        let found = Self.text(try files.read("provider", in: entry, limit: 64))
        guard found == provider.rawValue else { throw .wrongProvider(found) }
        for _ in 0..<Self.maximumRaces {
            // Each write moves the generation by one; any other move is another program's write to this entry.
            let before = try generation(entry)
            if let privilege { try files.write(Array(String(privilege).utf8), to: "privlevel", in: entry) }
            try files.write(data, to: "inblob", in: entry)
            let report = try files.read("outblob", in: entry, limit: Self.maximumReport)
            let auxiliary = provider == .amd ? try files.read("auxblob", in: entry, limit: Self.maximumReport) : []
            guard try generation(entry) == before + (privilege == nil ? 1 : 2) else { continue }
            guard !report.isEmpty else { throw .malformedReport }
            return Answer(report: report, auxiliary: auxiliary)
        }
        throw .reportRaced
    }

    private func generation(_ entry: String) throws(PlatformError) -> UInt64 {
        guard let number = UInt64(Self.text(try files.read("generation", in: entry, limit: 64))), number < .max - 2 else {
            throw .malformedReport
        }
        return number
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix { $0 != 0x0a && $0 != 0 }.map { $0 > 0x20 && $0 < 0x7f ? $0 : 0x3f }, as: UTF8.self)
    }
}

/// The folder in which each requester makes an entry of its own; every file of an entry is an attribute.
package protocol ReportEntries: Sendable {
    /// A new entry's name.
    func make() throws(PlatformError) -> String
    /// Everything in one write, as the kernel wants it.
    func write(_ bytes: [UInt8], to attribute: String, in entry: String) throws(PlatformError)
    /// The whole attribute; more than `limit` bytes are refused.
    func read(_ attribute: String, in entry: String, limit: Int) throws(PlatformError) -> [UInt8]
    func remove(_ entry: String)
}
