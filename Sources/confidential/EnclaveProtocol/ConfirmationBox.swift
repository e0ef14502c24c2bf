import Crypto
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What the first enclave of several seals to each other one: a salt, and the key of its sealed result (docs/spec/admission.md §6).
///
/// Two layers: HPKE to the enclave's vault key, and inside it AES-GCM under a key that derives from the record's. All of them have the
/// record's key; once it is destroyed, what lies on the chain opens for nobody, though the vault key lives on.
package struct ConfirmationBox {
    package let salt: [UInt8]
    package let resultKey: SymmetricKey

    package init(salt: [UInt8], resultKey: SymmetricKey) { (self.salt, self.resultKey) = (salt, resultKey) }

    /// - Parameters:
    ///   - recordKey: the leaf of the record that the result was made from.
    ///   - binding: `EnclaveStatement.confirmationBinding`: chain, job and enclave.
    package func seal(recordKey: SymmetricKey, binding: [UInt8], to key: SealingPublicKey) throws(CryptographyError) -> SealedBox {
        let secret = salt + resultKey.withUnsafeBytes { [UInt8]($0) }
        let inner = try AuthenticatedEncryption.seal(
            secret, key: Self.layer(recordKey, binding), context: .confirmationSecret, associated: binding)
        return try key.seal(inner, context: .confirmationBox, associated: binding)
    }

    /// Opens what `seal` made.
    /// - Throws: `cannotOpen` for another key, record or binding, `malformedBox` when the content is not of 64 bytes.
    package init(
        opening box: SealedBox, recordKey: SymmetricKey, binding: [UInt8], with key: SealingPrivateKey
    ) throws(CryptographyError) {
        let inner = try key.open(box, context: .confirmationBox, associated: binding)
        let secret = try AuthenticatedEncryption.open(
            inner, key: Self.layer(recordKey, binding), context: .confirmationSecret, associated: binding)
        guard secret.count == 64 else { throw .malformedBox }
        (salt, resultKey) = (Array(secret[..<32]), try AuthenticatedEncryption.key(secret[32...]))
    }

    private static func layer(_ recordKey: SymmetricKey, _ binding: [UInt8]) -> SymmetricKey {
        KeyDerivation.derive(recordKey, context: .confirmationKey, identifier: binding)
    }
}
