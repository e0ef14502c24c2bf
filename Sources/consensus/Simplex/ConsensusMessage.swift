import ChainTypes
import FoundationEssentials
import Primitives
import WireTypes

/// The leader's block for a view; the signature is its own vote to notarise.
package struct Proposal: Sendable, Equatable {
    package let header: BlockHeader
    /// The header's own view, or a later one when an epoch's last block is proposed again.
    package let view: UInt64
    package let signature: [UInt8]

    package init(header: BlockHeader, view: UInt64, signature: [UInt8]) {
        (self.header, self.view, self.signature) = (header, view, signature)
    }

    /// Whether it proposes an epoch's last block again.
    package var isRepeated: Bool { header.view != view }

    /// The block that must be notarised: the parent, or the block itself when it is proposed again.
    package var base: Hash32 { isRepeated ? header.hash : header.parent }

    /// The height of `base`.
    var baseHeight: UInt64 { isRepeated ? header.height : header.height - 1 }

    /// The leader's vote that the proposal carries.
    package var ballot: Ballot { Ballot(.notarise, view: view, height: header.height, block: header.hash) }
}

/// What validators of one epoch tell each other.
package enum ConsensusMessage: Sendable, Equatable {
    indirect case proposal(Proposal)
    case vote(Vote)
    case certificate(WireCertificate)
    /// Asks for whatever certifies the views `first...last`.
    case request(epoch: UInt64, first: UInt64, last: UInt64)

    /// The largest encoding: a header, or a certificate of a thousand validators.
    package static let maximumBytes = Limits.certificate + Limits.header

    package var epoch: UInt64 {
        switch self {
        case .proposal(let proposal): proposal.header.epoch
        case .vote(let vote): vote.epoch
        case .certificate(let certificate): certificate.epoch
        case .request(let epoch, _, _): epoch
        }
    }

    package init(decoding bytes: [UInt8]) throws(ConsensusError) {
        guard let wire = try? WireConsensusMessage(strictly: bytes, limit: Self.maximumBytes) else { throw .malformed }
        try self.init(wire)
    }

    package init(_ wire: WireConsensusMessage) throws(ConsensusError) {
        switch wire.kind {
        case .proposal(let proposal): self = .proposal(try Proposal(proposal))
        case .vote(let vote): self = .vote(try Vote(vote))
        case .certificate(let certificate): self = .certificate(try certificate.checkedShape())
        case .request(let request):
            guard request.first >= 1, request.last >= request.first else { throw .malformed }
            self = .request(epoch: request.epoch, first: request.first, last: request.last)
        case nil: throw .malformed
        }
    }

    package var wire: WireConsensusMessage {
        var wire = WireConsensusMessage()
        switch self {
        case .proposal(let proposal): wire.proposal = proposal.wire
        case .vote(let vote): wire.vote = vote.wire
        case .certificate(let certificate): wire.certificate = certificate
        case .request(let epoch, let first, let last):
            wire.request.epoch = epoch
            wire.request.first = first
            wire.request.last = last
        }
        return wire
    }

    package var encoded: [UInt8] { wire.encoded() }
}

extension Proposal {
    package init(_ wire: WireProposal) throws(ConsensusError) {
        guard wire.signature.count == 64, let header = try? BlockHeader(decoding: [UInt8](wire.header)), wire.view >= header.view,
            wire.view == header.view || header.lastOfEpoch
        else { throw .malformed }
        self.init(header: header, view: wire.view, signature: [UInt8](wire.signature))
    }

    package var wire: WireProposal {
        var wire = WireProposal()
        wire.header = .init(header.bytes)
        wire.view = view
        wire.signature = .init(signature)
        return wire
    }
}

extension WireCertificate {
    /// Whether the fields can belong to a certificate at all; the quorum is judged by whoever knows the validators.
    package func checkedShape() throws(ConsensusError) -> WireCertificate {
        guard view >= 1, let block = Hash32(block), signers.count <= (Limits.validators + 7) / 8, signatures.count <= Limits.validators,
            signatures.allSatisfy({ $0.count == 64 })
        else { throw .malformed }
        switch kind {
        case .notarise, .finalise: guard height >= 1, block != .zero else { throw .malformed }
        case .nullify: guard height == 0, block == .zero else { throw .malformed }
        case .unspecified, .UNRECOGNIZED: throw .malformed
        }
        return self
    }

    /// What its votes are about; `block` is 32 bytes after `checkedShape`.
    package var ballot: Ballot { Ballot(kind, view: view, height: height, block: Hash32(block) ?? .zero) }
}
