import SwiftASN1

/// Where AMD's endorsements are kept.
enum AmdSlot {
    /// The revocation list of the root with this common name, such as `ARK-Genoa`.
    static func crl(_ rootName: String) -> String { "amd/crl/\(rootName)" }

    /// The list that a report with these issuers takes: of the root above the last.
    static func crl(issuers: [[UInt8]]) throws(AttestationError) -> String {
        guard let last = issuers.last else { throw .malformed }
        return crl(try VendorCertificate(last).issuerCommonName)
    }
}
