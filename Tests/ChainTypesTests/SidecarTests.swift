import ChainTypes
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `Sidecars` {
    static let one = Sidecar.make([1, 2, 3], salt: [UInt8](repeating: 7, count: 32))
    static let two = Sidecar.make([4], salt: [UInt8](repeating: 8, count: 32))

    func transaction() throws -> SignedTransaction {
        try Samples.transaction([Samples.putRecord(Self.one), Samples.transfer, Samples.putRecord(Self.two)])
    }

    @Test func `A transaction comes with the sidecars that its messages commit to, in order`() throws {
        let submitted = try SubmittedTransaction(transaction(), sidecars: [Self.one, Self.two])
        let received = try SubmittedTransaction(decoding: submitted.encoded)
        #expect(received.sidecars == [Self.one, Self.two] && received.transaction.bytes == submitted.transaction.bytes)
        #expect(try SubmittedTransaction(Samples.transaction(), sidecars: []).sidecars.isEmpty)
    }

    @Test func `Missing, swapped, extra, altered or cut sidecars are refused`() throws {
        var altered = Self.one
        altered[40 - 6] ^= 1
        let wrong: [[[UInt8]]] = [
            [], [Self.one], [Self.two, Self.one], [Self.one, Self.two, Self.two], [altered, Self.two],
            [Array(Self.one.dropLast()), Self.two],
            [Self.one + [0], Self.two], [[], []],
        ]
        for sidecars in wrong {
            #expect(throws: TransactionError.sidecarMismatch) { try SubmittedTransaction(transaction(), sidecars: sidecars) }
        }
        #expect(throws: TransactionError.sidecarMismatch) { try SubmittedTransaction(Samples.transaction(), sidecars: [Self.one]) }
    }

    @Test func `The stated size is the sidecar's`() throws {
        var message = Samples.putRecord(Self.one)
        message.putRecord.size += 1
        #expect(throws: TransactionError.sidecarMismatch) {
            try SubmittedTransaction(Samples.transaction([message]), sidecars: [Self.one])
        }
    }

    @Test func `A sidecar has a salt and at most the limit`() throws {
        let short = [UInt8](repeating: 1, count: 31)
        #expect(throws: TransactionError.sidecarMismatch) {
            try SubmittedTransaction(Samples.transaction([Samples.putRecord(short)]), sidecars: [short])
        }
        let large = [UInt8](repeating: 1, count: Limits.sidecar + 1)
        #expect(throws: TransactionError.sidecarMismatch) {
            try SubmittedTransaction(Samples.transaction([Samples.putRecord(large)]), sidecars: [large])
        }
        let most = Array(repeating: Self.one, count: Limits.sidecarsPerTransaction + 1)
        #expect(throws: TransactionError.sidecarMismatch) {
            try SubmittedTransaction(Samples.transaction(most.map(Samples.putRecord)), sidecars: most)
        }
        #expect(Sidecar.content(short) == nil)
        #expect(Sidecar.content(Self.one).map(Array.init) == [1, 2, 3])
        #expect(Sidecar.content([UInt8](repeating: 1, count: 32)).map(Array.init) == [])
    }

    @Test func `The salt hides equal contents`() {
        #expect(
            Sidecar.commitment(Sidecar.make([1], salt: [UInt8](repeating: 1, count: 32)))
                != Sidecar.commitment(Sidecar.make([1], salt: [UInt8](repeating: 2, count: 32))))
    }

    @Test func `A commitment of a wrong size commits to nothing`() throws {
        var message = Samples.putRecord(Self.one)
        message.putRecord.commitment = Data([1, 2, 3])
        #expect(message.sidecarCommitment == nil)
        #expect(Samples.transfer.sidecarCommitment == nil)
        #expect(WireMessage().sidecarCommitment == nil)
    }
}
