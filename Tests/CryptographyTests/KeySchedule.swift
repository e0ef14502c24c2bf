import Crypto

/// RFC 9180 §5.1 for mode_base, HKDF-SHA256 and AES-256-GCM, written a second time: what the library is compared with.
struct KeySchedule {
    let key: SymmetricKey
    let baseNonce: [UInt8]

    init(kem: UInt16, sharedSecret: [UInt8], info: [UInt8]) {
        // suite_id = "HPKE" || kem_id || kdf_id (HKDF-SHA256: 1) || aead_id (AES-256-GCM: 2)
        let suite = Array("HPKE".utf8) + [UInt8(kem >> 8), UInt8(kem & 255), 0, 1, 0, 2]
        func extract(_ salt: [UInt8], _ label: String, _ input: [UInt8]) -> [UInt8] {
            let labelled = Array("HPKE-v1".utf8) + suite + Array(label.utf8) + input
            return Array(HKDF<SHA256>.extract(inputKeyMaterial: SymmetricKey(data: labelled), salt: salt))
        }
        func expand(_ secret: [UInt8], _ label: String, _ info: [UInt8], _ count: Int) -> SymmetricKey {
            let labelled = [0, UInt8(count)] + Array("HPKE-v1".utf8) + suite + Array(label.utf8) + info
            return HKDF<SHA256>.expand(pseudoRandomKey: secret, info: labelled, outputByteCount: count)
        }
        let context = [0] + extract([], "psk_id_hash", []) + extract([], "info_hash", info)
        let secret = extract(sharedSecret, "secret", [])
        key = expand(secret, "key", context, 32)
        baseNonce = expand(secret, "base_nonce", context, 12).testBytes
    }

    /// RFC 9180 §4.1: what DHKEM(X25519, HKDF-SHA256) makes of an agreement that is all zero.
    static func sharedSecret(encapsulated: [UInt8], recipient: [UInt8]) -> [UInt8] {
        let label = Array("HPKE-v1KEM".utf8) + [0, 0x20]
        let secret = HKDF<SHA256>.extract(
            inputKeyMaterial: SymmetricKey(data: label + Array("eae_prk".utf8) + [UInt8](repeating: 0, count: 32)), salt: [UInt8]())
        let info = [0, 32] + label + Array("shared_secret".utf8) + encapsulated + recipient
        return HKDF<SHA256>.expand(pseudoRandomKey: secret, info: info, outputByteCount: 32).testBytes
    }
}
