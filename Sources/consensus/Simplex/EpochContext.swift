import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Signs and checks votes: Ed25519 on a machine, something cheaper in a simulation that says so.
package protocol VoteKeys: Sendable {
    /// The signature of the validator that this replica is.
    func sign(_ statement: [UInt8]) -> [UInt8]
    func isValid(_ signature: [UInt8], of statement: [UInt8], by key: Hash32) -> Bool
}

/// Where a block stands in its chain.
package struct BlockReference: Sendable, Hashable {
    package let hash: Hash32
    package let height: UInt64

    package init(hash: Hash32, height: UInt64) { (self.hash, self.height) = (hash, height) }
}

/// Everything about an epoch that does not change while it lasts.
package struct EpochContext: Sendable {
    package let chainID: String
    package let profile: WireQuorumProfile
    package let epoch: UInt64
    package let validators: ValidatorSet
    package let schedule: LeaderSchedule
    /// This replica's position in the set; `nil` when it only follows.
    package let own: Int?
    /// The last block of the epoch before, or the genesis: view 0.
    package let base: BlockReference
    /// For the simulator's check of itself; `nil` everywhere else.
    package let plantedBug: PlantedBug?

    package init(
        chainID: String, profile: WireQuorumProfile, epoch: UInt64, validators: ValidatorSet, ownKey: Hash32?, base: BlockReference,
        plantedBug: PlantedBug? = nil
    ) {
        self.plantedBug = plantedBug
        (self.chainID, self.profile, self.epoch, self.validators, self.base) = (chainID, profile, epoch, validators, base)
        schedule = LeaderSchedule(validators)
        own = ownKey.flatMap { key in validators.members.firstIndex { $0.key == key } }
    }

    /// The position of the leader of `view` (Chan & Pass §2.1: the leader of an iteration is known to all beforehand).
    package func leader(_ view: UInt64) -> Int { schedule.leader(view) }

    /// What every vote for `ballot` signs.
    package func statement(_ ballot: Ballot) -> [UInt8] {
        var wire = WireCertificate()
        wire.epoch = epoch
        wire.view = ballot.view
        wire.height = ballot.height
        wire.block = .init(ballot.block.bytes)
        wire.profile = profile
        wire.kind = ballot.kind
        return QuorumCertificate.statement(wire, chainID: chainID)
    }

    package func weight(_ position: Int) -> UInt64 { validators.members[position].votingWeight }

    package func isQuorum(_ weight: UInt64) -> Bool {
        // A quorum believed too early is the bug that the simulator must see first.
        let weight = plantedBug == .quorumOffByOne ? weight + 1 : weight
        return Quorum.isReached(weight: weight, total: validators.totalWeight, profile: profile)
    }

    /// The certificate of these votes, in the one form that verifiers accept.
    package func certificate(_ ballot: Ballot, signatures: [Int: [UInt8]]) -> WireCertificate {
        var wire = WireCertificate()
        wire.epoch = epoch
        wire.view = ballot.view
        wire.height = ballot.height
        wire.block = .init(ballot.block.bytes)
        wire.profile = profile
        wire.kind = ballot.kind
        var bitmap = [UInt8](repeating: 0, count: (validators.members.count + 7) / 8)
        for (position, signature) in signatures.sorted(by: { $0.key < $1.key }) {
            bitmap[position / 8] |= 1 << UInt8(position % 8)
            wire.signatures.append(.init(signature))
        }
        wire.signers = .init(bitmap)
        return wire
    }

    /// Whether `certificate` is a quorum's of this epoch.
    package func isValid(_ certificate: WireCertificate, keys: some VoteKeys) -> Bool {
        guard certificate.epoch == epoch, certificate.profile == profile,
            let signers = try? CertificateVerifier.signers(certificate, count: validators.members.count),
            isQuorum(signers.reduce(0) { $0 + weight($1) })
        else { return false }
        let statement = statement(certificate.ballot)
        return zip(signers, certificate.signatures).allSatisfy { signer, signature in
            keys.isValid([UInt8](signature), of: statement, by: validators.members[signer].key)
        }
    }
}
