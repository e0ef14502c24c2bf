import Crypto
import Primitives

/// SHA-256 (FIPS 180-4) in one context; parts of unknown length are length-prefixed by the caller.
package struct Digest {
    private var hasher = SHA256()

    package init(_ context: Context) {
        context.withPrefix { text in
            withUnsafeBytes(of: UInt8(truncatingIfNeeded: text.count)) { hasher.update(bufferPointer: $0) }
            hasher.update(bufferPointer: text)
        }
    }

    /// Without a context: only where an outside standard or an identifier of plain content asks for bare SHA-256.
    private init() {}

    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    }

    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    }

    package mutating func update(_ hash: Hash32) {
        hash.withBytes { hasher.update(bufferPointer: $0) }
    }

    /// Adds the length of `bytes` (four bytes, big-endian), then `bytes`.
    package mutating func updateWithLength(_ bytes: [UInt8]) {
        withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { hasher.update(bufferPointer: $0) }
        update(bytes)
    }

    package mutating func update<T: FixedWidthInteger>(bigEndian value: T) {
        withUnsafeBytes(of: value.bigEndian) { hasher.update(bufferPointer: $0) }
    }

    package func finalize() -> Hash32 {
        // A SHA-256 digest has 32 bytes, so the initialiser cannot fail.
        hasher.finalize().withUnsafeBytes { Hash32($0) } ?? .zero
    }

    package static func hash(_ context: Context, _ bytes: [UInt8]) -> Hash32 {
        var digest = Digest(context)
        digest.update(bytes)
        return digest.finalize()
    }

    /// SHA-256 of `bytes` alone: the identity of a program's code.
    package static func plain(_ bytes: [UInt8]) -> Hash32 {
        var digest = Digest()
        digest.update(bytes)
        return digest.finalize()
    }
}
