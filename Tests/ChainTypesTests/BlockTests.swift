import ChainTypes
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `Headers and blocks` {
    @Test func `A header decodes to its values and hashes its bytes`() throws {
        let header = try BlockHeader(encoding: Samples.wireHeader)
        #expect(try BlockHeader(decoding: header.bytes) == header)
        #expect(header.height == 12 && header.epoch == 2 && header.chainID == Samples.chainID && !header.lastOfEpoch)
        #expect(header.parent == Samples.hash(0x11) && header.stateRoot == Samples.hash(0x44) && header.evidenceRoot == .zero)
        var later = Samples.wireHeader
        later.time += 1
        #expect(try BlockHeader(encoding: later).hash != header.hash)
    }

    static let hashFields: [any WritableKeyPath<WireHeader, Data> & Sendable] = [
        \.parent, \.proposer, \.transactionsRoot, \.evidenceRoot, \.stateRoot, \.receiptsRoot, \.validatorsHash, \.nextValidatorsHash,
    ]

    @Test(arguments: hashFields.indices) func `Each hash has 32 bytes`(field: Int) {
        for count in [0, 31, 33] {
            var header = Samples.wireHeader
            header[keyPath: Self.hashFields[field]] = Samples.data(1, count)
            #expect(throws: BlockError.malformed) { try BlockHeader(encoding: header) }
        }
    }

    @Test(arguments: ["", "Jupiter", "jupiter_sg", "jupiter sg", "jüpiter", String(repeating: "a", count: 65)])
    func `A chain's name is lowercase letters, digits and hyphens`(name: String) {
        var header = Samples.wireHeader
        header.chainID = name
        #expect(throws: BlockError.malformed) { try BlockHeader(encoding: header) }
        #expect(!ChainID.isValid(name))
        #expect(ChainID.isValid("jupiter-sg-1") && ChainID.isValid(String(repeating: "a", count: 64)))
    }

    @Test func `Versions, height zero and a set that changes inside an epoch are refused`() throws {
        for version in [0, 2, .max] as [UInt32] {
            var header = Samples.wireHeader
            header.version = version
            #expect(throws: BlockError.unknownVersion) { try BlockHeader(encoding: header) }
        }
        var header = Samples.wireHeader
        header.height = 0
        #expect(throws: BlockError.malformed) { try BlockHeader(encoding: header) }
        header = Samples.wireHeader
        header.nextValidatorsHash = Samples.data(0x67)
        #expect(throws: BlockError.malformed) { try BlockHeader(encoding: header) }
        header.lastOfEpoch = true
        #expect(try BlockHeader(encoding: header).lastOfEpoch)
    }

    @Test func `A header is bounded and has one encoding`() throws {
        let bytes = try BlockHeader(encoding: Samples.wireHeader).bytes
        #expect(throws: BlockError.malformed) { try BlockHeader(decoding: bytes + [0x80, 1, 1]) }
        #expect(throws: BlockError.malformed) { try BlockHeader(decoding: [UInt8](repeating: 0, count: Limits.header + 1)) }
        #expect(throws: BlockError.malformed) { try BlockHeader(decoding: Array(bytes.dropLast())) }
    }

    @Test func `A block decodes when its content is what the header says`() throws {
        let transactions = [try Samples.transaction(), try Samples.transaction([Samples.transfer, Samples.transfer])]
        for content in [[], [transactions[0]], transactions] {
            let block = try Samples.block(content)
            let received = try Block(decoding: block.bytes)
            #expect(received.bytes == block.bytes && received.header == block.header)
            #expect(received.transactions.map(\.id) == content.map(\.id) && received.evidence.isEmpty)
        }
    }

    @Test func `Transactions or evidence that the header does not name are refused`() throws {
        let one = try Samples.transaction()
        let two = try Samples.transaction([Samples.transfer, Samples.transfer])
        let header = try Samples.block([one, two]).header
        for content in [[], [one], [two, one], [one, two, one]] {
            #expect(throws: BlockError.wrongRoot) { try Block(decoding: Block(header: header, transactions: content).bytes) }
        }
        var wire = WireBlock()
        wire.header = Data(try Samples.block([]).header.bytes)
        wire.evidence = [Data([1])]
        #expect(throws: BlockError.wrongRoot) { try Block(decoding: wire.encoded()) }
    }

    @Test func `A block with bytes that are no transaction or no header is malformed`() throws {
        var wire = WireBlock()
        wire.header = Data(try Samples.block([]).header.bytes)
        wire.transactions = [Data([1, 2, 3])]
        #expect(throws: BlockError.malformed) { try Block(decoding: wire.encoded()) }
        wire.header = Data()
        #expect(throws: BlockError.self) { try Block(decoding: wire.encoded()) }
        #expect(throws: BlockError.malformed) { try Block(decoding: [0xff]) }
    }

    @Test func `Errors have their own codes, names and reasons`() {
        let all = (750...799).compactMap { BlockError(rawValue: $0) }
        #expect(all.count == 10)
        #expect(Set(all.map(\.name)).count == all.count && Set(all.map(\.reason)).count == all.count)
    }
}
