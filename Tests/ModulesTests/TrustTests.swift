import ChainTypes
import Cryptography
import Execution
import FoundationEssentials
import LedgerSupport
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `Epochs` {
    @Test func `end after their length, and the plan says so one block before`() throws {
        var trust = try TrustChain(weights: [1, 1, 1, 1])
        for height in UInt64(1)...36 {
            #expect(trust.plan.closes == (height % 12 == 0), "height \(height)")
            #expect(trust.plan.epoch == (height - 1) / 12)
            #expect(trust.plan == (try trust.chain.executor.plan(after: height - 1, on: trust.chain.state)))
            try trust.block()
        }
        #expect(trust.plan.epoch == 3)
        #expect(trust.plan.validators == trust.chain.genesis.validators)
    }

    @Test func `leave a chain of one validator as it is`() throws {
        var chain = try MemoryChain { ($0.parameters.epochLength, $0.parameters.epochMinimum) = (5, 2) }
        for _ in 0..<23 { try chain.block() }
        #expect(chain.plan.epoch == 4)
        #expect(chain.plan.validators == chain.genesis.validators)
    }

    @Test func `end early, but not before their minimum, when a change waits`() throws {
        var trust = try TrustChain(weights: [1], spare: 1)
        let addition = try trust.addition(1)
        try trust.decide { $0.addValidator = addition }
        #expect(trust.chain.height == 1 && !trust.plan.closes)
        try trust.block()
        #expect(trust.plan.closes && trust.plan.following?.members.count == 2)
        try trust.block()
        #expect(trust.plan.epoch == 1 && trust.weights == [0: 1, 1: 1])
        #expect(try trust.view.epoch().firstHeight == 4)
        #expect(try !trust.view.epoch().changeWaits)
    }

    @Test func `take a change of their last block into the epoch after the next`() throws {
        var trust = try TrustChain(weights: [1], spare: 1)
        while !trust.plan.closes { try trust.block() }
        let addition = try trust.addition(1)
        let announced = trust.plan.following
        try trust.decide { $0.addValidator = addition }
        #expect(trust.plan.epoch == 1 && trust.plan.validators == announced && announced?.members.count == 1)
        try trust.endEpoch()
        #expect(trust.weights == [0: 1, 1: 1])
    }

    @Test func `are refused when the header contradicts the state`() throws {
        let trust = try TrustChain(weights: [1])
        let header = try trust.chain.nextHeader()
        for (epoch, isLast) in [(UInt64(1), false), (0, true)] {
            var context = BlockContext(header)
            (context.epoch, context.lastOfEpoch) = (epoch, isLast)
            #expect(throws: TrustError.wrongEpoch) {
                try trust.chain.executor.execute([], parent: trust.chain.lastHash, context: context, on: trust.chain.state)
            }
        }
    }

    @Test func `admit only headers that say what the plan says`() throws {
        var trust = try TrustChain(weights: [1], spare: 1)
        #expect(trust.plan.admits(try trust.chain.nextHeader()))
        let early = try trust.chain.nextHeader()
        let addition = try trust.addition(1)
        try trust.decide { $0.addValidator = addition }
        while !trust.plan.closes { try trust.block() }
        #expect(trust.plan.admits(try trust.chain.nextHeader()))
        #expect(!trust.plan.admits(early))
    }
}

