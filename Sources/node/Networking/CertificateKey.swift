/// Finds the public key in an X.509 certificate, as bytes: pure, bounded by its input, refuses anything odd.
///
/// `NIOSSLCertificate.extractPublicKey` ends the process when a certificate holds no readable key, and strangers choose theirs.
enum CertificateKey {
    private static let sequence: UInt8 = 0x30

    /// The SubjectPublicKeyInfo element of `certificate` (RFC 5280 §4.1), with tag and length.
    static func subjectPublicKeyInfo(inDER certificate: [UInt8]) throws(PeerError) -> ArraySlice<UInt8> {
        var outer = certificate[...]
        var whole = try contents(of: take(sequence, from: &outer))
        guard outer.isEmpty else { throw .badCertificate }
        var fields = try contents(of: take(sequence, from: &whole))
        // The version is missing in version 1; serial number, algorithm, issuer, validity and subject follow.
        if fields.first == 0xA0 { _ = try take(0xA0, from: &fields) }
        for tag in [0x02, sequence, sequence, sequence, sequence] { _ = try take(tag, from: &fields) }
        return try take(sequence, from: &fields)
    }

    /// The next element, which must have this tag and a definite length in its shortest form (X.690 §10.1).
    private static func take(_ tag: UInt8, from bytes: inout ArraySlice<UInt8>) throws(PeerError) -> ArraySlice<UInt8> {
        guard bytes.first == tag else { throw .badCertificate }
        let (head, count) = try lengths(bytes)
        guard bytes.count - head >= count else { throw .badCertificate }
        let element = bytes.prefix(head + count)
        bytes = bytes.dropFirst(head + count)
        return element
    }

    private static func contents(of element: ArraySlice<UInt8>) throws(PeerError) -> ArraySlice<UInt8> {
        element.dropFirst(try lengths(element).head)
    }

    /// How many bytes tag and length take, and how many follow: fewer than 65,536.
    private static func lengths(_ element: ArraySlice<UInt8>) throws(PeerError) -> (head: Int, count: Int) {
        let bytes = element.prefix(4)
        guard bytes.count >= 2 else { throw .badCertificate }
        let start = bytes.startIndex
        let first = Int(bytes[start + 1])
        if first < 0x80 { return (2, first) }
        guard first == 0x81 || first == 0x82, bytes.count >= first - 0x80 + 2 else { throw .badCertificate }
        let second = Int(bytes[start + 2])
        let count = first == 0x81 ? second : second << 8 | Int(bytes[start + 3])
        guard count >= (first == 0x81 ? 0x80 : 0x100) else { throw .badCertificate }
        return (first - 0x80 + 2, count)
    }
}
