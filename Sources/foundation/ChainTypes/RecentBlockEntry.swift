import Primitives

/// What the state keeps of one of the last blocks: height (eight bytes, little-endian) and hash.
package struct RecentBlockEntry: Sendable, Equatable {
    /// How many are kept; the slots are used in turn.
    package static let slots: UInt64 = 256

    package let height: UInt64
    package let hash: Hash32

    package init(height: UInt64, hash: Hash32) { (self.height, self.hash) = (height, hash) }

    /// - Parameter bytes: exactly 40.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 40, let hash = Hash32(bytes[8...]) else { return nil }
        height = bytes[..<8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        self.hash = hash
    }

    package var bytes: [UInt8] { withUnsafeBytes(of: height.littleEndian) { Array($0) } + hash.bytes }
}
