import ChainTypes
import Primitives
import Simplex
import Simulator
import Testing
import WireTypes

@Suite struct `Progress of views` {
    @Test func `a timeout that ends its view leaves the next one its whole time`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        for signer in [0, 1] { core.receive(.vote(committee.vote(.nullify(1), by: signer)), from: signer, into: &effects) }
        core.timeout(ViewTimer(epoch: 0, view: 1), into: &effects)
        #expect(core.view == 2)
        let settings = SimplexSettings()
        #expect(effects.timers.last?.timer.view == 2)
        #expect(effects.timers.last?.delay == settings.viewTimeout + settings.idleInterval)
    }

    @Test func `an absent leader is given up at once, until it is heard`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        var effects: [CoreEffect] = []
        var parent = committee.base
        func notarise(_ views: ClosedRange<UInt64>) throws {
            for view in views {
                let block = try committee.block(view: view, after: parent)
                parent = block.reference
                core.receive(.certificate(committee.certificate(block.ballot(.notarise), by: [0, 1, 2])), from: 0, into: &effects)
            }
        }
        core.start(into: &effects)
        // Validator 1 leads views 2, 6 and 10.
        try notarise(1...1)
        core.receive(.certificate(committee.certificate(.nullify(2), by: [0, 2, 3])), from: 0, into: &effects)
        try notarise(3...5)
        #expect(core.view == 6 && effects.votes(of: 3).contains(.nullify(6)))
        core.receive(.vote(committee.vote(.nullify(6), by: 1)), from: 1, into: &effects)
        core.receive(.certificate(committee.certificate(.nullify(6), by: [0, 2, 3])), from: 0, into: &effects)
        try notarise(7...9)
        #expect(core.view == 10 && !effects.votes(of: 3).contains(.nullify(10)))
    }

    @Test func `where nobody leads nobody hurries`() throws {
        // The first validator is a quorum by itself; it never leads.
        let committee = try Committee(weights: [9, 1, 1, 1], leads: [0, 1, 1, 1])
        var core = committee.core(0)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        for _ in 0..<2_000 { core.timeout(ViewTimer(epoch: 0, view: core.view), into: &effects) }
        // Each timeout ends one view, and the first few of them as many more as there are validators.
        #expect((2_000...2_010).contains(core.view))
    }

    @Test func `failures in a row make views longer, a block makes them short again`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        let settings = SimplexSettings()
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.work(true, into: &effects)
        for view in UInt64(1)...20 {
            core.receive(.certificate(committee.certificate(.nullify(view), by: [0, 1, 2])), from: 1, into: &effects)
            let doublings = min(4, max(0, Int(view) - settings.patience))
            #expect(effects.timers.last?.delay == settings.viewTimeout << UInt64(doublings), "after view \(view)")
        }
        let block = try committee.block(view: 21, after: committee.base)
        core.receive(.certificate(committee.certificate(block.ballot(.notarise), by: [0, 1, 2])), from: 1, into: &effects)
        #expect(effects.timers.last?.delay == settings.viewTimeout)
    }

    @Test func `a view that began in a hurry may idle once its work is done, but only once`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        let settings = SimplexSettings()
        let idle = settings.viewTimeout + settings.idleInterval
        var effects: [CoreEffect] = []
        core.work(true, into: &effects)
        core.start(into: &effects)
        /// The delays that the core asks for when it hears of work, or that there is none; always for the view `view`.
        func delays(_ exists: Bool, view: UInt64) -> [UInt64] {
            effects = []
            core.work(exists, into: &effects)
            #expect(effects.count == effects.timers.count && effects.timers.allSatisfy { $0.timer.view == view })
            return effects.timers.map(\.delay)
        }
        #expect(effects.timers.map(\.delay) == [settings.viewTimeout])
        #expect(delays(false, view: 1) == [idle])
        #expect(delays(false, view: 1) == [], "nothing has changed")
        #expect(delays(true, view: 1) == [settings.viewTimeout])
        #expect(delays(false, view: 1) == [], "work that comes and goes must not keep a view from its end")
        // What there is to propose holds for the next view, and that one may be relaxed anew.
        core.receive(.certificate(committee.certificate(.nullify(1), by: [0, 1, 2])), from: 0, into: &effects)
        #expect(core.view == 2 && effects.timers.last?.delay == idle)
        #expect(delays(true, view: 2) == [settings.viewTimeout])
        #expect(delays(false, view: 2) == [idle])
        #expect(delays(true, view: 2) == [settings.viewTimeout])
        // Who has given the view up waits for the others, whatever there is to do.
        core.timeout(ViewTimer(epoch: 0, view: 2), into: &effects)
        #expect(core.view == 2 && effects.votes(of: 3).contains(.nullify(2)))
        #expect(delays(false, view: 2) == [] && delays(true, view: 2) == [])
    }

    @Test func `a gap longer than one answer is closed`() throws {
        let committee = try Committee()
        var ahead = committee.core(1)
        var behind = committee.core(2)
        var effects: [CoreEffect] = []
        ahead.start(into: &effects)
        behind.start(into: &effects)
        for view in UInt64(1)...302 {
            ahead.receive(.certificate(committee.certificate(.nullify(view), by: [0, 1, 3])), from: 0, into: &effects)
        }
        effects = []
        behind.receive(.certificate(committee.certificate(.nullify(302), by: [0, 1, 3])), from: 0, into: &effects)
        var rounds = 0
        // The leader of view 303 is the one behind: it must know every view since the base before it builds.
        while effects.proposed.isEmpty, rounds < 10 {
            rounds += 1
            guard let request = effects.requests.last else { break }
            effects = []
            var answers: [CoreEffect] = []
            ahead.receive(.request(epoch: 0, first: request.lowerBound, last: request.upperBound), from: 2, into: &answers)
            #expect(answers.shown(to: 2).count <= 64)
            for certificate in answers.shown(to: 2) { behind.receive(.certificate(certificate), from: 1, into: &effects) }
            ahead.timeout(ViewTimer(epoch: 0, view: 303), into: &answers)
        }
        #expect(rounds == 5)
        #expect(!effects.requests.contains { $0.count > 64 })
    }

    @Test func `a peer that asks without end is answered a few times a timer period`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.certificate(committee.certificate(.nullify(1), by: [0, 1, 3])), from: 0, into: &effects)
        for _ in 0..<50 { core.receive(.request(epoch: 0, first: 1, last: 1), from: 2, into: &effects) }
        #expect(effects.shown(to: 2).count == 4)
        core.timeout(ViewTimer(epoch: 0, view: 2), into: &effects)
        core.receive(.request(epoch: 0, first: 1, last: 1), from: 2, into: &effects)
        #expect(effects.shown(to: 2).count == 5)
    }

    @Test func `who is stuck in a view that is over is shown how it ended`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        let block = try committee.block(view: 1, after: committee.base)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.certificate(committee.certificate(block.ballot(.notarise), by: [0, 1, 3])), from: 1, into: &effects)
        for _ in 0..<2 { core.receive(.vote(committee.vote(.nullify(1), by: 2)), from: 2, into: &effects) }
        #expect(effects.shown(to: 2).map(\.ballot) == [block.ballot(.notarise)], "once a timer period")
    }

    @Test func `a forgery makes its sender look bad and nobody else`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        let block = try committee.block(view: 1, after: committee.base)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.proposal(committee.proposal(block, signedBy: 2)), from: 2, into: &effects)
        core.receive(
            .vote(Vote(epoch: 0, ballot: .nullify(1), signer: 0, signature: committee.vote(.nullify(1), by: 2).signature)), from: 2,
            into: &effects)
        #expect(effects.blamed == [2, 2])
        core.receive(.proposal(committee.proposal(block)), from: 0, into: &effects)
        #expect(effects.examined == [block.hash])
    }

    @Test func `both finalising and nullifying a view is an equivocation`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        let block = try committee.block(view: 1, after: committee.base)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.receive(.vote(committee.vote(.nullify(1), by: 2)), from: 2, into: &effects)
        core.receive(.vote(committee.vote(block.ballot(.notarise), by: 2)), from: 2, into: &effects)
        #expect(effects.accused.isEmpty, "to notarise and to nullify is what the paper allows")
        core.receive(.vote(committee.vote(block.ballot(.finalise), by: 2)), from: 1, into: &effects)
        #expect(effects.accused == [2])
    }

    @Test func `finality does not follow an older certificate`() throws {
        let committee = try Committee()
        var core = committee.core(3)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        let first = try committee.block(view: 1, after: committee.base)
        let ninth = try committee.block(view: 9, after: first.reference)
        core.receive(.certificate(committee.certificate(ninth.ballot(.finalise), by: [0, 1, 2])), from: 1, into: &effects)
        core.receive(.certificate(committee.certificate(first.ballot(.finalise), by: [0, 1, 2])), from: 1, into: &effects)
        #expect(core.finalView == 9 && core.final == ninth.reference)
    }

    @Test func `a validator that is a quorum by itself goes on after a crash between vote and certificate`() throws {
        let committee = try Committee(weights: [1])
        var core = committee.core(0)
        let block = try committee.block(view: 1, after: committee.base)
        var effects: [CoreEffect] = []
        core.start(into: &effects)
        core.built(block, view: 1, into: &effects)
        let log = Array(effects.persisted.prefix(1))
        #expect(log == [.vote(committee.vote(block.ballot(.notarise), by: 0))])
        var again = committee.core(0, log: log)
        effects = []
        again.start(into: &effects)
        #expect(again.final == block.reference)
    }
}
