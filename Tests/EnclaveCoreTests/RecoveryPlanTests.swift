import AdversarySupport
import ChainTypes
import Cryptography
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import HolderSupport
import Primitives
import Testing
import WireTypes

@Suite struct `Recovery holders in the vault` {
    let pair: PairScene
    let holders: TestHolders
    let next: TestHolders

    init() throws {
        let holders = try TestHolders()
        (self.holders, next) = (holders, try TestHolders(2, threshold: 1, seed: 77))
        pair = try PairScene { $0.recoveryPlan = holders.plan() }
    }

    private func follow(_ plans: [WireRecoveryPlan]) throws -> String {
        var command = WireFollowRecoveryPlanCommand()
        command.plans = plans.map { Data($0.encoded()) }
        return try pair.refusal { _ = try pair.first.driver.perform(.followRecoveryPlan(command)) }
    }

    private func version() throws -> UInt32 { try pair.status(pair.first).recoveryPlan }

    private func approved(_ change: (inout WireRecoveryPlan) -> Void = { _ in }, by positions: [Int] = [0, 2]) throws -> WireRecoveryPlan {
        var plan = next.plan(version: 1)
        change(&plan)
        return try holders.approve(plan, after: holders.plan(), chainID: pair.node.chainID, by: positions)
    }

    /// Packages follow the holders, and only once the chain has them too.
    @Test func `are followed link by link, for good`() throws {
        let first = try approved()
        let third = try TestHolders(3, threshold: 3, seed: 78)
        let second = try next.approve(third.plan(version: 2), after: first, chainID: pair.node.chainID, by: [1])
        #expect(try follow([second]) == "enclave.badRecoveryPlan", "a link is missing")
        #expect(try version() == 0)
        #expect(try follow([first, second]) == "")
        #expect(try version() == 2)
        let before = try pair.status(pair.first).vaultVersion
        #expect(try follow([first, second]) == "" && follow([]) == "")
        #expect(try pair.status(pair.first).vaultVersion == before, "what is known is not written again")
        try pair.restartFirst()
        #expect(try version() == 2)
        var command = WireExportRecoveryCommand()
        pair.node.write(first, at: StateKey.recoveryPlan)
        try pair.block()
        command.plan = try pair.node.prove(StateKey.recoveryPlan)
        #expect(try pair.refusal { _ = try pair.first.driver.perform(.exportRecovery(command)) } == "enclave.recoveryPlanPending")
        pair.node.write(second, at: StateKey.recoveryPlan)
        try pair.block()
        command.plan = try pair.node.prove(StateKey.recoveryPlan)
        guard case .exportRecovery(let answer) = try pair.first.driver.perform(.exportRecovery(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        #expect(answer.package.threshold == 3 && answer.package.shares.map(\.account) == third.plan().holders.map(\.account))
    }

    @Test func `are replaced by nobody but a threshold of themselves`() throws {
        let refused = "enclave.badRecoveryPlan"
        #expect(try follow([approved(by: [])]) == refused)
        #expect(try follow([approved(by: [1])]) == refused)
        #expect(try follow([approved(by: [1, 1])]) == refused)
        #expect(try follow([approved(by: [2, 0])]) == refused, "not sorted")
        let own = try TestHolders(3, threshold: 1, seed: 5)
        let forged = try own.approve(own.plan(version: 1), after: holders.plan(), chainID: pair.node.chainID, by: [0, 1, 2])
        #expect(try follow([forged]) == refused)
        let abroad = try holders.approve(next.plan(version: 1), after: holders.plan(), chainID: "jupiter-id", by: [0, 1])
        #expect(try follow([abroad]) == refused)
        let otherwise = try holders.approve(next.plan(version: 1), after: own.plan(), chainID: pair.node.chainID, by: [0, 1])
        #expect(try follow([otherwise]) == refused, "they were asked about another plan's end")
        for change in [
            { $0.threshold = 2 }, { $0.holders.removeLast() }, { $0.holders.swapAt(0, 1) }, { $0.approvals[0].signature[3] ^= 1 },
            { $0.version = 2 }, { $0.holders[0].key = $0.holders[1].key },
        ] as [(inout WireRecoveryPlan) -> Void] {
            var altered = try approved()
            change(&altered)
            #expect(try follow([altered]) == refused)
        }
        #expect(try follow([approved { $0.threshold = 3 }]) == refused, "three of two cannot be")
        #expect(try version() == 0)
        // The height is the chain's, and nobody signs it.
        var good = try approved()
        good.height = 9
        #expect(try follow([good]) == "")
        #expect(try version() == 1)
    }

    @Test func `are shown in bounded numbers, to an enclave that serves`() throws {
        var command = WireFollowRecoveryPlanCommand()
        command.plans = Array(repeating: Data(), count: 65)
        #expect(try pair.refusal { _ = try pair.first.driver.perform(.followRecoveryPlan(command)) } == "enclave.tooMany")
        command.plans = [Data([1, 2, 3])]
        #expect(try pair.refusal { _ = try pair.first.driver.perform(.followRecoveryPlan(command)) } == "enclave.badRecoveryPlan")
        let enclave = try Enclave(
            platform: MemoryPlatform(), storage: MemoryVaultStorage(try pair.small.storage.contents()), genesis: pair.node.genesis)
        pair.first.driver = .inProcess(enclave)
        #expect(try follow([approved()]) == "enclave.notServing")
    }
}
