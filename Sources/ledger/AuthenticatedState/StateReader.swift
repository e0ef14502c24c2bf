import Primitives

/// Reads any stored version of the state, from the store alone. A value: use it from any thread.
///
/// Every node read is checked against the hash that its parent holds, so a damaged store is reported, never served.
package struct StateReader: Sendable {
    private let store: any StateNodeStore

    package init(store: any StateNodeStore) { self.store = store }

    /// The root of `version`; zero when the state is empty.
    package func root(version: UInt64) throws(StateError) -> Hash32 {
        try rootRecord(version).hash(depth: 0)
    }

    /// The value of `key` in `version`; `nil` when it has none.
    package func get(_ key: [UInt8], version: UInt64) throws(StateError) -> [UInt8]? {
        let path = StateHashing.path(ofKey: key)
        var record = try rootRecord(version)
        for depth in 0..<64 {
            guard let child = record.child(path.nibble(depth)) else { return nil }
            if child.leafKeyLength != nil {
                let leaf = try leaf(child, path: path)
                return leaf.path == path ? leaf.record.value : nil
            }
            record = try internalNode(child, path: path, depth: depth + 1)
        }
        throw .malformedNode(version: version, depth: 64)
    }

    /// A proof of what `version` says of `key`: its value, or that it has none.
    package func prove(_ key: [UInt8], version: UInt64) throws(StateError) -> StateProof {
        let path = StateHashing.path(ofKey: key)
        var record = try rootRecord(version)
        if record.children.isEmpty { return StateProof(levels: [], terminal: .empty) }
        if record.children.count == 1, record.children[0].leafKeyLength != nil {
            let slot = record.bitmap.trailingZeroBitCount
            let place = Hash32.zero.settingNibble(0, to: slot)
            return StateProof(levels: [], terminal: try terminal(record.children[0], place: place, path: path))
        }
        var levels: [StateProof.Level] = []
        for depth in 0..<64 {
            let slot = path.nibble(depth)
            let present = record.bitmap & (1 << UInt16(slot)) != 0
            let position = record.bitmap.position(ofSlot: slot)
            let siblings = record.children.indices.filter { !present || $0 != position }.map { record.children[$0].hash }
            levels.append(StateProof.Level(bitmap: record.bitmap, siblings: siblings))
            guard present else { return StateProof(levels: levels, terminal: .empty) }
            let child = record.children[position]
            if child.leafKeyLength != nil {
                return StateProof(levels: levels, terminal: try terminal(child, place: path, path: path))
            }
            record = try internalNode(child, path: path, depth: depth + 1)
        }
        throw .malformedNode(version: version, depth: 64)
    }

    private func terminal(_ child: ChildReference, place: Hash32, path: Hash32) throws(StateError) -> StateProof.Terminal {
        let leaf = try leaf(child, path: place)
        return leaf.path == path ? .leaf : .otherLeaf(path: leaf.path, valueHash: StateHashing.value(leaf.record.value))
    }

    func rootRecord(_ version: UInt64) throws(StateError) -> InternalRecord {
        let key = NodeKey.root(version)
        guard let bytes = try read(key) else { throw .unknownVersion(version) }
        return try InternalRecord(bytes, key: key)
    }

    /// The internal node `child` at the first `depth` nibbles of `path`.
    func internalNode(_ child: ChildReference, path: Hash32, depth: Int) throws(StateError) -> InternalRecord {
        let key = NodeKey(version: child.version, path: path, length: depth)
        guard let bytes = try read(key) else { throw .missingNode(version: key.version, depth: depth) }
        let record = try InternalRecord(bytes, key: key)
        guard record.hash(depth: depth) == child.hash else { throw .hashMismatch(version: key.version, depth: depth) }
        return record
    }

    /// The leaf `child`, whose place starts like `path`; with its own path.
    func leaf(_ child: ChildReference, path: Hash32) throws(StateError) -> (record: LeafRecord, path: Hash32) {
        let key = NodeKey(version: child.version, path: path, length: Int(child.leafKeyLength ?? 0))
        guard let bytes = try read(key) else { throw .missingNode(version: key.version, depth: key.length) }
        let record = try LeafRecord(bytes, key: key)
        let own = record.path
        guard record.hash(path: own) == child.hash else { throw .hashMismatch(version: key.version, depth: key.length) }
        return (record, own)
    }

    private func read(_ key: NodeKey) throws(StateError) -> [UInt8]? {
        do {
            return try store.node(key)
        } catch {
            throw .storeFailed(String(describing: error))
        }
    }
}
