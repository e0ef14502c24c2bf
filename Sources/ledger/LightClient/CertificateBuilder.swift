import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Gathers the votes for one block into a certificate; engines of one and of many validators use the same.
package struct CertificateBuilder: Sendable {
    private var wire = WireCertificate()
    private let chainID: String
    private let validators: ValidatorSet
    /// Signatures by the signer's position in the set.
    private var votes: [Int: [UInt8]] = [:]

    /// The weight of the votes so far.
    package private(set) var weight: UInt64 = 0

    /// Votes of `kind` for `header`, cast in `view` by `validators`, the set of the header's epoch.
    package init(
        header: BlockHeader, view: UInt64, kind: WireVoteKind = .finalise, validators: ValidatorSet, profile: WireQuorumProfile
    ) {
        wire.epoch = header.epoch
        wire.view = view
        wire.height = header.height
        wire.block = .init(header.hash.bytes)
        wire.profile = profile
        wire.kind = kind
        chainID = header.chainID
        self.validators = validators
    }

    /// What every vote signs, in `Context.vote`.
    package var statement: [UInt8] { QuorumCertificate.statement(wire, chainID: chainID) }

    /// Adds the vote of the member with `key`; the same vote again changes nothing.
    /// - Throws: `unknownValidator` or `badSignature`.
    package mutating func add(_ signature: [UInt8], by key: Hash32) throws(LightClientError) {
        guard let position = validators.members.firstIndex(where: { $0.key == key }) else { throw .unknownValidator }
        do { try VerificationKey.ed25519(key).verify(signature, of: statement, context: .vote) } catch { throw .badSignature }
        guard votes.updateValue(signature, forKey: position) == nil else { return }
        weight += validators.members[position].votingWeight
    }

    /// Signs with `key` and adds that vote.
    package mutating func sign(with key: SigningKey) throws {
        guard case .ed25519(let member) = key.verificationKey else { throw LightClientError.unknownValidator }
        try add(key.sign(statement, context: .vote), by: member)
    }

    /// Whether the votes are a quorum.
    package var isComplete: Bool { Quorum.isReached(weight: weight, total: validators.totalWeight, profile: wire.profile) }

    /// The certificate of the votes so far, quorum or not.
    package func certificate() throws(BlockError) -> QuorumCertificate {
        var wire = wire
        var bitmap = [UInt8](repeating: 0, count: (validators.members.count + 7) / 8)
        for (position, signature) in votes.sorted(by: { $0.key < $1.key }) {
            bitmap[position / 8] |= 1 << UInt8(position % 8)
            wire.signatures.append(.init(signature))
        }
        wire.signers = .init(bitmap)
        return try QuorumCertificate(wire)
    }
}
