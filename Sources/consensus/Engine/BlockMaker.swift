import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Builds and certifies blocks of a chain with one validator: values in, values out.
package struct BlockMaker: Sendable {
    package static let applicationVersion: UInt32 = 1

    private let genesis: Genesis
    private let key: SigningKey
    /// The validator's Ed25519 key.
    package let proposer: Hash32

    /// - Throws: `notTheValidator` unless `key` is that of the chain's only validator.
    package init(genesis: Genesis, key: SigningKey) throws(EngineError) {
        guard case .ed25519(let proposer) = key.verificationKey, genesis.validators.members.map(\.key) == [proposer] else {
            throw .notTheValidator
        }
        (self.genesis, self.key, self.proposer) = (genesis, key, proposer)
    }

    /// What the next block after `head` is made and executed in. Time rises strictly and is not behind `now` (milliseconds since 1970).
    package func context(after head: ApplicationHead, now: UInt64) -> BlockContext {
        // With one validator no view fails, and no epoch ends: the view is the height.
        BlockContext(
            chainID: genesis.chainID, height: head.height + 1, time: max(now, head.time + 1), proposer: proposer,
            parent: head.blockHash, epoch: head.plan.epoch, view: head.height + 1)
    }

    /// The block of `transactions` after `head`. Its header proves the state and the receipts after `head`.
    package func block(_ transactions: [SignedTransaction], after head: ApplicationHead, context: BlockContext) throws -> Block {
        var wire = WireHeader()
        wire.version = BlockHeader.version
        wire.chainID = context.chainID
        wire.height = context.height
        wire.epoch = context.epoch
        wire.view = context.view
        wire.parent = .init(context.parent.bytes)
        wire.proposer = .init(context.proposer.bytes)
        wire.time = context.time
        wire.transactionsRoot = .init(Block.transactionsRoot(transactions).bytes)
        wire.evidenceRoot = .init(MerkleList.root([]).bytes)
        wire.stateRoot = .init(head.stateRoot.bytes)
        wire.receiptsRoot = .init(head.receiptsRoot.bytes)
        wire.validatorsHash = .init(genesis.validators.hash.bytes)
        wire.nextValidatorsHash = .init(genesis.validators.hash.bytes)
        wire.applicationVersion = Self.applicationVersion
        return Block(header: try BlockHeader(encoding: wire), transactions: transactions)
    }

    /// The certificate that the only validator's vote makes.
    package func certificate(for header: BlockHeader) throws -> QuorumCertificate {
        var builder = CertificateBuilder(
            header: header, view: header.view, validators: genesis.validators, profile: genesis.wire.profile)
        try builder.sign(with: key)
        return try builder.certificate()
    }
}
