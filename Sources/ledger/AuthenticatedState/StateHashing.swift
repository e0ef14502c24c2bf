import Crypto
import Primitives

/// The four hashes of the state tree: SHA-256 over a domain and the content (docs/spec/state-tree.md).
///
/// A domain is its length (20, hence `\u{14}`) and 20 ASCII characters; no two of the four hashes share one, so no value can be
/// taken for a leaf, no leaf for an internal node.
package enum StateHashing {
    static let keyDomain: StaticString = "\u{14}jupiter/state-key/v1"
    static let valueDomain: StaticString = "\u{14}jupiter/state-val/v1"
    static let leafDomain: StaticString = "\u{14}jupiter/state-lea/v1"
    static let internalDomain: StaticString = "\u{14}jupiter/state-int/v1"
    static let domainBytes = 21

    /// The path of a key: where its leaf belongs.
    package static func path(ofKey key: [UInt8]) -> Hash32 { hash(keyDomain, key) }

    /// The hash of a value.
    package static func value(_ value: [UInt8]) -> Hash32 { hash(valueDomain, value) }

    /// The hash of a leaf.
    package static func leaf(path: Hash32, valueHash: Hash32) -> Hash32 {
        withUnsafeTemporaryAllocation(byteCount: domainBytes + 64, alignment: 8) { buffer in
            start(leafDomain, buffer)
            path.write(to: UnsafeMutableRawBufferPointer(rebasing: buffer[domainBytes..<domainBytes + 32]))
            valueHash.write(to: UnsafeMutableRawBufferPointer(rebasing: buffer[(domainBytes + 32)...]))
            return digest(UnsafeRawBufferPointer(buffer))
        }
    }

    /// The hash of an internal node: which of the 16 children it has, and their hashes in order.
    package static func node(bitmap: UInt16, children: ContiguousArray<Hash32>) -> Hash32 {
        node(bitmap: bitmap, count: children.count) { children[$0] }
    }

    /// As `node(bitmap:children:)`, for children that lie in other structures.
    @inline(__always)
    static func node(bitmap: UInt16, count: Int, child: (Int) -> Hash32) -> Hash32 {
        withUnsafeTemporaryAllocation(byteCount: domainBytes + 2 + 16 * 32, alignment: 8) { buffer in
            precondition(count <= 16, "a node has 16 children")
            start(internalDomain, buffer)
            buffer[domainBytes] = UInt8(truncatingIfNeeded: bitmap)
            buffer[domainBytes + 1] = UInt8(truncatingIfNeeded: bitmap >> 8)
            var end = domainBytes + 2
            for index in 0..<count {
                child(index).write(to: UnsafeMutableRawBufferPointer(rebasing: buffer[end..<end + 32]))
                end += 32
            }
            return digest(UnsafeRawBufferPointer(rebasing: buffer[..<end]))
        }
    }

    /// As `node(bitmap:children:)`, for hashes that lie in memory one after the other.
    @inline(__always)
    static func node(bitmap: UInt16, hashes: UnsafeRawBufferPointer) -> Hash32 {
        withUnsafeTemporaryAllocation(byteCount: domainBytes + 2 + 16 * 32, alignment: 8) { buffer in
            precondition(hashes.count <= 16 * 32, "a node has 16 children")
            start(internalDomain, buffer)
            buffer[domainBytes] = UInt8(truncatingIfNeeded: bitmap)
            buffer[domainBytes + 1] = UInt8(truncatingIfNeeded: bitmap >> 8)
            UnsafeMutableRawBufferPointer(rebasing: buffer[(domainBytes + 2)...]).copyMemory(from: hashes)
            return digest(UnsafeRawBufferPointer(rebasing: buffer[..<(domainBytes + 2 + hashes.count)]))
        }
    }

    private static func start(_ domain: StaticString, _ buffer: UnsafeMutableRawBufferPointer) {
        buffer.copyMemory(from: UnsafeRawBufferPointer(start: domain.utf8Start, count: domainBytes))
    }

    private static func hash(_ domain: StaticString, _ content: [UInt8]) -> Hash32 {
        guard content.count <= 512 else {
            var hasher = SHA256()
            hasher.update(bufferPointer: UnsafeRawBufferPointer(start: domain.utf8Start, count: domainBytes))
            content.withUnsafeBytes { hasher.update(bufferPointer: $0) }
            return value(of: hasher.finalize())
        }
        return withUnsafeTemporaryAllocation(byteCount: domainBytes + 512, alignment: 8) { buffer in
            start(domain, buffer)
            content.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[domainBytes...]).copyMemory(from: $0) }
            return digest(UnsafeRawBufferPointer(rebasing: buffer[..<(domainBytes + content.count)]))
        }
    }

    @inline(__always)
    private static func digest(_ bytes: UnsafeRawBufferPointer) -> Hash32 {
        var hasher = SHA256()
        hasher.update(bufferPointer: bytes)
        return value(of: hasher.finalize())
    }

    @inline(__always)
    private static func value(of digest: SHA256Digest) -> Hash32 {
        guard let value = digest.withUnsafeBytes({ Hash32($0) }) else { preconditionFailure("a SHA-256 digest has 32 bytes") }
        return value
    }
}
