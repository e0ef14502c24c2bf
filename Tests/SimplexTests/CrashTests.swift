import ChainTypes
import Primitives
import Simplex
import Simulator
import Testing
import WireTypes

/// One validator lives through a script that makes it cast every kind of vote, crashes after each entry that became durable, and lives
/// through everything again in other orders: nothing it says may contradict what it ever said.
@Suite struct `A crash at every persist point` {
    /// What one view brings, in one of several orders.
    private struct Script {
        let committee: Committee
        let first: BlockHeader
        let rival: BlockHeader
        let third: BlockHeader
        let fourth: BlockHeader

        init() throws {
            committee = try Committee()
            first = try committee.block(view: 1, after: committee.base)
            rival = try committee.block(view: 1, after: committee.base, salt: 1)
            third = try committee.block(view: 3, after: first.reference)
            fourth = try committee.block(view: 4, after: third.reference)
        }

        /// Inputs as closures over a core and its effects.
        typealias Input = (inout SimplexCore<SimulatedVoteKeys>, inout [CoreEffect]) -> Void

        private func propose(_ block: BlockHeader) -> [Input] {
            let proposal = committee.proposal(block)
            return [
                { $0.receive(.proposal(proposal), from: committee.context[0].leader(block.view), into: &$1) },
                { $0.examined(block.hash, view: block.view, isValid: true, into: &$1) },
            ]
        }

        private func certify(_ ballot: Ballot) -> Input {
            let certificate = committee.certificate(ballot, by: [0, 1, 2])
            return { $0.receive(.certificate(certificate), from: 1, into: &$1) }
        }

        private func time(_ view: UInt64) -> Input { { $0.timeout(ViewTimer(epoch: 0, view: view), into: &$1) } }

        /// Validator 3 notarises and finalises view 1, gives view 2 up, notarises view 3, leads view 4.
        var ordinary: [Input] {
            propose(first) + [certify(first.ballot(.notarise)), time(2), certify(.nullify(2))]
                + propose(third) + [certify(third.ballot(.notarise)), { $0.built(fourth, view: 4, into: &$1) }, time(4)]
        }

        /// The same views as an enemy would play them to somebody who forgot.
        var hostile: [Input] {
            let other = (try? committee.block(view: 4, after: third.reference, salt: 1)) ?? fourth
            return propose(rival) + [time(1), certify(first.ballot(.notarise)), certify(.nullify(1)), certify(.nullify(2))]
                + propose(third) + [time(3), certify(third.ballot(.notarise)), { $0.built(other, view: 4, into: &$1) }, time(4)]
        }
    }

    private struct Said {
        var notarised: [UInt64: Hash32] = [:]
        var finalised: [UInt64: Hash32] = [:]
        var nullified: Set<UInt64> = []

        /// The first of `ballots`, in the order of being said, that contradicts one before it.
        static func contradiction(in ballots: [Ballot]) -> Ballot? {
            var said = Said()
            return ballots.first { !said.add($0) }
        }

        private mutating func add(_ ballot: Ballot) -> Bool {
            switch ballot.kind {
            case .notarise:
                defer { notarised[ballot.view] = ballot.block }
                return notarised[ballot.view].map { $0 == ballot.block } ?? true
            case .finalise:
                defer { finalised[ballot.view] = ballot.block }
                return !nullified.contains(ballot.view) && finalised[ballot.view].map { $0 == ballot.block } ?? true
            default:
                nullified.insert(ballot.view)
                return finalised[ballot.view] == nil
            }
        }
    }

    private func live(_ log: [LogEntry], _ inputs: [Script.Input], in script: Script) -> [CoreEffect] {
        var core = script.committee.core(3, log: log)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        for input in inputs { input(&core, &effects) }
        return effects
    }

    @Test func `never contradicts what was sent`() throws {
        let script = try Script()
        let whole = live([], script.ordinary, in: script)
        let log = whole.persisted
        // The script is worth its while: all kinds of votes, and a proposal of its own.
        #expect(Set(whole.votes(of: 3).map(\.kind)) == [.notarise, .finalise, .nullify])
        #expect(whole.votes(of: 3).contains(script.fourth.ballot(.notarise)))
        #expect(log.count >= 8)
        for survived in 0...log.count {
            // Whatever stands before the first entry that is not durable may have left.
            var (sent, durable): ([CoreEffect], Int) = ([], 0)
            for effect in whole {
                if case .persist = effect { durable += 1 }
                if durable > survived { break }
                sent.append(effect)
            }
            for inputs in [script.ordinary, script.hostile, script.hostile.reversed()] {
                let later = live(Array(log.prefix(survived)), inputs, in: script)
                let contradiction = Said.contradiction(in: sent.votes(of: 3) + later.votes(of: 3))
                #expect(contradiction == nil, "after \(survived) entries")
            }
        }
    }

    @Test func `a second crash changes nothing`() throws {
        let script = try Script()
        let log = live([], script.ordinary, in: script).persisted
        for survived in 0...log.count {
            let second = live(Array(log.prefix(survived)), script.hostile, in: script).persisted
            for again in 0...second.count {
                let records = Array(log.prefix(survived)) + second.prefix(again)
                let voted = records.compactMap { if case .vote(let vote) = $0 { vote.ballot } else { nil } }
                let later = live(records, script.hostile.reversed(), in: script).votes(of: 3)
                #expect(Said.contradiction(in: voted + later) == nil, "after \(survived) and \(again) entries")
            }
        }
    }
}
