import ChainTypes
import Cryptography
import FoundationEssentials
import HolderSupport
import LedgerSupport
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `Recovery plans` {
    let holders: TestHolders
    let next: TestHolders
    var trust: TrustChain

    init() throws {
        let holders = try TestHolders()
        (self.holders, next) = (holders, try TestHolders(2, threshold: 1, seed: 77))
        trust = try TrustChain(weights: [1], spare: 0) { $0.recoveryPlan = holders.plan() }
    }

    private var chainID: String { trust.chain.genesis.chainID }

    private func plan(_ version: UInt32? = nil) throws -> WireRecoveryPlan? {
        try trust.chain.message(version.map { StateKey.recoveryPlan(version: $0) } ?? StateKey.recoveryPlan)
    }

    private func approved(by positions: [Int], _ adjust: (inout WireRecoveryPlan) -> Void = { _ in }) throws -> WireSetRecoveryHolders {
        var plan = next.plan(version: 1)
        adjust(&plan)
        return WireSetRecoveryHolders(try holders.approve(plan, after: holders.plan(), chainID: chainID, by: positions))
    }

    private mutating func propose(_ change: WireSetRecoveryHolders) throws -> UInt32 {
        try trust.submit(trust.proposal { $0.setRecoveryHolders = change }, by: 0)
    }

    @Test func `begin with the genesis`() throws {
        #expect(try plan() == holders.plan() && plan(0) == holders.plan())
        for key in holders.keys { #expect(try trust.chain.state.value(StateKey.recoveryHolder(key.account.address)) == [1]) }
        for adjust in [
            { $0.threshold = 0 }, { $0.threshold = 4 }, { $0.holders = [] }, { $0.holders.swapAt(0, 1) }, { $0.version = 1 },
            { $0.height = 1 }, { $0.holders[1] = $0.holders[0] }, { $0.holders[0].key.key = Data() },
        ] as [(inout WireRecoveryPlan) -> Void] {
            #expect(throws: BlockError.invalidGenesis) {
                _ = try MemoryChain { genesis in
                    genesis.recoveryPlan = holders.plan()
                    adjust(&genesis.recoveryPlan)
                }
            }
        }
    }

    @Test mutating func `are changed by governance with a threshold of the holders before, one version at a time`() throws {
        for bad in [
            try approved(by: [0, 1]) { $0.threshold = 0 }, try approved(by: [0, 1]) { $0.threshold = 3 },
            try approved(by: [0, 1]) { $0.holders = [] }, try approved(by: [0, 1]) { $0.holders.swapAt(0, 1) },
            try approved(by: [0, 1]) { $0.holders[1] = $0.holders[0] },
        ] { #expect(try propose(bad) == Refusal.recoveryMalformed.code) }
        for version in [0, 2, UInt32.max] {
            #expect(try propose(approved(by: [0, 1]) { $0.version = version }) == Refusal.recoveryOtherVersion.code)
        }
        let refused = Refusal.recoveryUnapproved.code
        for few in [[], [0], [2, 1], [1, 1]] { #expect(try propose(approved(by: few)) == refused) }
        var altered = try approved(by: [0, 1])
        altered.threshold = 2
        #expect(try propose(altered) == refused)
        let own = try next.approve(next.plan(version: 1), after: holders.plan(), chainID: chainID, by: [0, 1])
        #expect(try propose(WireSetRecoveryHolders(own)) == refused)
        let abroad = try holders.approve(next.plan(version: 1), after: holders.plan(), chainID: "jupiter-id", by: [0, 1])
        #expect(try propose(WireSetRecoveryHolders(abroad)) == refused)
        // Words of strangers would only take up room.
        var crowded = try approved(by: [0, 1])
        crowded.approvals = (crowded.approvals + own.approvals).inOrder
        #expect(try propose(crowded) == refused)

        let good = try approved(by: [0, 2])
        _ = try trust.decide { $0.setRecoveryHolders = good }
        var expected = WireRecoveryPlan(good)
        expected.height = trust.chain.height
        #expect(try plan() == expected && plan(1) == expected && plan(0) == holders.plan())
        #expect(try propose(good) == Refusal.recoveryOtherVersion.code, "the same again")
        // From here on the word is the new holders'.
        let third = holders.plan(version: 2)
        let former = try holders.approve(third, after: expected, chainID: chainID, by: [0, 1, 2])
        #expect(try propose(WireSetRecoveryHolders(former)) == refused)
        let back = try next.approve(third, after: expected, chainID: chainID, by: [1])
        _ = try trust.decide { $0.setRecoveryHolders = WireSetRecoveryHolders(back) }
        #expect(try plan()?.version == 2)
    }

    @Test func `are judged again when they are decided`() throws {
        var trust = try TrustChain(weights: [1, 1, 1], spare: 0) { $0.recoveryPlan = holders.plan() }
        let changes = try [approved(by: [0, 1]), approved(by: [1, 2]) { $0.threshold = 2 }]
        let transactions = try changes.map { change in try trust.sign(trust.proposal { $0.setRecoveryHolders = change }, by: 0) }
        for transaction in transactions { #expect(try trust.block([transaction])[0].code == 0) }
        for transaction in transactions {
            for position in [1, 2] { _ = try trust.submit(trust.vote(transaction.messageIdentifier(0)), by: position) }
        }
        #expect(try trust.view.proposal(transactions[0].messageIdentifier(0))?.status == .passed)
        let second = try trust.view.proposal(transactions[1].messageIdentifier(0))
        #expect(second?.status == .failed && second?.failure == Refusal.recoveryOtherVersion.code)
        let plan: WireRecoveryPlan? = try trust.chain.message(StateKey.recoveryPlan)
        #expect(plan?.version == 1 && plan?.threshold == 1)
    }

    @Test func `never begin where the genesis names nobody`() throws {
        var trust = try TrustChain(weights: [1], spare: 0)
        for version in [0, 1] as [UInt32] {
            var plan = next.plan(version: version)
            #expect(
                try trust.submit(trust.proposal { $0.setRecoveryHolders = WireSetRecoveryHolders(plan) }, by: 0)
                    == Refusal.recoveryNone.code)
            plan = try next.approve(plan, after: WireRecoveryPlan(), chainID: trust.chain.genesis.chainID, by: [0, 1])
            #expect(
                try trust.submit(trust.proposal { $0.setRecoveryHolders = WireSetRecoveryHolders(plan) }, by: 0)
                    == Refusal.recoveryNone.code)
        }
        #expect(try trust.chain.state.value(StateKey.recoveryPlan) == nil)
    }

    @Test func `fuzz: no altered change is taken`() throws {
        var trust = trust
        let good = try approved(by: [0, 1])
        let bytes = good.encoded()
        let seed: UInt64 = 0xA11
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            var altered = bytes
            for _ in 0...(generator.next() % 2) {
                altered[Int(generator.next() % UInt64(altered.count))] ^= UInt8(truncatingIfNeeded: generator.next() | 1)
            }
            guard let change = try? WireSetRecoveryHolders(strictly: altered, limit: Limits.stateValue), change != good else { continue }
            #expect(try trust.submit(trust.proposal { $0.setRecoveryHolders = change }, by: 0) != 0)
        }
        #expect(try trust.submit(trust.proposal { $0.setRecoveryHolders = good }, by: 0) == 0)
    }
}