@Suite struct `Leader weight` {
    @Test func `falls with missed views and recovers with service, at the ends of epochs only`() throws {
        var trust = try TrustChain(weights: [1, 1, 1, 1]) { ($0.parameters.epochLength, $0.parameters.leaderStep) = (40, 8) }
        // Validator 1 leads views 2, 6, 10…: it never proposes.
        func runEpoch(absent: Int?) throws {
            let epoch = trust.plan.epoch
            while trust.plan.epoch == epoch {
                let next = try trust.chain.nextHeader()
                let isAbsent = absent.map { Hash32(next.proposer.bytes) == trust.validators[$0].id } ?? false
                #expect(trust.plan.validators.hash == next.validatorsHash)
                try trust.block(skipping: isAbsent ? 1 : 0)
            }
        }
        try runEpoch(absent: 1)
        #expect(try trust.record(1).leaderScore == 8)
        #expect(try trust.record(0).leaderScore == 16)
        #expect(try trust.record(1).missed > 5)
        try runEpoch(absent: 1)
        #expect(try trust.record(1).leaderScore == 1)
        #expect(trust.plan.validators.members.map(\.leaderWeight) == [16, 1, 16, 16])
        #expect(trust.plan.validators.members.allSatisfy { $0.votingWeight == 1 })
        try runEpoch(absent: nil)
        try runEpoch(absent: nil)
        #expect(try trust.record(1).leaderScore == 16)
        // With every score full the set is the granted one again, to the byte.
        #expect(trust.plan.validators == trust.chain.genesis.validators)
        #expect(try trust.record(1).proposals > 0)
    }

    @Test func `keeps a floor, moves by the step at most, and rises by one without a turn`() {
        func service(_ proposals: UInt64, _ missed: UInt64) -> WireLeaderService {
            var service = WireLeaderService()
            (service.proposals, service.missed) = (proposals, missed)
            return service
        }
        #expect(LeaderScore.next(16, after: service(0, 9), step: 4) == 12)
        #expect(LeaderScore.next(2, after: service(0, 9), step: 16) == LeaderScore.floor)
        #expect(LeaderScore.next(1, after: service(9, 0), step: 5) == 6)
        #expect(LeaderScore.next(1, after: service(0, 0), step: 5) == 2)
        #expect(LeaderScore.next(16, after: service(0, 0), step: 5) == 16)
        // One miss among many turns rounds away; half of them halves the score.
        #expect(LeaderScore.next(16, after: service(99, 1), step: 8) == 16)
        #expect(LeaderScore.next(16, after: service(5, 5), step: 8) == 8)
        #expect(LeaderScore.next(9, after: service(0, .max), step: 0) == 9)
    }

    @Test func `survives any view number that a header can hold`() throws {
        let trust = try TrustChain(weights: [1, 1])
        var chain = trust.chain
        try chain.block(skipping: .max - 1)
        let view = TrustView(chain.state, genesis: chain.genesis)
        let missed = try view.validators().map(\.missed)
        #expect(missed == [UInt64.max / 2, UInt64.max / 2])
        var context = BlockContext(try trust.chain.nextHeader())
        (context.height, context.view) = (2, .max)
        #expect(throws: Never.self) { try chain.executor.execute([], parent: chain.lastHash, context: context, on: chain.state) }
    }

    @Test func `is what the schedule counts, however many views were nullified`() throws {
        let set = try ValidatorSet((1...3).map { .init(key: Hash32($0, 0, 0, 0), votingWeight: 1, leaderWeight: $0) })
        let schedule = LeaderSchedule(set)
        for (first, end) in [(UInt64(1), UInt64(1)), (1, 7), (3, 30), (5, 6), (2, 1_000)] {
            var counted: [Int: UInt64] = [:]
            for view in first..<end { counted[schedule.leader(view), default: 0] += 1 }
            #expect(schedule.turns(from: first, to: end) == counted, "\(first)..<\(end)")
        }
        #expect(schedule.turns(from: 1, to: 7) == [0: 1, 1: 2, 2: 3])
    }
}

@Suite struct `Rejoining` {
    let log = Hash32(5, 5, 5, 5)

    @Test func `lets a validator vote from the epoch after the one that holds it`() throws {
        var trust = try TrustChain(weights: [1, 1, 1, 1])
        try trust.endEpoch()
        let epoch = trust.plan.epoch
        #expect(try trust.submit(trust.rejoin(2, log: log), by: 2) == 0)
        #expect(try trust.record(2).status == .rejoining)
        let votes = try #require(try trust.view.votesFrom(trust.validators[2].id))
        #expect(votes.epoch == epoch + 1 && votes.log == log)
        let pending = try trust.view.pending()
        #expect(pending.map(\.validator) == [trust.validators[2].id] && pending.map(\.status) == [.rejoining])
        #expect(pending.map(\.epoch) == [epoch + 1] && pending.map(\.to) == [1])
        // Nobody waits for a whole epoch, and its weight does not move.
        let height = trust.chain.height
        try trust.endEpoch()
        #expect(trust.chain.height <= height + 2)
        #expect(try trust.record(2).status == .active)
        #expect(trust.plan.validators == trust.chain.genesis.validators)
        #expect(try trust.view.pending().isEmpty)
    }

