/// Who signed, as one bit a member of a set: least significant first, no bit beyond the last member, as many bits as signatures.
///
/// This is its only form, so no signer counts twice.
package enum SignerBitmap {
    /// The positions of the members that signed, in order.
    package static func positions(_ bitmap: [UInt8], count: Int, signatures: Int) throws(LightClientError) -> [Int] {
        guard bitmap.count == (count + 7) / 8 else { throw .malformedSigners }
        var signers: [Int] = []
        for (position, byte) in bitmap.enumerated() {
            for bit in 0..<8 where byte & 1 << UInt8(bit) != 0 { signers.append(position * 8 + bit) }
        }
        guard signers.last.map({ $0 < count }) ?? true, signers.count == signatures else { throw .malformedSigners }
        return signers
    }
}
