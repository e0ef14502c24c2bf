import CSodium
import Cryptography
import Primitives

/// Signatures that ZIP-215 admits and libsodium refuses: R has a part of small order, which only the cofactored equation ignores.
enum LooseSignature {
    /// A point of order eight, in its canonical encoding.
    private static let torsion = Hex.decode("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a") ?? []
    private static let identity: [UInt8] = [1] + [UInt8](repeating: 0, count: 31)

    /// Signs `message` with the Ed25519 key of `seed`.
    static func sign(_ message: [UInt8], seed: [UInt8]) -> [UInt8] {
        let expanded = hash(seed)
        var secret = Array(expanded.prefix(32))
        secret[0] &= 248
        secret[31] = secret[31] & 127 | 64
        let scalar = reduced(secret)
        let nonce = reduced(hash(Array(expanded.suffix(32)) + message))
        let point = sum(base(nonce), torsion)
        let challenge = reduced(hash(point + publicKey(seed) + message))
        var (product, response) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 32))
        crypto_core_ed25519_scalar_mul(&product, challenge, scalar)
        crypto_core_ed25519_scalar_add(&response, product, nonce)
        return point + response
    }

    /// Whether eight times the difference of both sides of the equation vanishes, as ZIP-215 asks, and the difference itself does not.
    static func isLoose(_ signature: [UInt8], of message: [UInt8], seed: [UInt8]) -> Bool {
        let (point, response, key) = (Array(signature.prefix(32)), Array(signature.suffix(32)), publicKey(seed))
        var scaled = [UInt8](repeating: 0, count: 32)
        guard crypto_scalarmult_ed25519_noclamp(&scaled, reduced(hash(point + key + message)), key) == 0 else { return false }
        var difference = [UInt8](repeating: 0, count: 32)
        crypto_core_ed25519_sub(&difference, base(response), sum(point, scaled))
        guard difference != identity else { return false }
        for _ in 0..<3 { difference = sum(difference, difference) }
        return difference == identity
    }

    private static func publicKey(_ seed: [UInt8]) -> [UInt8] { (try? SigningKey.ed25519(seed: seed).verificationKey.bytes) ?? [] }

    private static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 64)
        crypto_hash_sha512(&digest, bytes, UInt64(bytes.count))
        return digest
    }

    /// The number of up to 64 bytes, modulo the order of the group.
    private static func reduced(_ bytes: [UInt8]) -> [UInt8] {
        var scalar = [UInt8](repeating: 0, count: 32)
        crypto_core_ed25519_scalar_reduce(&scalar, bytes + [UInt8](repeating: 0, count: 64 - bytes.count))
        return scalar
    }

    private static func base(_ scalar: [UInt8]) -> [UInt8] {
        var point = [UInt8](repeating: 0, count: 32)
        crypto_scalarmult_ed25519_base_noclamp(&point, scalar)
        return point
    }

    private static func sum(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        var point = [UInt8](repeating: 0, count: 32)
        crypto_core_ed25519_add(&point, first, second)
        return point
    }
}
