/// COSE_Sign1 (RFC 9052 §4.2) with ES384 and nothing in its unprotected header.
package struct CoseSignature: Sendable {
    package let payload: ArraySlice<UInt8>
    /// r ‖ s, 96 bytes.
    let signature: ArraySlice<UInt8>
    /// The encoded Sig_structure.
    let signed: [UInt8]

    /// - Throws: `coseAlgorithm` for another protected header, `malformed` for any other form.
    package init(_ bytes: [UInt8], limit: Int) throws(AttestationError) {
        var item = try CborItem(bytes, limit: limit)
        if case .tagged(18, let inner) = item.content { item = inner }
        guard let parts = item.array, parts.count == 4, let protected = parts[0].bytes, parts[1].map?.isEmpty == true,
            let payload = parts[2].bytes, let signature = parts[3].bytes, signature.count == 96
        else { throw .malformed }
        let header = try CborItem(protected, limit: 64)
        guard let pairs = header.map else { throw .malformed }
        // {1: -35}: the algorithm and nothing that could change its meaning.
        guard pairs.count == 1, pairs[0].key.unsigned == 1, case .negative(34) = pairs[0].value.content else { throw .coseAlgorithm }
        (self.payload, self.signature) = (payload, signature)
        signed = [0x84] + Self.head(3, 10) + Array("Signature1".utf8) + Self.bytes(protected) + Self.bytes([]) + Self.bytes(payload)
    }

    private static func bytes(_ value: ArraySlice<UInt8>) -> [UInt8] { head(2, value.count) + value }

    /// A major type with its shortest argument; documents are far below 2^32 bytes.
    private static func head(_ major: UInt8, _ count: Int) -> [UInt8] {
        switch count {
        case ..<24: [major << 5 | UInt8(count)]
        case ..<0x100: [major << 5 | 24, UInt8(count)]
        case ..<0x10000: [major << 5 | 25, UInt8(count >> 8), UInt8(count & 0xff)]
        default: [major << 5 | 26] + withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
        }
    }
}
