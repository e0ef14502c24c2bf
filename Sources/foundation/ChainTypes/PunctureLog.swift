import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// The chain's puncture log as a hash chain: whoever knows its hash at one entry can check the entries up to another.
package struct PunctureChain: Sendable, Equatable {
    /// How many entries are behind it.
    package private(set) var count: UInt64
    package private(set) var hash: Hash32

    /// The empty log.
    package init() { (count, hash) = (0, .zero) }

    package init(count: UInt64, hash: Hash32) { (self.count, self.hash) = (count, hash) }

    /// The log whose end is `wire`; `nil` is a chain that never erased anything.
    package init?(_ wire: WirePunctureLog?) {
        guard let wire else {
            self.init()
            return
        }
        guard wire.count > 0, let hash = Hash32(wire.hash) else { return nil }
        self.init(count: wire.count, hash: hash)
    }

    package var wire: WirePunctureLog {
        var wire = WirePunctureLog()
        wire.count = count
        wire.hash = .init(hash.bytes)
        return wire
    }

    /// Adds an entry: hash n = H(hash n−1, encoded entry n).
    package mutating func append(_ entry: [UInt8]) {
        var digest = Digest(.punctureLog)
        digest.update(hash)
        digest.updateWithLength(entry)
        hash = digest.finalize()
        count += 1
    }
}
