import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// A transaction as received: the exact bytes, their decoded body, and the identity that follows from them.
///
/// The identifier is the hash of the body alone, so another signature of the same body is the same transaction. A value of one word,
/// since transactions pass through many hands.
package struct SignedTransaction: Sendable {
    private final class Contents: Sendable {
        let bytes: [UInt8]
        let bodyBytes: [UInt8]
        let signature: [UInt8]
        let id: Hash32
        let leaf: Hash32
        let sender: Address
        let key: VerificationKey
        let body: WireTransactionBody
        let isFreeWithdrawal: Bool

        init(_ bytes: [UInt8], _ envelope: Envelope, sender: Address, key: VerificationKey, body: WireTransactionBody) {
            (self.bytes, bodyBytes, signature) = (bytes, envelope.body, envelope.signature)
            id = Digest.hash(.transactionIdentifier, envelope.body)
            leaf = MerkleList.leaf(bytes)
            (self.sender, self.key, self.body) = (sender, key, body)
            isFreeWithdrawal = SignedTransaction.isFreeWithdrawal(body)
        }
    }

    /// `WireTransaction`, whose body is bytes.
    private struct Envelope {
        let body: [UInt8]
        /// The number of the key's type, and the key.
        let key: (type: UInt64, bytes: [UInt8])
        let signature: [UInt8]

        init(_ fields: inout FieldReader) throws(WireError) {
            body = try fields.bytes(1, limit: Limits.transaction)
            key =
                try fields.message(2, limit: Limits.transaction) { (fields) throws(WireError) in
                    (try fields.number(1), try fields.bytes(2, limit: Limits.transaction))
                } ?? (0, [])
            signature = try fields.bytes(3, limit: Limits.transaction)
        }
    }

    private let contents: Contents

    /// The bytes that blocks carry.
    package var bytes: [UInt8] { contents.bytes }
    package var id: Hash32 { contents.id }
    package var sender: Address { contents.sender }
    package var body: WireTransactionBody { contents.body }
    package var nonce: UInt64 { contents.body.nonce }
    package var fee: UInt64 { contents.body.fee }
    package var validUntil: UInt64 { contents.body.validUntil }
    package var key: VerificationKey { contents.key }
    /// What the transaction is in a block's list (`MerkleList.leaf`).
    package var leaf: Hash32 { contents.leaf }

    /// Decodes and checks everything but the signature.
    package init(decoding bytes: [UInt8]) throws(TransactionError) {
        guard bytes.count <= Limits.transaction else { throw .tooLarge }
        let envelope: Envelope
        do throws(WireError) {
            envelope = try FieldReader.read(bytes, limit: Limits.transaction) { (fields) throws(WireError) in try Envelope(&fields) }
        } catch { throw .malformed }
        guard let body = try? WireTransactionBody(strictly: envelope.body, limit: Limits.transaction) else { throw .malformed }
        guard !body.messages.isEmpty else { throw .noMessages }
        guard body.messages.count <= Limits.messagesPerTransaction else { throw .tooManyMessages }
        guard body.messages.allSatisfy({ $0.kind != nil }) else { throw .unknownMessage }
        guard let key = try? VerificationKey(type: envelope.key.type, bytes: envelope.key.bytes) else { throw .badKey }
        guard let sender = Address(body.sender), sender == key.address else { throw .senderMismatch }
        contents = Contents(bytes, envelope, sender: sender, key: key, body: body)
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
        do { try key.verify(contents.signature, of: contents.bodyBytes, context: .transaction) } catch {
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
    package var isFreeWithdrawal: Bool { contents.isFreeWithdrawal }

    private static func isFreeWithdrawal(_ body: WireTransactionBody) -> Bool {
        guard body.messages.count == 1, case .withdrawConsent = body.messages[0].kind else { return false }
        return body.fee == 0 && body.nonce == 0
    }
}

extension VerificationKey {
    /// The key of its wire form.
    package init(_ wire: WirePublicKey) throws(CryptographyError) {
        guard let type = UInt64(exactly: wire.type.rawValue) else { throw .malformedKey }
        try self.init(type: type, bytes: [UInt8](wire.key))
    }

    /// The key of a type's number in `WireKeyType`.
    init(type: UInt64, bytes: [UInt8]) throws(CryptographyError) {
        switch Int(exactly: type).flatMap(WireKeyType.init(rawValue:)) {
        case .ed25519:
            guard let key = Hash32(bytes) else { throw .malformedKey }
            self = .ed25519(key)
        case .p256:
            guard bytes.count == 33 else { throw .malformedKey }
            self = .p256(bytes)
        case .unspecified, .UNRECOGNIZED, nil: throw .malformedKey
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
