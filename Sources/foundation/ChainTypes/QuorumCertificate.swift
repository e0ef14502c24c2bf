import Cryptography
import Primitives
import WireTypes

/// Votes of a quorum for one block, as every engine writes them. `LightVerifier` judges them.
package struct QuorumCertificate: Sendable, Equatable {
    package let wire: WireCertificate
    package let block: Hash32

    package init(decoding bytes: [UInt8]) throws(BlockError) {
        guard let wire = try? WireCertificate(strictly: bytes, limit: Limits.certificate) else { throw .malformed }
        try self.init(wire)
    }

    package init(_ wire: WireCertificate) throws(BlockError) {
        guard let block = Hash32(wire.block), wire.signers.count <= (Limits.validators + 7) / 8,
            wire.signatures.count <= Limits.validators
        else { throw .malformed }
        self.wire = wire
        self.block = block
    }

    package var bytes: [UInt8] { wire.encoded() }

    /// What each signer signed: the statement binds chain, epoch, view, height, block, profile and kind.
    package static func statement(_ certificate: WireCertificate, chainID: String) -> [UInt8] {
        var statement = WireVoteStatement()
        statement.chainID = chainID
        statement.epoch = certificate.epoch
        statement.view = certificate.view
        statement.height = certificate.height
        statement.block = certificate.block
        statement.profile = certificate.profile
        statement.kind = certificate.kind
        return statement.encoded()
    }
}
