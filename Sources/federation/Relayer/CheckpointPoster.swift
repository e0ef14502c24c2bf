import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Where a locality's certified headers come from: its own node.
package protocol CheckpointSource: Sendable {
    /// The newest finalised header; `nil` on a chain without blocks.
    func newest() throws -> (header: BlockHeader, certified: WireCertifiedHeader)?

    /// The last header of an epoch that is over, with the set that follows.
    func last(ofEpoch epoch: UInt64) throws -> (header: BlockHeader, certified: WireCertifiedHeader)?
}

/// What mainnet holds of a locality.
package struct PostedCheckpoint: Sendable, Equatable {
    package var height: UInt64
    package var epoch: UInt64

    package init(height: UInt64, epoch: UInt64) { (self.height, self.epoch) = (height, epoch) }
}

/// What a poster needs to know of mainnet before it signs.
package struct TargetAccount: Sendable, Equatable {
    package var chainID: String
    /// The newest committed height.
    package var height: UInt64
    /// The nonce of the account's next transaction.
    package var nextNonce: UInt64
    /// Micro-JUPT.
    package var minimumFee: UInt64

    package init(chainID: String, height: UInt64, nextNonce: UInt64, minimumFee: UInt64) {
        (self.chainID, self.height, self.nextNonce, self.minimumFee) = (chainID, height, nextNonce, minimumFee)
    }
}

/// Mainnet, as a poster sees it.
package protocol CheckpointTarget: Sendable {
    /// `nil` while the locality is not registered.
    func checkpoint(of chainID: String) async throws -> PostedCheckpoint?
    func account(_ address: Address) async throws -> TargetAccount
    /// Hands over a transaction and waits until it is committed; answers its receipt's code.
    func submit(_ transaction: SignedTransaction) async throws -> UInt32
}

/// Posts a locality's newest certified header to mainnet, signed by an account that pays the fee.
///
/// Anybody may run one and two at once do no harm: mainnet verifies the certificate and refuses what it has already.
package struct CheckpointPoster: Sendable {
    /// What one step did.
    package enum Step: Sendable, Equatable {
        /// Headers up to this height are on mainnet now.
        case posted(height: UInt64, transactions: Int)
        /// Mainnet has the newest header already.
        case unchanged
    }

    /// Heights for which its transactions are valid.
    private static let window: UInt64 = 200

    private let chainID: String
    private let key: SigningKey
    private let source: any CheckpointSource
    private let target: any CheckpointTarget

    /// - Parameter key: of the account on mainnet that pays.
    package init(chainID: String, key: SigningKey, source: any CheckpointSource, target: any CheckpointTarget) {
        (self.chainID, self.key, self.source, self.target) = (chainID, key, source, target)
    }

    /// Brings mainnet up to date: the last header of every epoch that ended since, then the newest.
    package func step() async throws -> Step {
        guard let newest = try source.newest() else { return .unchanged }
        guard let known = try await target.checkpoint(of: chainID) else { throw RelayerError.notRegistered }
        guard newest.header.height > known.height else { return .unchanged }
        var due: [WireCertifiedHeader] = []
        // A light client never skips an epoch, so the headers that end them go first.
        for epoch in known.epoch..<max(newest.header.epoch, known.epoch) {
            guard let last = try source.last(ofEpoch: epoch) else { throw RelayerError.missingEpoch }
            if last.header.height > known.height { due.append(last.certified) }
        }
        due.append(newest.certified)
        for certified in due { try await post(certified) }
        return .posted(height: newest.header.height, transactions: due.count)
    }

    private func post(_ certified: WireCertifiedHeader) async throws {
        let account = try await target.account(key.address)
        var message = WireMessage()
        message.submitCheckpoint.chainID = chainID
        message.submitCheckpoint.certifiedHeader = .init(certified.encoded())
        var body = WireTransactionBody()
        body.chainID = account.chainID
        body.sender = .init(key.address.bytes)
        body.nonce = account.nextNonce
        body.validFrom = account.height
        body.validUntil = account.height + Self.window
        body.fee = account.minimumFee
        body.messages = [message]
        let code = try await target.submit(SignedTransaction(signing: body, with: key))
        // 605: somebody else posted the same or a newer one in between.
        guard code == 0 || code == 605 else { throw RelayerError.refused(code) }
    }
}

/// Why a checkpoint is not on mainnet (codes 610–619).
package enum RelayerError: CodedError, Equatable {
    case notRegistered
    case missingEpoch
    case refused(UInt32)
    case unreachable
    case badAnswer

    package static let domain = "relayer"
    package var code: UInt32 {
        switch self {
        case .notRegistered: 610
        case .missingEpoch: 611
        case .refused: 612
        case .unreachable: 613
        case .badAnswer: 614
        }
    }
    package var reason: String {
        switch self {
        case .notRegistered: "mainnet does not know this locality; its operator has to register it"
        case .missingEpoch: "the header that ends an epoch is not on this node"
        case .refused(let code): "mainnet refused the checkpoint with code \(code)"
        case .unreachable: "mainnet's node does not answer"
        case .badAnswer: "mainnet's node answered something else than expected"
        }
    }
}
