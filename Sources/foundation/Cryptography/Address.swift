import Primitives

/// An account: the hash of the public key that controls it. Written as bech32m (BIP 350), `jup1…`.
package struct Address: Sendable, Hashable, Comparable {
    package let hash: Hash32

    package init(_ hash: Hash32) { self.hash = hash }

    /// `nil` unless there are exactly 32 bytes.
    package init?(_ bytes: some Sequence<UInt8>) {
        guard let hash = Hash32(bytes) else { return nil }
        self.hash = hash
    }

    /// Reads `jup1…`.
    package init(text: String) throws(CryptographyError) {
        guard let (prefix, bytes) = Bech32m.decode(text), prefix == Address.prefix, let hash = Hash32(bytes) else {
            throw .malformedAddress
        }
        self.hash = hash
    }

    package static let prefix = "jup"

    package var bytes: [UInt8] { hash.bytes }

    package static func < (a: Address, b: Address) -> Bool { a.hash < b.hash }
}

extension Address: CustomStringConvertible {
    /// `jup1…`
    package var description: String { Bech32m.encode(prefix: Address.prefix, hash.bytes) }
}
