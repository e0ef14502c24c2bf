import ChainTypes
import Crypto
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// A sealed result: what the enclave writes and the requester opens (docs/spec/enclave.md §6).
///
/// A sidecar: 32 bytes of salt, then an AES-GCM box of the padded `SignedResult`. Its hash is the job's commitment. The padding
/// makes all results of a program equally long, so that the length tells nothing.
package enum ResultEnvelope {
    /// Lengths are rounded up to a multiple of this.
    private static let block = 256
    /// Room for a `SignedResult` around the output: hashes, names, signature and their tags.
    private static let margin = 512

    /// What all results of a program with outputs up to `maximumOutput` bytes are padded to.
    package static func paddedBytes(maximumOutput: Int) -> Int { (4 + margin + maximumOutput + block - 1) / block * block }

    /// The sidecar of `result`; `nil` if it does not fit `paddedBytes`.
    package static func seal(
        _ result: WireSignedResult, job: Hash32, key: SymmetricKey, salt: [UInt8], paddedBytes: Int
    ) throws(CryptographyError) -> [UInt8]? {
        let content = result.encoded()
        guard content.count + 4 <= paddedBytes else { return nil }
        var padded: [UInt8] = []
        padded.reserveCapacity(paddedBytes)
        withUnsafeBytes(of: UInt32(content.count).bigEndian) { padded.append(contentsOf: $0) }
        padded.append(contentsOf: content)
        padded.append(contentsOf: repeatElement(0, count: paddedBytes - padded.count))
        let box = try AuthenticatedEncryption.seal(padded, key: key, context: .sealedResult, associated: job.bytes)
        return Sidecar.make(box, salt: salt)
    }

    /// What a run remembers of the key that its requester signed, and what the result's own key derives from.
    package static func recipient(_ key: WireSealingKey) -> Hash32 { Digest.hash(.recipientKey, key.encoded()) }

    /// Seals the key of `job` to the requester.
    package static func keyBox(_ key: SymmetricKey, job: Hash32, to recipient: SealingPublicKey) throws(CryptographyError) -> SealedBox {
        try recipient.seal(key.withUnsafeBytes { [UInt8]($0) }, context: .keyBox, associated: job.bytes)
    }

    /// The signed result of `job`, for the holder of the recipient key.
    ///
    /// Says nothing of who signed: use `verify` with the enclave's key from the chain.
    /// - Throws: `cannotOpen` for another key, job or altered bytes; `malformedBox` when the content is not a result.
    package static func open(
        _ sidecar: [UInt8], keyBox: SealedBox, job: Hash32, with recipient: SealingPrivateKey
    ) throws(CryptographyError) -> WireSignedResult {
        let secret = try recipient.open(keyBox, context: .keyBox, associated: job.bytes)
        return try open(sidecar, key: AuthenticatedEncryption.key(secret), job: job)
    }

    /// The signed result of `job`, for whoever has its key; throws as `open`.
    package static func open(_ sidecar: [UInt8], key: SymmetricKey, job: Hash32) throws(CryptographyError) -> WireSignedResult {
        guard let box = Sidecar.content(sidecar) else { throw .malformedBox }
        let padded = try AuthenticatedEncryption.open(box, key: key, context: .sealedResult, associated: job.bytes)
        guard padded.count >= 4 else { throw .malformedBox }
        let length = padded[..<4].reduce(0) { $0 << 8 | Int($1) }
        guard length <= padded.count - 4, padded[(4 + length)...].allSatisfy({ $0 == 0 }),
            let result = try? WireSignedResult(strictly: Array(padded[4..<(4 + length)]), limit: padded.count)
        else { throw .malformedBox }
        return result
    }

    /// The result inside, signed by `enclave` for `job` on `chainID`.
    /// - Throws: `badSignature`, or `malformedBox` for a result about something else.
    package static func verify(
        _ signed: WireSignedResult, job: Hash32, chainID: String, enclave: WireEnclaveIdentity
    ) throws(CryptographyError) -> WireResult {
        guard let key = Hash32(enclave.signingKey) else { throw .malformedKey }
        let bytes = [UInt8](signed.result)
        try VerificationKey.ed25519(key).verify([UInt8](signed.signature), of: bytes, context: .result)
        guard let result = try? WireResult(strictly: bytes, limit: Limits.sidecar), Hash32(result.request) == job,
            result.chainID == chainID, Hash32(result.enclave) == EnclaveStatement.identifier(enclave),
            result.platform == enclave.platform
        else { throw .malformedBox }
        return result
    }
}
