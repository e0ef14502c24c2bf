import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Every validator of the list with its record: from which the next set follows.
struct Roster {
    struct Entry {
        let key: Hash32
        var record: WireValidatorRecord
        /// In the present epoch.
        let service: WireLeaderService
    }

    var entries: [Entry]

    init(_ state: inout ModuleState) throws {
        entries = []
        for key in try TrustState.list(&state) {
            guard let record = try TrustState.record(key, &state) else { throw TrustError.missingState }
            let service: WireLeaderService = try state.message(StateKey.leaderService(key)) ?? WireLeaderService()
            entries.append(Entry(key: key, record: record, service: service))
        }
    }

    /// The entries as they are in the next epoch, and the set that they are.
    struct Next {
        var entries: [Entry]
        let set: ValidatorSet
        /// Everybody who had weight was jailed: the present set goes on rather than none.
        let isKept: Bool
    }

    /// What follows the present epoch, whose set is `present`.
    func next(after present: ValidatorSet, epoch: UInt64, profile: WireQuorumProfile, leaderStep: UInt32) throws -> Next {
        let weights = WeightPacing.next(entries.map(\.record.pace), profile: profile)
        var entries = entries
        for position in entries.indices {
            let service = entries[position].service
            var record = entries[position].record
            if let weights { record.votingWeight = weights[position] }
            record.leaderScore = LeaderScore.next(record.leaderScore, after: service, step: leaderStep)
            record.count(service)
            record.enter(epoch + 1)
            entries[position].record = record
        }
        guard weights != nil else { return Next(entries: entries, set: present, isKept: true) }
        let members = entries.filter(\.record.isMember)
        let leaders = LeaderScore.weights(members.map { ($0.record.leaderWeight, $0.record.leaderScore) })
        let set = try ValidatorSet(
            zip(members, leaders).map { entry, weight in
                .init(
                    key: entry.key, votingWeight: entry.record.votingWeight,
                    leaderWeight: entry.record.votingWeight > 0 ? weight : 0)
            })
        return Next(entries: entries, set: set, isKept: false)
    }

    /// Whether the next set would vote otherwise than the present one, or somebody waits to vote again.
    func changes(_ present: ValidatorSet, epoch: UInt64, profile: WireQuorumProfile) throws -> Bool {
        if entries.contains(where: { $0.record.status == .rejoining && $0.record.votesFrom > epoch }) { return true }
        let next = try next(after: present, epoch: epoch, profile: profile, leaderStep: 0)
        return !next.set.members.elementsEqual(present.members) { $0.key == $1.key && $0.votingWeight == $1.votingWeight }
    }
}

extension WireValidatorRecord {
    var pace: WeightPacing.Weight {
        WeightPacing.Weight(
            present: votingWeight, target: status == .leaving ? 0 : grantedWeight, isBarred: status == .jailed, decided: decided)
    }

    /// Whether a set holds the validator: jailed ones stay visible, without weight, until governance removes them.
    var isMember: Bool { status != .joining && status != .left }

    /// Adds the service of an epoch.
    mutating func count(_ service: WireLeaderService) {
        proposals = proposals.clampedSum(service.proposals)
        missed = missed.clampedSum(service.missed)
    }

    /// Moves on to `epoch`, with the voting weight of that epoch.
    fileprivate mutating func enter(_ epoch: UInt64) {
        switch status {
        case .joining where votingWeight > 0:
            (status, statusEpoch, votesFrom) = (.active, epoch, epoch)
        case .leaving where votingWeight == 0:
            (status, statusEpoch) = (.left, epoch)
        case .rejoining where votesFrom <= epoch:
            (status, statusEpoch) = (.active, epoch)
        default: break
        }
    }
}

extension UInt64 {
    /// Views are numbered by those who certify them: their counts stop at the largest number rather than trap.
    func clampedSum(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
