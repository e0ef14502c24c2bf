import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// A transaction as received: the exact bytes, their decoded body, and the identity that follows from them.
///
/// The identifier is the hash of the body alone, so another signature of the same body is the same transaction.
package struct SignedTransaction: Sendable {
    /// The bytes that blocks carry.
    package let bytes: [UInt8]
    package let id: Hash32
    package let sender: Address
    package let body: WireTransactionBody
    package let key: VerificationKey
    private let bodyBytes: [UInt8]
    private let signature: [UInt8]

    /// Decodes and checks everything but the signature.
    package init(decoding bytes: [UInt8]) throws(TransactionError) {
        guard bytes.count <= Limits.transaction else { throw .tooLarge }
        guard let wire = try? WireTransaction(strictly: bytes, limit: Limits.transaction) else { throw .malformed }
        let bodyBytes = [UInt8](wire.body)
        guard let body = try? WireTransactionBody(strictly: bodyBytes, limit: Limits.transaction) else { throw .malformed }
        guard !body.messages.isEmpty else { throw .noMessages }
        guard body.messages.count <= Limits.messagesPerTransaction else { throw .tooManyMessages }
        guard body.messages.allSatisfy({ $0.kind != nil }) else { throw .unknownMessage }
        guard let key = try? VerificationKey(wire.publicKey) else { throw .badKey }
        guard let sender = Address(body.sender), sender == key.address else { throw .senderMismatch }
        self.bytes = bytes
        self.bodyBytes = bodyBytes
        self.id = Digest.hash(.transactionIdentifier, bodyBytes)
        self.sender = sender
        self.body = body
        self.key = key
        self.signature = [UInt8](wire.signature)
    }

    /// Signs `body`, whose sender must be the account of `key`.
    package init(signing body: WireTransactionBody, with key: SigningKey) throws {
        var wire = WireTransaction()
        let bodyBytes = body.encoded()
        wire.body = .init(bodyBytes)
        wire.publicKey = key.verificationKey.wire
        wire.signature = .init(try key.sign(bodyBytes, context: .transaction))
        try self.init(decoding: wire.encoded())
    }

    /// Checks the sender's signature: the one expensive check, made once per node, off the path of consensus.
    package func verifySignature() throws(TransactionError) {
        do { try key.verify(signature, of: bodyBytes, context: .transaction) } catch {
            throw error == .malformedKey ? .badKey : .badSignature
        }
    }

    /// The identifier of what message number `index` creates (a request, for example).
    package func messageIdentifier(_ index: Int) -> Hash32 { Self.messageIdentifier(transaction: id, index: index) }

    package static func messageIdentifier(transaction: Hash32, index: Int) -> Hash32 {
        var digest = Digest(.messageIdentifier)
        digest.update(transaction)
        digest.update(bigEndian: UInt32(index))
        return digest.finalize()
    }

    /// A withdrawal alone: free, and ordered before everything else in its block.
    package var isFreeWithdrawal: Bool {
        guard body.messages.count == 1, case .withdrawConsent = body.messages[0].kind else { return false }
        return body.fee == 0 && body.nonce == 0
    }
}

extension VerificationKey {
    /// The key of its wire form.
    package init(_ wire: WirePublicKey) throws(CryptographyError) {
        switch wire.type {
        case .ed25519:
            guard let key = Hash32(wire.key) else { throw .malformedKey }
            self = .ed25519(key)
        case .p256:
            guard wire.key.count == 33 else { throw .malformedKey }
            self = .p256([UInt8](wire.key))
        case .unspecified, .UNRECOGNIZED: throw .malformedKey
        }
    }

    package var wire: WirePublicKey {
        var wire = WirePublicKey()
        switch self {
        case .ed25519: wire.type = .ed25519
        case .p256: wire.type = .p256
        }
        wire.key = .init(bytes)
        return wire
    }
}
