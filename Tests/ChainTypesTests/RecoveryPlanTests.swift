import ChainTypes
import Cryptography
import FoundationEssentials
import HolderSupport
import Primitives
import Testing
import WireTypes

@Suite struct `Words of recovery holders` {
    let holders: TestHolders

    init() throws { holders = try TestHolders(5, threshold: 3) }

    @Test func `count once each, in order, and only if every signature of a holder holds`() throws {
        let plan = holders.plan()
        let statement: [UInt8] = [1, 2, 3]
        func count(_ positions: [Int], _ adjust: (inout [WireHolderApproval]) -> Void = { _ in }) throws -> Int {
            var approvals = try holders.approvals(statement, .planApproval, by: positions)
            adjust(&approvals)
            return plan.count(approvals, of: statement, .planApproval)
        }
        #expect(try count([]) == 0 && count([3]) == 1 && count([0, 2, 4]) == 3 && count([0, 1, 2, 3, 4]) == 5)
        #expect(try count([2, 1]) == 0 && count([1, 1]) == 0)
        #expect(try count([0, 1]) { $0[1].signature[0] ^= 1 } == 0)
        #expect(try count([0, 1]) { $0[1].key.key.removeLast() } == 0)
        #expect(try count([0, 1]) { $0[1].signature = $0[0].signature } == 0)
        // Somebody else's word does not count, and does no harm.
        let stranger = try WireHolderApproval(statement, .planApproval, by: .ed25519())
        #expect(try count([0, 1]) { $0 = ($0 + [stranger]).inOrder } == 2)
        // Nor does a word in another sense.
        let other = try holders.approvals(statement, .referenceApproval, by: [0, 1, 2])
        #expect(plan.count(other, of: statement, .planApproval) == 0)
        #expect(try plan.isApproved(by: holders.approvals(statement, .planApproval, by: [1, 2, 3]), statement, .planApproval))
        #expect(try !plan.isApproved(by: holders.approvals(statement, .planApproval, by: [1, 2]), statement, .planApproval))
        #expect(!WireRecoveryPlan().isApproved(by: [], statement, .planApproval), "no plan, no threshold, no approval")
    }

    @Test func `are about one plan after one other, on one chain`() throws {
        let (plan, next) = (holders.plan(), try TestHolders(2, threshold: 1, seed: 3).plan(version: 1))
        let statement = HolderStatement.plan(next, after: plan, chainID: "jupiter-sg")
        var changed = next
        changed.threshold = 2
        #expect(HolderStatement.plan(changed, after: plan, chainID: "jupiter-sg") != statement)
        #expect(HolderStatement.plan(next, after: changed, chainID: "jupiter-sg") != statement)
        #expect(HolderStatement.plan(next, after: plan, chainID: "jupiter-id") != statement)
        changed = next
        (changed.height, changed.approvals) = (7, [WireHolderApproval()])
        #expect(HolderStatement.plan(changed, after: plan, chainID: "jupiter-sg") == statement)
        #expect(changed.identifier == next.identifier && next.identifier != plan.identifier)
    }

    @Test func `go with a share, and are read back`() throws {
        let approval = try WireHolderApproval([4], .recoveryApproval, by: holders.keys[0].account)
        let held = HeldShare(share: [UInt8](repeating: 3, count: 32), approval: approval)
        let read = try #require(HeldShare(held.bytes))
        #expect(read.share == held.share && read.approval == approval)
        #expect(HeldShare([]) == nil && HeldShare([UInt8](repeating: 0, count: 31)) == nil)
        #expect(HeldShare(held.bytes + [0]) == nil && HeldShare(held.bytes.dropLast()) == nil)
        #expect(HeldShare(held.share + [UInt8](repeating: 10, count: 300)) == nil)
    }
}
