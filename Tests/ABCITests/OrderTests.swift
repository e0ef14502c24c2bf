import ABCI
import Testing

@Suite struct `ABCI order of calls` {
    private func order(_ height: UInt64, _ calls: [CallOrder.Call]) throws(ABCIError) -> CallOrder {
        var order = CallOrder(height: height)
        for call in calls { try order.admit(call) }
        return order
    }

    @Test func `a chain begins with its initialisation, which may be repeated until the first commit`() throws {
        #expect(throws: ABCIError.outOfOrder) { try order(0, [.consider(height: 1)]) }
        #expect(throws: ABCIError.outOfOrder) { try order(0, [.finalizeBlock(height: 1)]) }
        let begun = try order(
            0, [.initChain, .consider(height: 1), .finalizeBlock(height: 1), .initChain, .finalizeBlock(height: 1), .commit])
        #expect(begun.height == 1)
        #expect(throws: ABCIError.outOfOrder) { try order(1, [.initChain]) }
    }

    @Test func `a commit follows a finalised block, once`() throws {
        #expect(throws: ABCIError.outOfOrder) { try order(5, [.commit]) }
        #expect(throws: ABCIError.outOfOrder) { try order(5, [.finalizeBlock(height: 6), .commit, .commit]) }
        #expect(try order(5, [.finalizeBlock(height: 6), .finalizeBlock(height: 6), .commit]).height == 6)
        #expect(throws: ABCIError.outOfOrder) { try order(0, [.initChain, .finalizeBlock(height: 1), .initChain, .commit]) }
    }

    @Test(arguments: [Int64.min, -1, 0, 5, 7, .max])
    func `only the next height is spoken of`(height: Int64) {
        #expect(throws: ABCIError.wrongHeight) { try order(5, [.consider(height: height)]) }
        #expect(throws: ABCIError.wrongHeight) { try order(5, [.finalizeBlock(height: height)]) }
    }

    @Test func `what is refused changes nothing`() throws {
        var order = CallOrder(height: 5)
        try order.admit(.finalizeBlock(height: 6))
        #expect(throws: ABCIError.wrongHeight) { try order.admit(.finalizeBlock(height: 7)) }
        try order.admit(.commit)
        #expect(order.height == 6)
    }
}
