import FoundationEssentials

/// Strict PEM (RFC 7468 §3): a run of CERTIFICATE blocks and nothing else.
package enum PemChain {
    private static let begin = Array("-----BEGIN CERTIFICATE-----".utf8)
    private static let end = Array("-----END CERTIFICATE-----".utf8)

    private static let lineLength = 64

    /// The DER of each block in order. Lines end in LF or CRLF; NULs after the last block are allowed, for Intel's quotes end in one.
    package static func read(_ bytes: some Collection<UInt8>) throws(AttestationError) -> [[UInt8]] {
        let limit = CertificatePath.maximumLength
        guard bytes.count <= limit * 2 * VendorCertificate.maximumBytes else { throw .malformed }
        var text = Array(bytes)
        while text.last == 0 { text.removeLast() }
        guard !text.contains(0) else { throw .malformed }
        var blocks: [[UInt8]] = []
        var body: [UInt8] = []
        var isOpen = false
        for line in lines(text) {
            if !isOpen {
                if line.isEmpty { continue }
                guard line.elementsEqual(begin), blocks.count < limit else { throw .malformed }
                (body, isOpen) = ([], true)
            } else if line.elementsEqual(end) {
                blocks.append(try decode(body))
                isOpen = false
            } else {
                // Every line but a block's last is full.
                guard 1...lineLength ~= line.count, body.count.isMultiple(of: lineLength) else { throw .malformed }
                body += line
            }
        }
        guard !isOpen, !blocks.isEmpty else { throw .malformed }
        return blocks
    }

    private static func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return lines.map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
    }

    /// Canonical Base64 (RFC 4648 §3.5): what would not be written back the same way is refused.
    private static func decode(_ encoded: [UInt8]) throws(AttestationError) -> [UInt8] {
        guard let data = Data(base64Encoded: Data(encoded)), data.base64EncodedData() == Data(encoded) else { throw .malformed }
        return [UInt8](data)
    }
}
