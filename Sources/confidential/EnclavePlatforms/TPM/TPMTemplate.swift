import Primitives

/// Public areas of the keys that are made, as the TPM reads them ("TPM 2.0 Library", part 2, §12.2.4: TPMT_PUBLIC).
enum TPMTemplate {
    // TPMA_OBJECT, part 2, §8.3.
    private static let fixedTPM: UInt32 = 1 << 1
    private static let fixedParent: UInt32 = 1 << 4
    private static let sensitiveDataOrigin: UInt32 = 1 << 5
    private static let userWithAuth: UInt32 = 1 << 6
    private static let adminWithPolicy: UInt32 = 1 << 7
    private static let noDictionaryAttack: UInt32 = 1 << 10
    private static let restricted: UInt32 = 1 << 16
    private static let decrypt: UInt32 = 1 << 17
    private static let sign: UInt32 = 1 << 18

    // TPM_ALG_ID, part 2, §6.3.
    private static let rsa: UInt16 = 0x01
    private static let aes: UInt16 = 0x06
    private static let keyedHash: UInt16 = 0x08
    private static let sha256: UInt16 = 0x0b
    private static let null: UInt16 = 0x10
    private static let ecdsa: UInt16 = 0x18
    private static let ecc: UInt16 = 0x23
    private static let cfb: UInt16 = 0x43
    private static let p256: UInt16 = 0x03

    /// The endorsement key of a TPM's RSA certificate ("TCG EK Credential Profile", template L-1).
    static let endorsementKey: [UInt8] = {
        // PolicySecret(TPM_RH_ENDORSEMENT), as the profile prints it.
        let policy: [UInt8] = [
            0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
            0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
        ]
        var area = Writer()
        area.number(rsa, sha256)
        area.attributes(fixedTPM | fixedParent | sensitiveDataOrigin | adminWithPolicy | restricted | decrypt)
        area.sized(policy)
        area.number(aes, 128, cfb, null, 2048)
        area.attributes(0)
        area.sized([UInt8](repeating: 0, count: 256))
        return area.bytes
    }()

    /// The parent of sealed keys ("TCG TPM v2.0 Provisioning Guidance", §7.5.1: storage root key, P-256).
    static let storageKey: [UInt8] = {
        var area = Writer()
        area.number(ecc, sha256)
        area.attributes(
            fixedTPM | fixedParent | sensitiveDataOrigin | userWithAuth | noDictionaryAttack | restricted | decrypt)
        area.sized([])
        area.number(aes, 128, cfb, null, p256, null)
        area.sized([UInt8](repeating: 0, count: 32))
        area.sized([UInt8](repeating: 0, count: 32))
        return area.bytes
    }()

    /// A restricted signing key, ECDSA P-256 with SHA-256: it signs only what the TPM itself states. The same TPM makes the same key
    /// for the same `label`, so it needs no file and survives restarts.
    static func attestationKey(label: Hash32) -> [UInt8] {
        var area = Writer()
        area.number(ecc, sha256)
        area.attributes(fixedTPM | fixedParent | sensitiveDataOrigin | userWithAuth | noDictionaryAttack | restricted | sign)
        area.sized([])
        area.number(null, ecdsa, sha256, p256, null)
        area.sized(label.bytes)
        area.sized([])
        return area.bytes
    }

    /// A sealed secret that only `policy` opens: no password does, and nobody may change that.
    static func sealedSecret(policy: [UInt8]) -> [UInt8] {
        var area = Writer()
        area.number(keyedHash, sha256)
        area.attributes(fixedTPM | fixedParent | adminWithPolicy | noDictionaryAttack)
        area.sized(policy)
        area.number(null)
        area.sized([])
        return area.bytes
    }

    /// Big-endian, as all of the TPM's structures.
    private struct Writer {
        private(set) var bytes: [UInt8] = []

        mutating func number(_ values: UInt16...) {
            for value in values { bytes += [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)] }
        }

        mutating func attributes(_ value: UInt32) {
            number(UInt16(value >> 16), UInt16(truncatingIfNeeded: value))
        }

        mutating func sized(_ content: [UInt8]) {
            number(UInt16(content.count))
            bytes += content
        }
    }
}
