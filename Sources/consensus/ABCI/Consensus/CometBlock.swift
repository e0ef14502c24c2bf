import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// How a block of CometBFT becomes Jupiter's block of the same height: a function of the head and the request (docs/spec/abci.md §3).
package enum CometBlock {
    /// What CometBFT's header H + 1 proves of block H: Jupiter's header, the state after it and its receipts.
    package static func commitment(_ head: ApplicationHead) -> Hash32 {
        CometCommitment.hash(header: head.blockHash, stateRoot: head.stateRoot, receiptsRoot: head.receiptsRoot)
    }

    /// The last second that RFC 3339 can write: CometBFT has no later ones.
    private static let lastSecond: Int64 = 253_402_300_799

    /// Milliseconds since 1970.
    package static func milliseconds(_ time: ABCITimestamp) throws(ABCIError) -> UInt64 {
        guard (0...lastSecond).contains(time.seconds), (0..<1_000_000_000).contains(time.nanos) else { throw .badTime }
        return UInt64(time.seconds) * 1_000 + UInt64(time.nanos) / 1_000_000
    }

    /// The context of the block after `parent`.
    ///
    /// CometBFT has rounds of its own, which say nothing about Jupiter's views: all blocks are of the first.
    package static func context(
        chainID: String, after parent: ParentState, time: ABCITimestamp, proposer address: Data
    ) throws(ABCIError) -> BlockContext {
        let voters = parent.plan.validators.members.filter { $0.votingWeight > 0 }.map(\.key)
        guard let proposer = ValidatorUpdates.key(at: address, among: voters) else { throw .unknownProposer }
        return BlockMaker.context(chainID: chainID, after: parent, view: 1, proposer: proposer, now: try milliseconds(time))
    }

    /// What the engine has judged, as evidence of the block: once a validator, its newest offence, in the order of the request.
    package static func convictions(_ misbehavior: [ABCIMisbehavior], among keys: [Hash32]) -> [[UInt8]] {
        var order: [Hash32] = []
        var newest: [Hash32: WireConviction] = [:]
        for offence in misbehavior {
            guard offence.height >= 1, let key = ValidatorUpdates.key(at: offence.validator.address, among: keys) else { continue }
            var conviction = WireConviction()
            switch offence.kind {
            case .duplicateVote: conviction.kind = .duplicateVote
            case .lightClientAttack: conviction.kind = .lightClientAttack
            case .unknown, .UNRECOGNIZED: continue
            }
            conviction.validator = .init(key.bytes)
            conviction.height = UInt64(offence.height)
            if let known = newest[key] {
                if known.height < conviction.height { newest[key] = conviction }
            } else {
                order.append(key)
                newest[key] = conviction
            }
        }
        return order.prefix(Limits.evidencePerBlock).compactMap { newest[$0]?.encoded() }
    }
}
