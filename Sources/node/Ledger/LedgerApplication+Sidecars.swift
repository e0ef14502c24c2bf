import AuthenticatedState
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import Storage
import SwiftProtobuf
import WireTypes

/// A sidecar that the state calls live: a node is complete only when it has it.
package struct LiveSidecar: Sendable, Equatable {
    /// The state entry that names it.
    package let key: [UInt8]
    package let commitment: Hash32
}

extension LedgerApplication {
    /// Where sidecars are named, in the order of the listing.
    private static let sidecarFamilies = ["assessments", "programs", "records", "subscriptions"].map(StateKey.family)

    /// The sidecars that this node should have and has not, among the next `limit` state entries after `after`; and where to go on
    /// (`nil` at the end). Empty lists to the end mean that the node is complete.
    package func missingSidecars(
        after: [UInt8]? = nil, limit: Int = 1_000
    ) throws -> (missing: [LiveSidecar], next: [UInt8]?) {
        precondition(limit >= 1, "a step looks at something")
        var missing: [LiveSidecar] = []
        var left = limit
        for family in Self.sidecarFamilies {
            if let after, !after.starts(with: family), family.lexicographicallyPrecedes(after) { continue }
            let from = after.flatMap { $0.starts(with: family) ? $0 : nil }
            let keys = try keys(prefix: family, after: from, limit: left)
            for key in keys {
                guard let commitment = try liveSidecar(key, version: head.height), try store.sidecar(commitment) == nil else { continue }
                missing.append(LiveSidecar(key: key, commitment: commitment))
            }
            left -= keys.count
            if left == 0 { return (missing, keys.last) }
        }
        return (missing, nil)
    }

    /// Keeps a sidecar that a peer has sent for `wanted`, unless the state has let go of it meanwhile; tells whether it did.
    /// - Throws: `TransactionError.sidecarMismatch` when it is another one: the peer's fault.
    package func install(_ sidecar: [UInt8], for wanted: LiveSidecar) throws -> Bool {
        guard sidecar.count <= Limits.sidecar, Sidecar.commitment(sidecar) == wanted.commitment else {
            throw TransactionError.sidecarMismatch
        }
        return try store.putSidecar(wanted.commitment, sidecar) { head in
            try liveSidecar(wanted.key, version: head.stateVersion) == wanted.commitment
        }
    }

    /// The live sidecar that the state entry names.
    private func liveSidecar(_ key: [UInt8], version: UInt64) throws -> Hash32? {
        guard let value = try AuthenticatedState.StateReader(store: store).get(key, version: version) else { return nil }
        if key.starts(with: StateKey.family("records")) {
            let record = try WireRecord(serializedBytes: value)
            return record.status == .live ? Hash32(record.commitment) : nil
        }
        if key.starts(with: StateKey.family("programs")) { return Hash32(try WireProgram(serializedBytes: value).commitment) }
        if key.starts(with: StateKey.family("assessments")) { return Hash32(try WireAssessment(serializedBytes: value).commitment) }
        if key.starts(with: StateKey.family("subscriptions")) { return Hash32(try WireSubscription(serializedBytes: value).commitment) }
        return nil
    }
}
