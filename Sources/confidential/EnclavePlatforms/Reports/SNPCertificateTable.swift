import Primitives

/// The certificates that a host hands to its SEV-SNP guest with a report ("GHCB Standardization", §4.1.8.1): entries of GUID, offset and
/// length, ended by a zero one. All of it comes from the host: a hint, which the verifier checks against its own roots.
package enum SNPCertificateTable {
    package enum Kind: String, CaseIterable {
        case chipKey = "63da758de6644564adc5f4b93be8accd"
        case cloudKey = "a8074bc2a25a483eaae639c045a0b8a1"
        case intermediate = "4ab7b379bbac4fe4a02f05aef327c782"
    }

    private static let entrySize = 24
    private static let maximumEntries = 32
    private static let maximumCertificate = 4096

    /// The certificates of known kinds; what does not lie within `bytes` is left out.
    package static func read(_ bytes: [UInt8]) -> [Kind: [UInt8]] {
        var found: [Kind: [UInt8]] = [:]
        for index in 0..<maximumEntries {
            let start = index * entrySize
            guard start + entrySize <= bytes.count else { break }
            let entry = bytes[start..<start + entrySize]
            guard entry.contains(where: { $0 != 0 }) else { break }
            let (offset, length) = (littleEndian(entry, at: 16), littleEndian(entry, at: 20))
            guard let kind = Kind(rawValue: Hex.encode(entry.prefix(16))), length > 0, length <= maximumCertificate,
                offset <= bytes.count, length <= bytes.count - offset
            else { continue }
            found[kind] = Array(bytes[offset..<offset + length])
        }
        return found
    }

    private static func littleEndian(_ bytes: ArraySlice<UInt8>, at offset: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[bytes.startIndex + offset + $1]) << (8 * $1) }
    }
}
