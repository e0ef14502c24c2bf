import Primitives

/// X25519 public keys with which every agreement is all zero, so that anybody knows the key that is derived from it.
///
/// RFC 9180 §7.1.4 makes sender and recipient refuse them; swift-crypto does not. Clamped scalars are multiples of eight, so these are
/// the points of order 1, 2, 4 and 8 on the curve and its twist (RFC 7748 §6.1). X-Wing needs no such check: its other half is secret.
enum SmallOrder {
    /// u-coordinates: 0, 1, the two of order 8, p − 1, and p and p + 1, which are 0 and 1 again.
    private static let keys: Set<Hash32> = [
        .zero,
        Hash32(0x0100_0000_0000_0000, 0, 0, 0),
        Hash32(0xe0eb_7a7c_3b41_b8ae, 0x1656_e3fa_f19f_c46a, 0xda09_8deb_9c32_b1fd, 0x8662_0516_5f49_b800),
        Hash32(0x5f9c_95bc_a350_8c24, 0xb1d0_b155_9c83_ef5b, 0x0444_5cc4_581c_8e86, 0xd822_4edd_d09f_1157),
        Hash32(0xecff_ffff_ffff_ffff, .max, .max, 0xffff_ffff_ffff_ff7f),
        Hash32(0xedff_ffff_ffff_ffff, .max, .max, 0xffff_ffff_ffff_ff7f),
        Hash32(0xeeff_ffff_ffff_ffff, .max, .max, 0xffff_ffff_ffff_ff7f),
    ]

    /// Whether the 32 bytes of `key`, whose highest bit X25519 ignores, are such a key.
    static func contains(_ key: [UInt8]) -> Bool {
        guard let words = Hash32(key) else { return false }
        return keys.contains(Hash32(words.w0, words.w1, words.w2, words.w3 & ~0x80))
    }
}
