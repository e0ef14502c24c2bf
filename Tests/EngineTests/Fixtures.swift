import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// A chain with one validator, and transactions for it.
struct SoloChain {
    let key: SigningKey
    let genesis: Genesis

    init(seed: UInt8 = 1, blockTransactions: UInt32 = 3) throws {
        key = try SigningKey.ed25519(seed: [UInt8](repeating: seed, count: 32))
        var wire = WireGenesis()
        wire.version = Genesis.version
        wire.chainID = "jupiter-test"
        wire.time = 1_000_000
        wire.profile = .byzantine
        var validator = WireValidator()
        validator.publicKey = .init(key.verificationKey.bytes)
        (validator.votingWeight, validator.leaderWeight) = (1, 1)
        wire.validators.validators = [validator]
        wire.operator = .init(key.address.bytes)
        wire.parameters = Genesis.defaultParameters
        wire.parameters.maximumBlockTransactions = blockTransactions
        genesis = try Genesis(encoding: wire)
    }

    func transfer(nonce: UInt64) throws -> SubmittedTransaction {
        var transfer = WireTransfer()
        transfer.to = .init(key.address.bytes)
        transfer.amount = 1
        var message = WireMessage()
        message.transfer = transfer
        var body = WireTransactionBody()
        body.chainID = genesis.chainID
        body.sender = .init(key.address.bytes)
        (body.nonce, body.validUntil, body.fee) = (nonce, 100, 1)
        body.messages = [message]
        return try SubmittedTransaction(SignedTransaction(signing: body, with: key), sidecars: [])
    }
}
