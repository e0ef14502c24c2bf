import ChainTypes
import Cryptography
import Foundation
import Primitives
import WireTypes

/// One fixed value of every kind, so that its encoding can be pinned.
enum Samples {
    static let chainID = "jupiter-test"

    static func hash(_ byte: UInt8) -> Hash32 { Hash32([UInt8](repeating: byte, count: 32)) ?? .zero }
    static func data(_ byte: UInt8, _ count: Int = 32) -> Data { Data(repeating: byte, count: count) }

    static func key(_ byte: UInt8 = 1) throws -> SigningKey { try .ed25519(seed: [UInt8](repeating: byte, count: 32)) }

    static var transfer: WireMessage {
        var message = WireMessage()
        message.transfer.to = data(0x70)
        message.transfer.amount = 1_000_000
        return message
    }

    static func putRecord(_ sidecar: [UInt8]) -> WireMessage {
        var message = WireMessage()
        message.putRecord.dataset = "credit"
        message.putRecord.record = data(0x72)
        message.putRecord.schemaVersion = 1
        message.putRecord.commitment = Data(Sidecar.commitment(sidecar).bytes)
        message.putRecord.size = UInt32(sidecar.count)
        message.putRecord.keyIndex = 5
        return message
    }

    static func body(sender: Address, messages: [WireMessage] = [transfer]) -> WireTransactionBody {
        var body = WireTransactionBody()
        body.chainID = chainID
        body.sender = Data(sender.bytes)
        body.nonce = 7
        body.validFrom = 10
        body.validUntil = 200
        body.fee = 3
        body.messages = messages
        return body
    }

    static func transaction(_ messages: [WireMessage] = [transfer]) throws -> SignedTransaction {
        let key = try key()
        return try SignedTransaction(signing: body(sender: key.address, messages: messages), with: key)
    }

    static var wireHeader: WireHeader {
        var header = WireHeader()
        header.version = 1
        header.chainID = chainID
        header.height = 12
        header.view = 40
        header.epoch = 2
        header.parent = data(0x11)
        header.proposer = data(0x22)
        header.time = 1_800_000_000_000
        header.transactionsRoot = data(0x33)
        header.evidenceRoot = data(0)
        header.stateRoot = data(0x44)
        header.receiptsRoot = data(0x55)
        header.validatorsHash = data(0x66)
        header.nextValidatorsHash = data(0x66)
        header.applicationVersion = 1
        return header
    }

    static func block(_ transactions: [SignedTransaction]) throws -> Block {
        var header = wireHeader
        header.transactionsRoot = Data(Block.transactionsRoot(transactions).bytes)
        return Block(header: try BlockHeader(encoding: header), transactions: transactions)
    }

    static var certificate: WireCertificate {
        var certificate = WireCertificate()
        certificate.epoch = 2
        certificate.view = 40
        certificate.height = 12
        certificate.block = data(0x77)
        certificate.profile = .byzantine
        certificate.kind = .finalise
        certificate.signers = Data([0b0000_0101])
        certificate.signatures = [data(0x88, 64), data(0x99, 64)]
        return certificate
    }

    static func validators(_ count: Int = 3) throws -> ValidatorSet {
        try ValidatorSet(
            (0..<count).map { index in
                .init(key: Hash32(UInt64(index + 1), 0, 0, 0), votingWeight: UInt64(index + 1) * 10, leaderWeight: 10)
            })
    }

    /// The nodes of the three validators of `wireGenesis`.
    static func nodes(_ adjust: (inout [WireValidatorNode]) -> Void = { _ in }) -> [WireValidatorNode] {
        var nodes = (1...3).map { index in
            var node = WireValidatorNode()
            node.validator = .init(Hash32(UInt64(index), 0, 0, 0).bytes)
            (node.nodeID, node.account) = (data(UInt8(0x80 + index)), data(UInt8(0x90 + index)))
            node.endpoint = "sg-\(index).example:7000"
            return node
        }
        adjust(&nodes)
        return nodes
    }

    static func wireGenesis() throws -> WireGenesis {
        var genesis = WireGenesis()
        genesis.version = 1
        genesis.chainID = chainID
        genesis.time = 1_800_000_000_000
        genesis.profile = .byzantine
        genesis.validators = try WireValidatorSet(strictly: validators().bytes, limit: Limits.validatorSet)
        var allocation = WireAllocation()
        allocation.account = data(0x70)
        allocation.amount = 1_000_000_000
        genesis.allocations = [allocation]
        genesis.operator = data(0x71)
        genesis.allowSimulatedEnclaves = true
        genesis.parameters = Genesis.defaultParameters
        genesis.agreementHash = data(0x72)
        return genesis
    }
}
