import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Bytes that one checkpoint transaction of a one-validator locality adds to mainnet.
package enum CheckpointSize {
    /// Seconds between checkpoints: the poster's default.
    package static let interval = 10.0

    package static func measure() throws -> Int {
        let key = SigningKey.ed25519()
        var header = WireHeader()
        header.version = BlockHeader.version
        header.chainID = "jupiter-sg"
        header.height = 1_000_000
        header.view = 1_000_000
        header.time = 1_800_000_000_000
        header.lastOfEpoch = false
        header.applicationVersion = 1
        let hash = SecureRandom.hash()
        for path in [
            \WireHeader.parent, \.proposer, \.transactionsRoot, \.evidenceRoot, \.stateRoot, \.receiptsRoot, \.validatorsHash,
            \.nextValidatorsHash,
        ] { header[keyPath: path] = .init(hash.bytes) }
        var certificate = WireCertificate()
        certificate.view = 1_000_000
        certificate.height = 1_000_000
        certificate.block = .init(try BlockHeader(encoding: header).hash.bytes)
        certificate.profile = .byzantine
        certificate.kind = .finalise
        certificate.signers = .init([1])
        let statement = QuorumCertificate.statement(certificate, chainID: header.chainID)
        certificate.signatures = [.init(try key.sign(statement, context: .vote))]
        var certified = WireCertifiedHeader()
        certified.header = .init(header.encoded())
        certified.certificate = .init(certificate.encoded())
        var checkpoint = WireSubmitCheckpoint()
        checkpoint.chainID = header.chainID
        checkpoint.certifiedHeader = .init(certified.encoded())
        var message = WireMessage()
        message.submitCheckpoint = checkpoint
        var body = WireTransactionBody()
        body.chainID = "jupiter-main"
        body.sender = .init(key.address.bytes)
        body.nonce = 100_000
        body.validFrom = 1_000_000
        body.validUntil = 1_000_100
        body.fee = 1
        body.messages = [message]
        return try SignedTransaction(signing: body, with: key).bytes.count
    }
}
