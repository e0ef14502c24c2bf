import Primitives
import WireTypes

/// What a chain keeps of an endorsement beside its bytes: the newest of each slot wins.
package struct EndorsementRecord: Sendable, Equatable {
    /// What it is about, such as `intel/tcb-info/tdx/b0c06f000000`.
    package let slot: String
    /// Rises with every issue by the vendor; only a greater one replaces what a slot holds.
    package let number: UInt64
    /// Until when the vendor stands by it, in milliseconds since 1970.
    package let expires: UInt64

    package init(slot: String, number: UInt64, expires: UInt64) { (self.slot, self.number, self.expires) = (slot, number, expires) }
}

/// The endorsements at hand, by slot.
package struct Endorsements: Sendable {
    package var slots: [String: WireEndorsement]

    package init(_ slots: [String: WireEndorsement] = [:]) { self.slots = slots }

    package static let none = Endorsements()

    /// Bytes of an encoded endorsement that are looked at.
    package static let maximumBytes = 256 << 10

    /// Judges an endorsement that anybody submits: signed by the vendor up to a pinned anchor, and valid at `time`.
    ///
    /// - Parameter time: block time, in milliseconds since 1970.
    package static func record(
        of endorsement: WireEndorsement, anchors: TrustAnchors = .pinned, at time: UInt64
    ) throws(AttestationError) -> EndorsementRecord {
        throw .unsupportedEndorsement
    }
}
