import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Bytes that belong to a transaction but never enter a block: a 32-byte salt, then the content.
///
/// The block commits to their salted hash, so they can be pruned without breaking a header or a proof, and without the
/// hash of a short content being guessable.
package enum Sidecar {
    package static let saltBytes = 32

    /// `content` behind a fresh salt.
    package static func make(_ content: [UInt8], salt: [UInt8]) -> [UInt8] {
        precondition(salt.count == saltBytes, "a sidecar's salt has 32 bytes")
        return salt + content
    }

    /// What a transaction commits to.
    package static func commitment(_ sidecar: [UInt8]) -> Hash32 { Digest.hash(.sidecar, sidecar) }

    /// What is behind the salt; `nil` when there is not even a salt.
    package static func content(_ sidecar: [UInt8]) -> ArraySlice<UInt8>? {
        sidecar.count >= saltBytes ? sidecar[saltBytes...] : nil
    }
}

/// A transaction together with its sidecars: what clients submit and `Application` takes.
package struct SubmittedTransaction: Sendable {
    package let transaction: SignedTransaction
    package let sidecars: [[UInt8]]
    /// The salted hashes of `sidecars` (`Sidecar.commitment`).
    package let commitments: [Hash32]

    /// - Throws: `sidecarMismatch` unless the sidecars are exactly those the messages commit to, in order.
    package init(_ transaction: SignedTransaction, sidecars: [[UInt8]]) throws(TransactionError) {
        let commitments = transaction.body.messages.compactMap(\.sidecarCommitment)
        guard commitments.count == sidecars.count, sidecars.count <= Limits.sidecarsPerTransaction else { throw .sidecarMismatch }
        for (commitment, sidecar) in zip(commitments, sidecars) {
            guard sidecar.count <= Limits.sidecar, sidecar.count >= Sidecar.saltBytes, sidecar.count == Int(commitment.size),
                Sidecar.commitment(sidecar) == commitment.hash
            else { throw .sidecarMismatch }
        }
        (self.transaction, self.sidecars) = (transaction, sidecars)
        self.commitments = commitments.map(\.hash)
    }

    /// A transaction of a block that is final, with those of its sidecars that are still to be had, in the order of its messages.
    ///
    /// For final blocks only. There a sidecar may be missing for good: it was erased since, or its transaction failed and nobody kept it;
    /// the block is executed the same without it. A node that installs such blocks is complete when the state it ends with names no sidecar
    /// that it lacks. Nobody proposes, votes for, or passes on a transaction made so unless it `isComplete`.
    /// - Throws: `sidecarMismatch` when one of `available` is not what a message commits to, or out of order.
    package init(final transaction: SignedTransaction, available: [[UInt8]]) throws(TransactionError) {
        guard available.count <= Limits.sidecarsPerTransaction,
            available.allSatisfy({ (Sidecar.saltBytes...Limits.sidecar).contains($0.count) })
        else { throw .sidecarMismatch }
        let hashes = available.map(Sidecar.commitment)
        var next = 0
        for message in transaction.body.messages where next < available.count {
            guard let commitment = message.sidecarCommitment else { continue }
            if commitment.hash == hashes[next], Int(commitment.size) == available[next].count { next += 1 }
        }
        guard next == available.count else { throw .sidecarMismatch }
        (self.transaction, sidecars, commitments) = (transaction, available, hashes)
    }

    /// Whether every sidecar that the messages commit to is here: always, except in a final block (`init(final:available:)`).
    package var isComplete: Bool {
        sidecars.count == transaction.body.messages.count { $0.sidecarCommitment != nil }
    }

    /// The most bytes of the wire form, and a few of its framing.
    package static let maximumBytes = Limits.transaction + Limits.sidecarsPerTransaction * Limits.sidecar + 128

    /// Decodes the wire form.
    package init(decoding bytes: [UInt8]) throws(TransactionError) {
        let parts: (transaction: [UInt8], sidecars: [[UInt8]])
        do throws(WireError) {
            parts = try FieldReader.read(bytes, limit: Self.maximumBytes) { (fields) throws(WireError) in try Self.parts(&fields) }
        } catch { throw .malformed }
        try self.init(SignedTransaction(decoding: parts.transaction), sidecars: parts.sidecars)
    }

    /// What is in a `WireTransactionWithSidecars`.
    package static func parts(_ fields: inout FieldReader) throws(WireError) -> (transaction: [UInt8], sidecars: [[UInt8]]) {
        (
            try fields.bytes(1, limit: Limits.transaction),
            try fields.elements(2, count: Limits.sidecarsPerTransaction, limit: Limits.sidecar)
        )
    }

    package var encoded: [UInt8] {
        var writer = FieldWriter(capacity: encodedSize)
        write(to: &writer)
        return writer.bytes
    }

    /// Bytes of `encoded`.
    package var encodedSize: Int {
        FieldWriter.size(bytes: transaction.bytes.count) + sidecars.reduce(0) { $0 + FieldWriter.size(bytes: $1.count) }
    }

    /// Appends `encoded`.
    package func write(to writer: inout FieldWriter) {
        writer.bytes(1, transaction.bytes)
        writer.elements(2, sidecars)
    }
}

extension WireMessage {
    /// The sidecar that the message commits to: its salted hash and its size in bytes.
    package var sidecarCommitment: (hash: Hash32, size: UInt32)? {
        switch kind {
        case .putRecord(let message): Hash32(message.commitment).map { ($0, message.size) }
        case .publishProgram(let message): Hash32(message.commitment).map { ($0, message.size) }
        case .commitAssessment(let message): Hash32(message.commitment).map { ($0, message.size) }
        case .commitSubscription(let message): Hash32(message.commitment).map { ($0, message.size) }
        default: nil
        }
    }
}
