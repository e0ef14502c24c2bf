/// A TPMS_ATTEST of a quote (TPM 2.0 part 2, §10.12), big-endian.
package struct TpmQuote: Sendable {
    /// Whether a TPM made it, as a quote: TPM_GENERATED and TPM_ST_ATTEST_QUOTE. A restricted key signs nothing else that begins so.
    let isQuote: Bool
    let qualifyingData: ArraySlice<UInt8>
    /// The selected registers of the SHA-256 bank, rising; `nil` when another bank is selected.
    package let selection: [Int]?
    let registerDigest: ArraySlice<UInt8>

    static let maximumBytes = 1024

    /// - Throws: `malformed` unless every length ends exactly where it must.
    package init(_ bytes: [UInt8]) throws(AttestationError) {
        guard bytes.count <= Self.maximumBytes else { throw .malformed }
        var cursor = ByteCursor(bytes)
        let (magic, type) = (try cursor.bigEndian(UInt32.self), try cursor.bigEndian(UInt16.self))
        isQuote = magic == 0xff54_4347 && type == 0x8018
        _ = try cursor.sized(limit: 66)
        qualifyingData = try cursor.sized(limit: 64)
        // clock, resetCount, restartCount, safe, firmwareVersion
        _ = try cursor.take(8 + 4 + 4 + 1 + 8)
        selection = try Self.selection(&cursor)
        registerDigest = try cursor.sized(limit: 64)
        try cursor.finish()
    }

    /// TPML_PCR_SELECTION of one bank.
    private static func selection(_ cursor: inout ByteCursor) throws(AttestationError) -> [Int]? {
        let banks = try cursor.bigEndian(UInt32.self)
        guard banks <= 8 else { throw .malformed }
        var selected: [Int]? = banks == 0 ? [] : nil
        for _ in 0..<banks {
            let hash = try cursor.bigEndian(UInt16.self)
            let size = try cursor.take(1).reduce(0) { $0 + Int($1) }
            guard size <= 4 else { throw .malformed }
            let bitmap = try cursor.take(size)
            guard banks == 1, hash == TpmHash.sha256.rawValue else { continue }
            selected = bitmap.enumerated().flatMap { index, byte in (0..<8).filter { byte >> $0 & 1 == 1 }.map { index * 8 + $0 } }
        }
        return selected
    }
}

/// The register values that a quote is said to be of.
package struct TpmRegisters: Sendable, Equatable {
    /// `nil` where only the values in the quote's order are known.
    package var indices: [Int]?
    /// The values of the SHA-256 bank, one after the other.
    package var concatenated: [UInt8]

    package init(indices: [Int]?, concatenated: [UInt8]) { (self.indices, self.concatenated) = (indices, concatenated) }

    /// The registers by name, if these are the ones that `quote` selects and digests.
    ///
    /// - Throws: `measurementMismatch` for an empty selection or another bank, `pcrDigestMismatch` for other values.
    func verified(_ quote: TpmQuote, _ hash: TpmHash) throws(AttestationError) -> [String: [UInt8]] {
        guard let selection = quote.selection, !selection.isEmpty else { throw .measurementMismatch }
        guard concatenated.count == selection.count * 32, indices.map({ $0 == selection }) ?? true,
            hash.hash(concatenated).elementsEqual(quote.registerDigest)
        else { throw .pcrDigestMismatch }
        var registers: [String: [UInt8]] = [:]
        for (position, index) in selection.enumerated() {
            registers["pcr\(index)"] = Array(concatenated[position * 32..<position * 32 + 32])
        }
        return registers
    }

    /// The registers of a reference value whose digest `quote` holds: what serves when no values were sent along.
    ///
    /// - Throws: `measurementMismatch` when none fits.
    static func known(_ quote: TpmQuote, _ hash: TpmHash, _ references: ReferenceValues) throws(AttestationError) -> [String: [UInt8]] {
        for reference in references.values {
            let indexed = reference.registers.compactMap { name, value in Int(name.dropFirst(3)).map { ($0, value) } }.sorted {
                $0.0 < $1.0
            }
            guard !indexed.isEmpty, indexed.map(\.0) == quote.selection, indexed.count == reference.registers.count,
                hash.hash(indexed.flatMap(\.1)).elementsEqual(quote.registerDigest)
            else { continue }
            return reference.registers
        }
        throw .measurementMismatch
    }
}
