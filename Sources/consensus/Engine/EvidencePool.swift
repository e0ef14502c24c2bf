import ChainTypes
import LightClient
import Primitives
import WireTypes

/// Equivocations that wait for a block: at most one of each offender, since one punishment covers everything it did until then.
///
/// Holds nothing but evidence whose signatures hold. Evidence of the same offender and epoch is taken once and no more, so that nobody
/// can have it passed on again and again; what is remembered for that is bounded by those who truly offended, and by the time in which
/// that can be proven.
package struct EvidencePool {
    /// How much waits at most.
    package static let maximum = 256

    private struct Entry {
        let evidence: ProvenEquivocation
        let isOwn: Bool
        /// In which epoch an application refused it.
        var refused: UInt64?
    }

    private struct Offence: Hashable {
        let offender: Hash32
        let epoch: UInt64
    }

    private var waiting: [Entry] = []
    private var seen: Set<Offence> = []
    private var epoch: UInt64 = 0
    /// Who has weight in the present epoch.
    private var voters: Set<Hash32> = []

    package init() {}

    package var count: Int { waiting.count }
    /// Whether no block need be made for what waits: its offenders have lost their weight, or this epoch's application refused it.
    package var isIdle: Bool { waiting.allSatisfy { $0.refused == epoch || !voters.contains($0.evidence.offender) } }

    /// Whether evidence of that kind has been here: another pair of votes would change nothing.
    package func contains(offender: Hash32, epoch: UInt64) -> Bool { seen.contains(Offence(offender: offender, epoch: epoch)) }

    /// Answers whether the evidence is new, and now waits.
    ///
    /// - Parameter isOwn: whether this node saw the votes itself. Then a full pool lets what others brought go for it.
    package mutating func insert(_ evidence: ProvenEquivocation, isOwn: Bool) -> Bool {
        let offence = Offence(offender: evidence.offender, epoch: evidence.epoch)
        guard Self.counts(evidence.epoch, in: epoch), !seen.contains(offence) else { return false }
        if let index = waiting.firstIndex(where: { $0.evidence.offender == evidence.offender }) {
            // What waits is as good, though not for as long; unless it waits in vain.
            let present = waiting[index]
            guard evidence.epoch > present.evidence.epoch, isOwn || present.refused != nil else { return false }
            waiting.remove(at: index)
        } else if waiting.count >= Self.maximum {
            guard isOwn, let index = waiting.lastIndex(where: { !$0.isOwn }) else { return false }
            // It may come again.
            let gone = waiting.remove(at: index).evidence
            seen.remove(Offence(offender: gone.offender, epoch: gone.epoch))
        }
        seen.insert(offence)
        waiting.append(Entry(evidence: evidence, isOwn: isOwn))
        return true
    }

    /// What the next block shall hold, what this node saw itself first.
    package var candidates: [[UInt8]] {
        let ready = waiting.filter { $0.refused != epoch }
        return (ready.filter(\.isOwn) + ready.filter { !$0.isOwn }).prefix(Limits.evidencePerBlock).map(\.evidence.bytes)
    }

    /// An application left these out of a proposal.
    ///
    /// Mostly because the proposal's parent punished the offender. That parent may never become final, however often it happens, so
    /// they rest until the next epoch. What is settled for good goes when it is final, or too old.
    package mutating func refused(_ evidence: [[UInt8]]) {
        for bytes in evidence {
            guard let index = waiting.firstIndex(where: { $0.evidence.bytes == bytes }) else { continue }
            waiting[index].refused = epoch
        }
    }

    /// These are in a final block of `epoch`: their offenders are punished for everything up to that epoch.
    package mutating func included(_ evidence: [[UInt8]], epoch: UInt64) {
        guard !waiting.isEmpty else { return }
        for bytes in evidence {
            // Not always the pair of votes that waits here.
            guard let vote = try? EquivocationRules.decode(bytes).first,
                let proven = waiting.first(where: { $0.evidence.epoch == vote.epoch && $0.evidence.signer == vote.signer })?.evidence
            else { continue }
            waiting.removeAll { $0.evidence.offender == proven.offender && $0.evidence.epoch <= epoch }
        }
    }

    /// Forgets what is too old to be judged in `epoch`, which begins with these validators.
    package mutating func begin(epoch: UInt64, validators: ValidatorSet) {
        self.epoch = epoch
        voters = Set(validators.members.filter { $0.votingWeight > 0 }.map(\.key))
        waiting.removeAll { !Self.counts($0.evidence.epoch, in: epoch) }
        seen = seen.filter { Self.counts($0.epoch, in: epoch) }
    }

    private static func counts(_ offence: UInt64, in epoch: UInt64) -> Bool {
        offence >= epoch || epoch - offence < EquivocationRules.window
    }
}
