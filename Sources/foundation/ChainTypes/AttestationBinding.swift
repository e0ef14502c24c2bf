import Cryptography
import Primitives
import WireTypes

/// What an enclave's evidence binds: chain, role, platform, measurement, all public keys, a recent block, and a verifier's challenge.
///
/// A report that does not hold this value vouches for something else: another chain's enclave, another role, other keys, an older
/// time. Every part has a fixed length or a length before it (docs/spec/attestation.md §2).
package struct AttestationBinding: Sendable, Hashable {
    /// What an enclave is for: keeping keys and running programs.
    package static let vaultRole = "vault"

    /// Kinds of public key, in the order in which they are bound.
    private enum KeyKind: UInt32 {
        case signing = 1
        case sealing = 2
    }

    /// The bytes whose hash a report holds, context included.
    package let preimage: [UInt8]
    /// The enclave's sealing key: platforms with a field for a public key show it there.
    package let vaultKey: [UInt8]
    /// The freshest value that the evidence answers: the verifier's challenge, or without one the block's hash.
    package let nonce: Hash32

    /// - Parameters:
    ///   - height: of the block that the enclave had to know.
    ///   - block: that block's hash.
    ///   - challenge: what a verifier asked for; `nil` on chain.
    package init(
        chainID: String, role: String = vaultRole, identity: WireEnclaveIdentity, height: UInt64, block: Hash32, challenge: Hash32? = nil
    ) {
        var bytes = Context.reportData.prefix
        func append(_ part: [UInt8]) {
            bytes.append(bigEndian: UInt32(clamping: part.count))
            bytes.append(contentsOf: part)
        }
        append(Array(chainID.utf8))
        append(Array(role.utf8))
        append(Array(identity.platform.utf8))
        append([UInt8](identity.measurement))
        bytes.append(bigEndian: UInt32(2))
        bytes.append(bigEndian: KeyKind.signing.rawValue)
        append([UInt8](identity.signingKey))
        bytes.append(bigEndian: KeyKind.sealing.rawValue)
        bytes.append(bigEndian: UInt32(truncatingIfNeeded: identity.vaultKey.suite.rawValue))
        append([UInt8](identity.vaultKey.key))
        bytes.append(bigEndian: height)
        bytes.append(block)
        bytes.append(challenge ?? .zero)
        preimage = bytes
        vaultKey = [UInt8](identity.vaultKey.key)
        nonce = challenge ?? block
    }

    /// A binding whose parts come from the enclave that made it.
    package init(preimage: [UInt8], vaultKey: [UInt8], nonce: Hash32) {
        (self.preimage, self.vaultKey, self.nonce) = (preimage, vaultKey, nonce)
    }

    /// SHA-512 of the preimage: fills the report data of SEV-SNP, TDX, SGX and Nitro.
    package var bytes64: [UInt8] { PlainHash.sha512(preimage) }

    /// SHA-256 of the preimage: a TPM's qualifying data are no longer than its largest hash.
    package var bytes32: Hash32 { Digest.plain(preimage) }
}

extension [UInt8] {
    /// Appends `value`, big-endian.
    fileprivate mutating func append<T: FixedWidthInteger>(bigEndian value: T) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
