import Crypto
import Cryptography
import Foundation

extension KeySearch {
    /// What shall be opened: one record's ciphertext, and where in its tree the key is.
    package struct Target: Sendable {
        let box: [UInt8]
        let associated: [UInt8]
        let leaf: UInt32

        package init(box: [UInt8], associated: [UInt8], leaf: UInt32) { (self.box, self.associated, self.leaf) = (box, associated, leaf) }

        /// The 32-byte strings that open the record: the key at the top of its tree and those on the way down to the leaf.
        package static func path(to leaf: UInt32, under subjectKey: SymmetricKey) throws -> [[UInt8]] {
            let whole = RecordKeyTree(subjectKey: subjectKey)
            var keys = [subjectKey.withUnsafeBytes { [UInt8]($0) }]
            for level in 1...RecordKeyTree.depth {
                let width = UInt32(1) << UInt32(4 * (RecordKeyTree.depth - level))
                // Without its neighbour, the node on the way at this level is one of those that are left.
                var tree = whole
                try tree.puncture(leaf ^ width)
                guard let node = tree.nodes.first(where: { $0.level == level && $0.index == leaf / width }) else { continue }
                keys.append(node.key.withUnsafeBytes { [UInt8]($0) })
            }
            return keys
        }

        /// What could be the key of record number `leaf`, if these 32 bytes are a key at any height above it.
        static func candidates(for leaf: UInt32, from bytes: Data) -> [SymmetricKey] {
            let key = SymmetricKey(data: bytes)
            return (0...RecordKeyTree.depth).compactMap { level in
                let index = leaf >> UInt32(4 * (RecordKeyTree.depth - level))
                return try? RecordKeyTree(nodes: [.init(level: level, index: index, key: key)]).recordKey(leaf)
            }
        }

        func opens(with key: SymmetricKey) -> Bool {
            (try? AuthenticatedEncryption.open(box, key: key, context: .record, associated: associated)) != nil
        }
    }
}
