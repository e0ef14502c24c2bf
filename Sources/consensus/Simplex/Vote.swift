import ChainTypes
import FoundationEssentials
import Primitives
import WireTypes

/// What a vote is about: a block in a view, or the view's end without one.
package struct Ballot: Sendable, Hashable {
    package let kind: WireVoteKind
    package let view: UInt64
    /// 0 when it nullifies.
    package let height: UInt64
    /// The header's hash; zero when it nullifies.
    package let block: Hash32

    package init(_ kind: WireVoteKind, view: UInt64, height: UInt64, block: Hash32) {
        (self.kind, self.view, self.height, self.block) = (kind, view, height, block)
    }

    /// A vote to leave `view` without a block.
    package static func nullify(_ view: UInt64) -> Ballot { Ballot(.nullify, view: view, height: 0, block: .zero) }
}

/// One validator's signed ballot.
package struct Vote: Sendable, Equatable {
    package let epoch: UInt64
    package let ballot: Ballot
    /// Position in the epoch's validator set.
    package let signer: Int
    package let signature: [UInt8]

    package init(epoch: UInt64, ballot: Ballot, signer: Int, signature: [UInt8]) {
        (self.epoch, self.ballot, self.signer, self.signature) = (epoch, ballot, signer, signature)
    }

    /// Reads a vote that a peer or the log holds; its signature is not checked here.
    package init(_ wire: WireVote) throws(ConsensusError) {
        guard let block = Hash32(wire.block), wire.signature.count == 64, wire.view >= 1, Int(wire.signer) < Limits.validators else {
            throw .malformed
        }
        switch wire.kind {
        case .notarise, .finalise: guard wire.height >= 1, block != .zero else { throw .malformed }
        case .nullify: guard wire.height == 0, block == .zero else { throw .malformed }
        case .unspecified, .UNRECOGNIZED: throw .malformed
        }
        epoch = wire.epoch
        ballot = Ballot(wire.kind, view: wire.view, height: wire.height, block: block)
        signer = Int(wire.signer)
        signature = [UInt8](wire.signature)
    }

    package var wire: WireVote {
        var wire = WireVote()
        wire.epoch = epoch
        wire.view = ballot.view
        wire.height = ballot.height
        wire.block = .init(ballot.block.bytes)
        wire.kind = ballot.kind
        wire.signer = UInt32(signer)
        wire.signature = .init(signature)
        return wire
    }
}
