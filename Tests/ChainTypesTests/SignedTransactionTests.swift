import ChainTypes
import Cryptography
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `Signed transactions` {
    func wire(_ change: (inout WireTransaction, inout WireTransactionBody) -> Void) throws -> [UInt8] {
        let key = try Samples.key()
        var body = Samples.body(sender: key.address)
        var wire = WireTransaction()
        wire.publicKey = key.verificationKey.wire
        wire.signature = Data(repeating: 1, count: 64)
        change(&wire, &body)
        if wire.body.isEmpty { wire.body = Data(body.encoded()) }
        return wire.encoded()
    }

    @Test(arguments: [
        try? SigningKey.ed25519(seed: [UInt8](repeating: 1, count: 32)), try? .p256(scalar: [UInt8](repeating: 1, count: 32)),
    ])
    func `A signed body decodes to itself and verifies`(key: SigningKey?) throws {
        let key = try #require(key)
        let signed = try SignedTransaction(signing: Samples.body(sender: key.address), with: key)
        let received = try SignedTransaction(decoding: signed.bytes)
        try received.verifySignature()
        #expect(received.id == signed.id && received.bytes == signed.bytes && received.sender == key.address)
        #expect(received.body == Samples.body(sender: key.address) && received.key == key.verificationKey)
    }

    @Test func `The identifier is of the body alone`() throws {
        let one = try SignedTransaction(decoding: wire { wire, _ in wire.signature = Data([1]) })
        let two = try SignedTransaction(decoding: wire { wire, _ in wire.signature = Data([2]) })
        #expect(one.id == two.id && one.bytes != two.bytes)
        let other = try SignedTransaction(decoding: wire { _, body in body.nonce += 1 })
        #expect(other.id != one.id)
    }

    @Test func `A signature of another body, context or key is refused`() throws {
        let signed = try Samples.transaction()
        let key = try Samples.key()
        var body = signed.body
        body.fee += 1
        let bare = try key.sign(signed.body.encoded(), context: .vote)
        let forged = [
            try wire { wire, _ in wire.signature = Data(repeating: 1, count: 64) },
            try wire { wire, _ in wire.signature = Data(bare) },
            try wire { wire, _ in wire.signature = Data() },
            try wire { wire, _ in wire.signature = Data((try? key.sign(body.encoded(), context: .transaction)) ?? []) },
        ]
        for bytes in forged {
            let transaction = try SignedTransaction(decoding: bytes)
            #expect(throws: TransactionError.badSignature) { try transaction.verifySignature() }
        }
    }

    @Test func `A key that is no point is a bad key`() throws {
        let bytes = [UInt8](repeating: 0, count: 33)
        let transaction = try SignedTransaction(
            decoding: wire { wire, body in
                wire.publicKey = VerificationKey.p256(bytes).wire
                body.sender = Data(VerificationKey.p256(bytes).address.bytes)
            })
        #expect(throws: TransactionError.badKey) { try transaction.verifySignature() }
    }

    @Test func `The sender is the account of the key`() throws {
        for sender in [Data(), Samples.data(1), Samples.data(1, 31)] {
            let bytes = try wire { _, body in body.sender = sender }
            #expect(throws: TransactionError.senderMismatch) { try SignedTransaction(decoding: bytes) }
        }
        #expect(throws: TransactionError.senderMismatch) {
            try SignedTransaction(signing: Samples.body(sender: Samples.key(2).address), with: Samples.key(1))
        }
    }

    @Test func `A key of an unknown type or a wrong size is a bad key`() throws {
        for (type, count) in [(.unspecified, 32), (.UNRECOGNIZED(3), 32), (.ed25519, 31), (.ed25519, 33), (.p256, 32), (.p256, 65)]
            as [(WireKeyType, Int)]
        {
            let bytes = try wire { wire, _ in
                wire.publicKey.type = type
                wire.publicKey.key = Samples.data(2, count)
            }
            #expect(throws: TransactionError.badKey) { try SignedTransaction(decoding: bytes) }
        }
    }

    @Test func `Messages are one to the limit, each of a known kind`() throws {
        let none = try wire { _, body in body.messages = [] }
        #expect(throws: TransactionError.noMessages) { try SignedTransaction(decoding: none) }
        let empty = try wire { _, body in body.messages = [WireMessage()] }
        #expect(throws: TransactionError.unknownMessage) { try SignedTransaction(decoding: empty) }
        let most = try wire { _, body in body.messages = Array(repeating: Samples.transfer, count: Limits.messagesPerTransaction) }
        #expect(try SignedTransaction(decoding: most).body.messages.count == Limits.messagesPerTransaction)
        let many = try wire { _, body in body.messages = Array(repeating: Samples.transfer, count: Limits.messagesPerTransaction + 1) }
        #expect(throws: TransactionError.tooManyMessages) { try SignedTransaction(decoding: many) }
    }

    @Test func `Too many bytes, and a second encoding of the body, are refused`() throws {
        let large = [UInt8](repeating: 0, count: Limits.transaction + 1)
        #expect(throws: TransactionError.tooLarge) { try SignedTransaction(decoding: large) }
        let body = Samples.body(sender: try Samples.key().address).encoded()
        let unknownField = try wire { wire, _ in wire.body = Data(body + [0x40, 1]) }
        #expect(throws: TransactionError.malformed) { try SignedTransaction(decoding: unknownField) }
        let trailing = try wire { _, _ in } + [0]
        #expect(throws: TransactionError.malformed) { try SignedTransaction(decoding: trailing) }
        #expect(throws: TransactionError.malformed) { try SignedTransaction(decoding: wire { wire, _ in wire.body = Data([0xff]) }) }
    }

    @Test func `Only a withdrawal alone, with nonce and fee zero, is free`() throws {
        var withdrawal = WireMessage()
        withdrawal.withdrawConsent.version = 1
        func isFree(_ messages: [WireMessage], nonce: UInt64 = 0, fee: UInt64 = 0) throws -> Bool {
            try SignedTransaction(decoding: wire { _, body in (body.messages, body.nonce, body.fee) = (messages, nonce, fee) })
                .isFreeWithdrawal
        }
        #expect(try isFree([withdrawal]))
        #expect(try !isFree([withdrawal], nonce: 1))
        #expect(try !isFree([withdrawal], fee: 1))
        #expect(try !isFree([withdrawal, withdrawal]))
        #expect(try !isFree([Samples.transfer]))
    }

    @Test func `Identifiers of messages depend on transaction and position`() throws {
        let transaction = try Samples.transaction()
        let identifiers = (0..<10).map { transaction.messageIdentifier($0) }
        #expect(Set(identifiers).count == 10)
        #expect(SignedTransaction.messageIdentifier(transaction: transaction.id, index: 3) == identifiers[3])
        #expect(SignedTransaction.messageIdentifier(transaction: .zero, index: 3) != identifiers[3])
    }

    @Test func `Errors have their own codes, names and reasons`() {
        let all = (100...149).compactMap { TransactionError(rawValue: $0) }
        #expect(all.count == 19)
        #expect(Set(all.map(\.name)).count == all.count && Set(all.map(\.reason)).count == all.count)
    }
}
