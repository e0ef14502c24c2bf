import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Gathers precommits for one CometBFT header into a commit of no more votes than it needs, the heaviest first.
package struct CometCommitBuilder: Sendable {
    private var wire = WireCometSignedHeader()
    private let header: CometHeader
    private let validators: CometValidators
    /// By the signer's position in the set.
    private var votes: [Int: WireCometVote] = [:]

    /// Votes of `round` by `validators`, CometBFT's set at the header's height.
    /// - Parameters: `partsTotal` and `partsHash` are the block's part-set header, which votes sign as well.
    package init(
        header: WireCometHeader, round: UInt32, partsTotal: UInt32, partsHash: [UInt8], validators: CometValidators
    ) throws(LightClientError) {
        wire.header = header
        (wire.round, wire.partsTotal, wire.partsHash) = (round, partsTotal, .init(partsHash))
        self.header = try CometHeader(header)
        self.validators = validators
    }

    /// What a vote cast at `time` signs.
    package func statement(_ time: WireCometTime) -> [UInt8] { CometSignedHeader.statement(wire, header, time) }

    /// Adds the vote of the member at `position`, without judging it.
    package mutating func add(_ signature: [UInt8], at time: WireCometTime, by position: Int) throws(LightClientError) {
        guard validators.members.indices.contains(position) else { throw .unknownValidator }
        var vote = WireCometVote()
        (vote.time, vote.signature) = (time, .init(signature))
        votes[position] = vote
    }

    /// Leaves out the votes that do not verify here, and those that the quorum of the rest does not need.
    package mutating func trim() {
        var (kept, power): ([Int: WireCometVote], UInt64) = ([:], 0)
        // CometBFT's order is that of the weights.
        for (position, vote) in votes.sorted(by: { $0.key < $1.key }) {
            let key = VerificationKey.ed25519(validators.members[position].key)
            guard vote.time.isWellFormed, (try? key.verifyBare([UInt8](vote.signature), of: statement(vote.time))) != nil else { continue }
            kept[position] = vote
            power += validators.members[position].power
            if Quorum.isReached(weight: power, total: validators.totalPower, profile: .byzantine) { break }
        }
        votes = kept
    }

    /// The header with the votes so far, quorum or not.
    package var signedHeader: WireCometSignedHeader {
        var wire = wire
        var bitmap = [UInt8](repeating: 0, count: (validators.members.count + 7) / 8)
        for (position, vote) in votes.sorted(by: { $0.key < $1.key }) {
            bitmap[position / 8] |= 1 << UInt8(position % 8)
            wire.votes.append(vote)
        }
        wire.signers = .init(bitmap)
        return wire
    }
}
