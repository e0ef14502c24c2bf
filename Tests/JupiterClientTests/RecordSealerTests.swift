import ChainTypes
import Cryptography
import DataModel
import FoundationEssentials
import JupiterClient
import Primitives
import Testing
import WireTypes

@Suite struct `Sealed records` {
    private let wallet: Wallet
    private let place: RecordPlace
    private let sealed: SealedRecord

    init() throws {
        wallet = try Wallet(name: "anna")
        let schema = try Schema(version: 1, fields: [Field("age", .integer)])
        place = RecordPlace(chainID: "jupiter-sg", dataset: "d", owner: wallet.address, schema: schema)
        let record = try DataRecord(["age": 41], schema: schema)
        sealed = try RecordSealer.seal(
            record, place: place, subjectKey: wallet.subjectKey(chainID: "jupiter-sg", dataset: "d"), keyIndex: 3)
    }

    private var onChain: WireRecord {
        var record = WireRecord()
        (record.record, record.dataset, record.commitment) = (sealed.message.record, "d", sealed.message.commitment)
        (record.schemaVersion, record.keyIndex, record.size) = (1, sealed.message.keyIndex, sealed.message.size)
        return record
    }

    @Test func `open for their owner`() throws {
        let key = wallet.subjectKey(chainID: "jupiter-sg", dataset: "d")
        let record = try RecordSealer.open(onChain, sidecar: sealed.sidecar, place: place, subjectKey: key)
        #expect(try record.value("age", schema: place.schema) == .integer(41))
        #expect(Int(sealed.message.size) == sealed.sidecar.count)
    }

    @Test func `stay shut with another key, place or sidecar`() throws {
        let key = wallet.subjectKey(chainID: "jupiter-sg", dataset: "d")
        let other = wallet.subjectKey(chainID: "jupiter-sg", dataset: "e")
        #expect(throws: CryptographyError.cannotOpen) {
            try RecordSealer.open(onChain, sidecar: sealed.sidecar, place: place, subjectKey: other)
        }
        let elsewhere = RecordPlace(chainID: "jupiter-id", dataset: "d", owner: wallet.address, schema: place.schema)
        #expect(throws: CryptographyError.cannotOpen) {
            try RecordSealer.open(onChain, sidecar: sealed.sidecar, place: elsewhere, subjectKey: key)
        }
        var flipped = sealed.sidecar
        flipped[flipped.count - 1] ^= 1
        #expect(throws: ClientError.self) { try RecordSealer.open(onChain, sidecar: flipped, place: place, subjectKey: key) }
    }
}

@Suite struct `Transactions` {
    @Test func `count their nonce, and withdrawals do not`() throws {
        let wallet = try Wallet(name: "anna", keyType: .p256)
        var builder = TransactionBuilder(chainID: "jupiter-sg", key: wallet.signingKey, nonce: 4, height: 10)
        var transfer = WireTransfer()
        transfer.to = .init(wallet.address.bytes)
        transfer.amount = 1
        let first = try builder.sign(.transfer(transfer))
        let free = try builder.withdrawal(grant: .zero, version: 1)
        let second = try builder.sign(.transfer(transfer))
        #expect(first.transaction.body.nonce == 4)
        #expect(second.transaction.body.nonce == 5)
        #expect(free.transaction.isFreeWithdrawal)
        try first.transaction.verifySignature()
        try free.transaction.verifySignature()
    }
}

@Suite struct `Program packages` {
    @Test func `read the manifest beside the code`() throws {
        let json: JSONValue = [
            "name": "p", "description": "d",
            "output": [["name": "probability", "type": "number", "minimum": 0, "maximum": 1]],
        ]
        let package = try ProgramPackage(code: [0, 1], manifest: json, kind: .assessment)
        #expect(package.manifest.kind == .assessment)
        #expect(package.codeHash == Digest.plain([0, 1]))
        let publication = package.publication()
        #expect(Sidecar.commitment(publication.sidecar).bytes == [UInt8](publication.message.commitment))
        #expect(throws: ClientError.self) { try ProgramPackage(code: [], manifest: json) }
        #expect(throws: ClientError.self) { try ProgramPackage(code: [], manifest: ["name": "p"], kind: .assessment) }
    }
}
