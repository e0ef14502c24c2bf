import ChainTypes
import Cryptography
import DataModel
import FoundationEssentials
import Primitives
import WireTypes

/// Transactions that are signed before the clock starts.
struct Workload {
    enum Kind { case transfers, records }

    static let dataset = "bench"
    /// Of an encrypted record, after its blinding.
    static let recordBytes = 1_024

    private let senders: [SigningKey]
    private let publisher: SigningKey
    private var generator = SeededGenerator(seed: 0x6a75_7069)
    private var nonces: [UInt64]

    init(senders: Int) throws {
        var generator = generator
        self.senders = try (0..<senders).map { _ in try SigningKey.ed25519(seed: generator.bytes(32)) }
        publisher = try SigningKey.ed25519(seed: generator.bytes(32))
        nonces = [UInt64](repeating: 0, count: senders)
        self.generator = generator
    }

    var accounts: [Address] { (senders + [publisher]).map(\.address) }

    /// A chain begins: every nonce is unused again.
    mutating func restart() { nonces = [UInt64](repeating: 0, count: senders.count) }

    /// `rounds` transactions of each sender, all senders in turn.
    mutating func make(_ kind: Kind, rounds: Int, chainID: String) throws -> [SubmittedTransaction] {
        var all: [SubmittedTransaction] = []
        all.reserveCapacity(rounds * senders.count)
        for _ in 0..<rounds {
            for position in senders.indices { all.append(try one(kind, sender: position, chainID: chainID)) }
        }
        return all
    }

    /// The next transaction of one sender.
    mutating func one(_ kind: Kind, sender position: Int, chainID: String) throws -> SubmittedTransaction {
        nonces[position] += 1
        var message = WireMessage()
        var sidecars: [[UInt8]] = []
        switch kind {
        case .transfers:
            message.transfer.to = .init(senders[Int(generator.next() % UInt64(senders.count))].address.bytes)
            message.transfer.amount = 1
        case .records:
            let sidecar = generator.bytes(32 + Self.recordBytes)
            message.putRecord.dataset = Self.dataset
            message.putRecord.record = .init(generator.hash().bytes)
            message.putRecord.schemaVersion = 1
            message.putRecord.commitment = .init(Sidecar.commitment(sidecar).bytes)
            message.putRecord.size = UInt32(sidecar.count)
            sidecars = [sidecar]
        }
        let transaction = try Self.sign(message, nonce: nonces[position], senders[position], chainID)
        return try SubmittedTransaction(transaction, sidecars: sidecars)
    }

    /// The transaction without which there is nowhere to put records.
    func publication(chainID: String) throws -> SubmittedTransaction {
        var message = WireMessage()
        message.publishDataset.dataset = Self.dataset
        message.publishDataset.metadata.name = "Benchmark"
        message.publishDataset.schema = .init(try Schema(version: 1, fields: [Field("value", .number)]).encoding)
        message.publishDataset.residency = .local
        return try SubmittedTransaction(Self.sign(message, nonce: 1, publisher, chainID), sidecars: [])
    }

    private static func sign(_ message: WireMessage, nonce: UInt64, _ key: SigningKey, _ chainID: String) throws -> SignedTransaction {
        var body = WireTransactionBody()
        body.chainID = chainID
        body.sender = .init(key.address.bytes)
        (body.nonce, body.validUntil, body.fee) = (nonce, 90_000, 1)
        body.messages = [message]
        return try SignedTransaction(signing: body, with: key)
    }
}
