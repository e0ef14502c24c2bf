import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// What CometBFT's `app_hash` after block H says: the block's Jupiter header, and the state and receipts after it.
package enum CometCommitment {
    /// The `app_hash` of CometBFT's header H + 1 (docs/spec/light-client.md §6.2). For H = 0 the header is the genesis.
    package static func hash(header: Hash32, stateRoot: Hash32, receiptsRoot: Hash32) -> Hash32 {
        Digest.hash(.cometCommitment, opening(header: header, stateRoot: stateRoot, receiptsRoot: receiptsRoot))
    }

    /// The bytes that open it.
    package static func opening(header: Hash32, stateRoot: Hash32, receiptsRoot: Hash32) -> [UInt8] {
        header.bytes + stateRoot.bytes + receiptsRoot.bytes
    }
}

/// Judges the finality of headers on a chain that CometBFT runs.
package enum CometFinalityVerifier: FinalityVerifier {
    /// Returns if CometBFT's header H + 1, committed by the set of its height, commits to Jupiter header H.
    ///
    /// That set is the trusted one, unless H ends the epoch: then CometBFT's header H, committed by the trusted set, names the following
    /// set, which commits H + 1.
    package static func verify(
        _ certified: WireCertifiedHeader, header: BlockHeader, under trusted: TrustedState
    ) throws(LightClientError) {
        guard let proof = try? WireCometFinality(strictly: [UInt8](certified.certificate), limit: Limits.finality), proof.hasNext,
            let stateRoot = Hash32(proof.stateRoot), let receiptsRoot = Hash32(proof.receiptsRoot)
        else { throw .malformed }
        guard header.chainID == trusted.chainID else { throw .wrongChain }
        guard header.validatorsHash == trusted.validators.hash else { throw .wrongValidators }
        let next = try CometSignedHeader(proof.next)
        let commitment = CometCommitment.hash(header: header.hash, stateRoot: stateRoot, receiptsRoot: receiptsRoot)
        guard header.height < UInt64(Int64.max), next.header.wire.height == header.height + 1 else { throw .certificateMismatch }
        guard next.header.wire.appHash.elementsEqual(commitment.bytes) else { throw .wrongCommitment }
        var voters = CometValidators(trusted.validators)
        if header.lastOfEpoch {
            voters = try following(certified, proof, header: header, before: next, current: voters, chainID: trusted.chainID)
        } else if proof.hasClosing {
            throw .wrongNextValidators
        }
        try next.verify(chainID: trusted.chainID, validators: voters)
    }

    /// The set that follows the epoch, as the present one has committed to it.
    private static func following(
        _ certified: WireCertifiedHeader, _ proof: WireCometFinality, header: BlockHeader, before next: CometSignedHeader,
        current: CometValidators, chainID: String
    ) throws(LightClientError) -> CometValidators {
        guard proof.hasClosing, let set = try? ValidatorSet(decoding: [UInt8](certified.nextValidators)),
            set.hash == header.nextValidatorsHash
        else { throw .wrongNextValidators }
        let (closing, voters) = (try CometSignedHeader(proof.closing), CometValidators(set))
        guard closing.header.wire.height == header.height, next.header.wire.lastBlock.hash.elementsEqual(closing.header.hash.bytes) else {
            throw .certificateMismatch
        }
        guard closing.header.wire.nextValidatorsHash.elementsEqual(voters.hash.bytes) else { throw .wrongNextValidators }
        try closing.verify(chainID: chainID, validators: current)
        return voters
    }
}
