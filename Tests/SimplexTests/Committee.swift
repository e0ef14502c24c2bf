import ChainTypes
import FoundationEssentials
import Primitives
import Simplex
import Simulator
import WireTypes

/// Four validators of weight 1, their epoch, and whatever they may sign: what the rules are tested with.
struct Committee {
    let keys: [Hash32]
    let context: [EpochContext]
    let base: BlockReference
    let set: ValidatorSet

    init(
        weights: [UInt64] = [1, 1, 1, 1], leads: [UInt64]? = nil, profile: WireQuorumProfile = .byzantine, epoch: UInt64 = 0,
        base: BlockReference = BlockReference(hash: Hash32(0, 0, 0, 9), height: 0)
    ) throws {
        let keys = weights.indices.map { Hash32(UInt64($0 + 1), 2, 3, 4) }
        let set = try ValidatorSet(
            keys.indices.map { ValidatorSet.Member(key: keys[$0], votingWeight: weights[$0], leaderWeight: leads?[$0] ?? 1) })
        self.keys = keys
        self.base = base
        self.set = set
        context = keys.map {
            EpochContext(chainID: "rules", profile: profile, epoch: epoch, validators: set, ownKey: $0, base: base)
        }
    }

    init(keys: [Hash32], set: ValidatorSet, context: [EpochContext], base: BlockReference) {
        (self.keys, self.set, self.context, self.base) = (keys, set, context, base)
    }

    var epoch: UInt64 { context[0].epoch }

    func core(_ own: Int, mayVote: Bool = true, log: [LogEntry] = []) -> SimplexCore<SimulatedVoteKeys> {
        SimplexCore(context: context[own], keys: SimulatedVoteKeys(keys[own]), mayVote: mayVote, log: log)
    }

    func vote(_ ballot: Ballot, by signer: Int) -> Vote {
        Vote(
            epoch: epoch, ballot: ballot, signer: signer,
            signature: SimulatedVoteKeys(keys[signer]).sign(context[signer].statement(ballot)))
    }

    func certificate(_ ballot: Ballot, by signers: [Int] = [1, 2, 3]) -> WireCertificate {
        let signatures = signers.map { ($0, vote(ballot, by: $0).signature) }
        return context[0].certificate(ballot, signatures: Dictionary(uniqueKeysWithValues: signatures))
    }

    /// A block of the leader of `view` after `parent`; `salt` tells siblings apart.
    func block(
        view: UInt64, after parent: BlockReference, salt: UInt64 = 0, heightAbove: UInt64 = 1, isLast: Bool = false
    ) throws -> BlockHeader {
        var wire = WireHeader()
        wire.version = BlockHeader.version
        wire.chainID = "rules"
        wire.height = parent.height + heightAbove
        wire.epoch = epoch
        wire.view = view
        wire.parent = .init(parent.hash.bytes)
        wire.proposer = .init(keys[context[0].leader(view)].bytes)
        wire.time = 1_000 + view
        let hashes = Hash32(0, 0, 0, salt).bytes
        wire.transactionsRoot = .init(hashes)
        wire.evidenceRoot = .init(hashes)
        wire.stateRoot = .init(hashes)
        wire.receiptsRoot = .init(hashes)
        wire.validatorsHash = .init(set.hash.bytes)
        wire.nextValidatorsHash = .init(set.hash.bytes)
        wire.lastOfEpoch = isLast
        wire.applicationVersion = 1
        return try BlockHeader(encoding: wire)
    }

    /// The proposal of `block` by the leader of `view`, or of the block's own view.
    func proposal(_ block: BlockHeader, view: UInt64? = nil, signedBy signer: Int? = nil) -> Proposal {
        let view = view ?? block.view
        let ballot = Ballot(.notarise, view: view, height: block.height, block: block.hash)
        return Proposal(header: block, view: view, signature: vote(ballot, by: signer ?? context[0].leader(view)).signature)
    }
}

extension BlockHeader {
    var reference: BlockReference { BlockReference(hash: hash, height: height) }

    func ballot(_ kind: WireVoteKind, view: UInt64? = nil) -> Ballot { Ballot(kind, view: view ?? self.view, height: height, block: hash) }
}

extension [CoreEffect] {
    /// Votes that leave, alone or in a proposal; not those of others that are repeated.
    func votes(of own: Int) -> [Ballot] {
        compactMap { effect in
            switch effect {
            case .broadcast(.vote(let vote)) where vote.signer == own: vote.ballot
            case .broadcast(.proposal(let proposal)): proposal.ballot
            default: nil
            }
        }
    }

    var persisted: [LogEntry] { compactMap { if case .persist(let entry) = $0 { entry } else { nil } } }
    var proposed: [BlockReference] { compactMap { if case .propose(_, let parent) = $0 { parent } else { nil } } }
    var examined: [Hash32] { compactMap { if case .examine(let proposal) = $0 { proposal.header.hash } else { nil } } }
    var requests: [ClosedRange<UInt64>] {
        compactMap { if case .broadcast(.request(_, let first, let last)) = $0 { first...last } else { nil } }
    }
    var accused: [Int] { compactMap { if case .equivocation(let vote, _) = $0 { vote.signer } else { nil } } }
    var blamed: [Int] { compactMap { if case .misbehaviour(let signer, _) = $0 { signer } else { nil } } }
    var timers: [(timer: ViewTimer, delay: UInt64)] {
        compactMap { if case .setTimer(let timer, let delay) = $0 { (timer, delay) } else { nil } }
    }
    /// Certificates sent to `peer`.
    func shown(to peer: Int) -> [WireCertificate] {
        compactMap { if case .send(.certificate(let certificate), peer) = $0 { certificate } else { nil } }
    }
}