    @Test func `in an epoch's last block counts for the next epoch`() throws {
        var trust = try TrustChain(weights: [1, 1, 1, 1])
        while !trust.plan.closes { try trust.block() }
        #expect(try trust.submit(trust.rejoin(2, log: log), by: 2) == 0)
        #expect(try trust.record(2).votesFrom == 1 && trust.plan.epoch == 1)
        #expect(try trust.record(2).status == .active)
    }

    @Test func `needs the account, the validator's key and a new log`() throws {
        var trust = try TrustChain(weights: [1, 1], spare: 1)
        #expect(try trust.submit(trust.rejoin(1, log: log), by: 0) == Refusal.trustNotOwner.code)
        let forged = try trust.rejoin(1, log: log, signedBy: trust.validators[0].key)
        #expect(try trust.submit(forged, by: 1) == Refusal.trustBadSignature.code)
        #expect(try trust.submit(trust.rejoin(1, log: .zero), by: 1) == Refusal.trustMalformed.code)
        #expect(try trust.submit(trust.rejoin(2, log: log), by: 2) == Refusal.trustUnknownValidator.code)
        #expect(try trust.submit(trust.rejoin(1, log: log), by: 1) == 0)
        try trust.endEpoch()
        #expect(try trust.submit(trust.rejoin(1, log: log), by: 1) == Refusal.trustKnownLog.code)
        #expect(try trust.record(1).votesFrom == 1)
    }
}

@Suite struct `Endpoints` {
    func update(_ trust: TrustChain, _ position: Int, node: Hash32, endpoint: String = "10.0.0.1:7000") -> WireMessage {
        var message = WireUpdateEndpoint()
        message.validator = trust.validators[position].node.validator
        (message.nodeID, message.endpoint) = (.init(node.bytes), endpoint)
        return WireMessage(.updateEndpoint(message))
    }

    @Test func `are the account's to change, at once and without a vote`() throws {
        var trust = try TrustChain(weights: [1, 1])
        let node = Hash32(8, 8, 8, 8)
        let former = try #require(Hash32(trust.validators[1].node.nodeID))
        #expect(trust.chain.state.values[StateKey.node(former)] == trust.validators[1].id.bytes)
        #expect(try trust.submit(update(trust, 1, node: node), by: 1) == 0)
        #expect(try trust.view.nodes()[1].endpoint == "10.0.0.1:7000")
        #expect(trust.chain.state.values[StateKey.node(node)] == trust.validators[1].id.bytes)
        #expect(trust.chain.state.values[StateKey.node(former)] == nil)
        #expect(try trust.submit(update(trust, 1, node: node, endpoint: "[::1]:1"), by: 1) == 0)
        #expect(trust.chain.state.values[StateKey.node(node)] == trust.validators[1].id.bytes)
    }

    @Test func `of others, of another's node, and without host or port are refused`() throws {
        var trust = try TrustChain(weights: [1, 1])
        let node = Hash32(8, 8, 8, 8)
        let taken = try #require(Hash32(trust.validators[0].node.nodeID))
        #expect(try trust.submit(update(trust, 0, node: node), by: 1) == Refusal.trustNotOwner.code)
        #expect(try trust.submit(update(trust, 1, node: taken), by: 1) == Refusal.trustNodeTaken.code)
        for endpoint in [
            "", "host", ":1", "host:", "host:0", "host:65536", "host:+1", "ho st:1", "h\u{e9}:1", String(repeating: "a", count: 300),
        ] {
            #expect(try trust.submit(update(trust, 1, node: node, endpoint: endpoint), by: 1) == Refusal.trustMalformed.code, "\(endpoint)")
        }
    }
}
