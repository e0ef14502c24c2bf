import Crypto

/// Hashes without a context: only where an outside standard asks for the bare function.
package enum PlainHash {
    /// FIPS 180-4, 32 bytes.
    package static func sha256(_ bytes: some Sequence<UInt8>) -> [UInt8] { hash(bytes, SHA256.self) }
    /// FIPS 180-4, 48 bytes.
    package static func sha384(_ bytes: some Sequence<UInt8>) -> [UInt8] { hash(bytes, SHA384.self) }
    /// FIPS 180-4, 64 bytes.
    package static func sha512(_ bytes: some Sequence<UInt8>) -> [UInt8] { hash(bytes, SHA512.self) }

    private static func hash<H: HashFunction>(_ bytes: some Sequence<UInt8>, _ function: H.Type) -> [UInt8] {
        var hasher = H()
        let fed: Void? = bytes.withContiguousStorageIfAvailable { hasher.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        if fed == nil { Array(bytes).withUnsafeBytes { hasher.update(bufferPointer: $0) } }
        return Array(hasher.finalize())
    }
}
