import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// A CometBFT header with a commit of its block.
package struct CometSignedHeader: Sendable, Equatable {
    package let header: CometHeader
    private let wire: WireCometSignedHeader

    /// - Throws: `malformed`. Votes are judged by `verify`.
    package init(_ wire: WireCometSignedHeader) throws(LightClientError) {
        guard wire.round <= UInt32(Int32.max), wire.partsHash.isEmpty || wire.partsHash.count == 32,
            wire.signers.count <= (Limits.validators + 7) / 8, wire.votes.count <= Limits.validators
        else { throw .malformed }
        header = try CometHeader(wire.header)
        self.wire = wire
    }

    /// Returns if `validators` committed the header: precommits for its block, which verify, weigh more than two thirds.
    ///
    /// CometBFT verifies by ZIP-215, which admits signatures that libsodium refuses. So a vote that does not verify here counts as
    /// absent; it never makes the commit fail.
    package func verify(chainID: String, validators: CometValidators) throws(LightClientError) {
        guard header.wire.chainID == chainID else { throw .wrongChain }
        guard header.wire.validatorsHash.elementsEqual(validators.hash.bytes) else { throw .wrongValidators }
        let signers = try SignerBitmap.positions(
            [UInt8](wire.signers), count: validators.members.count, signatures: wire.votes.count)
        // Before any signature is verified, which costs most.
        guard isQuorum(signers.reduce(0) { $0 + validators.members[$1].power }, validators) else { throw .noQuorum }
        var power: UInt64 = 0
        for (signer, vote) in zip(signers, wire.votes) where isValid(vote, by: validators.members[signer].key) {
            power += validators.members[signer].power
            if isQuorum(power, validators) { return }
        }
        throw .noQuorum
    }

    private func isQuorum(_ power: UInt64, _ validators: CometValidators) -> Bool {
        Quorum.isReached(weight: power, total: validators.totalPower, profile: .byzantine)
    }

    private func isValid(_ vote: WireCometVote, by key: Hash32) -> Bool {
        guard vote.time.isWellFormed else { return false }
        return (try? VerificationKey.ed25519(key).verifyBare([UInt8](vote.signature), of: Self.statement(wire, header, vote.time))) != nil
    }

    /// What a precommit for the block of `header` signs at `time`: CometBFT's canonical vote after its length.
    static func statement(_ wire: WireCometSignedHeader, _ header: CometHeader, _ time: WireCometTime) -> [UInt8] {
        var block = WireCometBlockID()
        (block.hash, block.partsTotal, block.partsHash) = (Data(header.hash.bytes), wire.partsTotal, wire.partsHash)
        var vote = CometEncoder()
        vote.number(1, 2)
        vote.fixed(2, header.wire.height)
        vote.fixed(3, UInt64(wire.round))
        vote.message(4, CometHeader.blockID(block))
        vote.message(5, time.cometBytes)
        vote.content(6, Array(header.wire.chainID.utf8))
        return CometEncoder.delimited(vote.bytes)
    }
}
