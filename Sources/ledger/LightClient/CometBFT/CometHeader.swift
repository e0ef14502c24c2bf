import ChainTypes
import FoundationEssentials
import Primitives
import WireTypes

/// A CometBFT header with its hash: the tree over its fields (docs/spec/light-client.md §6.1).
package struct CometHeader: Sendable, Equatable {
    /// The most bytes of `app_hash`: other applications than ours choose their own.
    private static let largestAppHash = 256

    package let wire: WireCometHeader
    package let hash: Hash32

    /// - Throws: `malformed` for a field of an impossible size.
    package init(_ wire: WireCometHeader) throws(LightClientError) {
        guard (1...Genesis.cometChainID).contains(wire.chainID.utf8.count), (1...UInt64(Int64.max)).contains(wire.height),
            wire.time.isWellFormed, Self.isHash(wire.lastBlock.hash), Self.isHash(wire.lastBlock.partsHash),
            Self.isHash(wire.lastCommitHash), Self.isHash(wire.dataHash), wire.validatorsHash.count == 32,
            wire.nextValidatorsHash.count == 32, Self.isHash(wire.consensusHash), wire.appHash.count <= Self.largestAppHash,
            Self.isHash(wire.lastResultsHash), Self.isHash(wire.evidenceHash), wire.proposerAddress.count == 20
        else { throw .malformed }
        self.wire = wire
        hash = CometTree.root(Self.leaves(wire))
    }

    private static func isHash(_ bytes: Data) -> Bool { bytes.isEmpty || bytes.count == 32 }

    /// The fourteen fields; an empty value gives an empty leaf.
    private static func leaves(_ wire: WireCometHeader) -> [[UInt8]] {
        var version = CometEncoder()
        version.number(1, wire.blockVersion)
        version.number(2, wire.appVersion)
        var chainID = CometEncoder()
        chainID.content(1, Array(wire.chainID.utf8))
        var height = CometEncoder()
        height.number(1, wire.height)
        let hashes = [
            wire.lastCommitHash, wire.dataHash, wire.validatorsHash, wire.nextValidatorsHash, wire.consensusHash, wire.appHash,
            wire.lastResultsHash, wire.evidenceHash, wire.proposerAddress,
        ]
        let first = [version.bytes, chainID.bytes, height.bytes, wire.time.cometBytes, blockID(wire.lastBlock)]
        return first
            + hashes.map { hash in
                var value = CometEncoder()
                value.content(1, [UInt8](hash))
                return value.bytes
            }
    }

    /// A reference to a block, in the same form in headers and in votes.
    static func blockID(_ wire: WireCometBlockID) -> [UInt8] {
        var parts = CometEncoder()
        parts.number(1, UInt64(wire.partsTotal))
        parts.content(2, [UInt8](wire.partsHash))
        var encoder = CometEncoder()
        encoder.content(1, [UInt8](wire.hash))
        encoder.message(2, parts.bytes)
        return encoder.bytes
    }
}
