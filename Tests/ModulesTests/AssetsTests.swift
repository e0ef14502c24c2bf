import ChainTypes
import Cryptography
import FoundationEssentials
import LedgerSupport
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `Transactions and assets` {
    static func transfer(_ amount: UInt64, to address: Address) -> WireMessage {
        var message = WireTransfer()
        message.to = .init(address.bytes)
        message.amount = amount
        return WireMessage(.transfer(message))
    }

    @Test(arguments: [SigningKey.ed25519(), SigningKey.p256()])
    func `a transfer moves its amount and costs its fee, with either kind of key`(key: SigningKey) throws {
        let other = SigningKey.ed25519().address
        var chain = try MemoryChain(funded: [key.address])
        #expect(try chain.submit(Self.transfer(100, to: other), by: key) == 0)
        #expect(try chain.account(other).balance == 100)
        #expect(try chain.account(key.address).balance == 1_000_000_000 - 101)
        #expect(try chain.account(key.address).nonce == 1)
    }

    @Test func `a refused transaction keeps nonce and fee and undoes everything else`() throws {
        let key = SigningKey.ed25519()
        let other = SigningKey.ed25519().address
        var chain = try MemoryChain(funded: [key.address])
        let transaction = try chain.sign([Self.transfer(5, to: other), Self.transfer(2_000_000_000, to: other)], by: key)
        let receipt = try chain.block([transaction])[0]
        #expect(receipt.code == Refusal.assetsInsufficient.code)
        #expect(receipt.events.isEmpty)
        #expect(try chain.account(other).balance == 0)
        #expect(try chain.account(key.address).balance == 1_000_000_000 - 1)
        #expect(try chain.account(key.address).nonce == 1)
    }

    @Test func `a transaction that was executed is refused as a replay, without effect`() throws {
        let key = SigningKey.ed25519()
        let other = SigningKey.ed25519().address
        var chain = try MemoryChain(funded: [key.address])
        let transaction = try chain.sign([Self.transfer(5, to: other)], by: key)
        let first = try chain.block([transaction, transaction])
        #expect(first.map(\.code) == [0, TransactionError.replayed.code])
        #expect(try chain.block([transaction])[0].code == TransactionError.replayed.code)
        #expect(try chain.account(other).balance == 5)
    }

    @Test func `window, chain, nonce and fee are checked each with its code`() throws {
        let key = SigningKey.ed25519()
        var chain = try MemoryChain(funded: [key.address])
        try chain.block()
        let cases: [(TransactionError, (inout WireTransactionBody) -> Void)] = [
            (.wrongChain, { $0.chainID = "jupiter-other" }),
            (.expired, { $0.validUntil = 1 }),
            (.notYetValid, { ($0.validFrom, $0.validUntil) = (50, 60) }),
            (.windowTooLong, { $0.validUntil = 1_000_000_000 }),
            (.nonceGap, { $0.nonce = 3 }),
            (.replayed, { $0.nonce = 0 }),
            (.feeTooLow, { $0.fee = 0 }),
            (.cannotPayFee, { $0.fee = 2_000_000_000 }),
        ]
        for (expected, adjust) in cases {
            var copy = chain
            let transaction = try copy.sign([Self.transfer(1, to: key.address)], by: key, adjust)
            #expect(try copy.block([transaction])[0].code == expected.code, "\(expected)")
            #expect(try copy.account(key.address) == chain.account(key.address), "no effect: \(expected)")
        }
    }

    @Test func `random transfers never change the supply`() throws {
        var generator = SeededGenerator(seed: 2024)
        let keys = try (0..<6).map { _ in try SigningKey.ed25519(seed: generator.bytes(32)) }
        var chain = try MemoryChain(funded: keys.map(\.address), amount: 10_000)
        let supply = try chain.totalSupply()
        for _ in 0..<300 {
            let sender = keys[Int.random(in: 0..<6, using: &generator)]
            let receiver = keys[Int.random(in: 0..<6, using: &generator)].address
            try chain.submit(Self.transfer(UInt64.random(in: 0...4_000, using: &generator), to: receiver), by: sender)
            #expect(try chain.totalSupply() == supply)
        }
    }

    @Test func `no two refusals share a code`() {
        let codes = Refusal.all.map(\.code)
        #expect(Set(codes).count == codes.count)
        #expect(Set(Refusal.all.map(\.name)).count == codes.count)
    }
}
