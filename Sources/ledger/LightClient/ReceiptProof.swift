import ChainTypes
import FoundationEssentials
import Primitives
import WireTypes

/// Checks a receipt without the chain: inclusion, header, certificate (docs/spec/light-client.md §5).
package enum ReceiptProof {
    /// The most epochs and ancestors that a proof walks.
    private static let maximumSteps = 100_000

    /// The receipt that `proof` proves, for a chain of which `trusted` is believed: the ends of the epochs since lead to the set that
    /// certifies the proof's header.
    ///
    /// Inside its epoch the header may be older or newer than the trusted one; only its certificate counts.
    package static func verify(_ proof: WireReceiptProof, trusted: TrustedState) throws(LightClientError) -> WireReceipt {
        guard proof.hasHeader, proof.epochs.count <= maximumSteps else { throw .malformed }
        let certified = try LightVerifier.header(proof.header)
        guard certified.chainID == trusted.chainID else { throw .wrongChain }
        var client = LightVerifier(trusted: trusted)
        for end in proof.epochs where try LightVerifier.header(end).epoch >= trusted.epoch { try client.accept(end) }
        guard certified.epoch == client.trusted.epoch else { throw .wrongEpoch }
        try LightVerifier.verify(proof.header, header: certified, under: client.trusted)
        return try inclusion(proof, below: certified).receipt
    }

    /// The receipt, and the header whose receipts root it is under: `certified`, which the caller has judged, or the ancestor of it at
    /// the start of the proof's path.
    package static func inclusion(
        _ proof: WireReceiptProof, below certified: BlockHeader
    ) throws(LightClientError) -> (receipt: WireReceipt, header: BlockHeader) {
        let bytes = [UInt8](proof.receipt)
        guard let receipt = try? WireReceipt(strictly: bytes, limit: Limits.stateValue) else { throw .malformed }
        let header = try first(proof.ancestry, below: certified)
        guard header.height - 1 == receipt.height else { throw .wrongReceipt }
        guard proof.siblings.count <= 64 else { throw .malformed }
        var siblings: [Hash32] = []
        for sibling in proof.siblings {
            guard let hash = Hash32(sibling) else { throw .malformed }
            siblings.append(hash)
        }
        let isIncluded = MerkleList.verify(
            MerkleList.leaf(bytes), index: Int(receipt.index), count: Int(proof.leafCount), siblings: siblings,
            root: header.receiptsRoot)
        guard isIncluded else { throw .wrongReceipt }
        return (receipt, header)
    }

    /// The first of `ancestry`, each the parent of the next and the last the parent of `certified`; `certified` when there are none.
    package static func first(_ ancestry: [Data], below certified: BlockHeader) throws(LightClientError) -> BlockHeader {
        guard ancestry.count <= LightVerifier.maximumAncestry else { throw .malformed }
        var header = certified
        for bytes in ancestry.reversed() {
            let parent: BlockHeader
            do { parent = try BlockHeader(decoding: [UInt8](bytes)) } catch { throw .malformed }
            guard parent.hash == header.parent, parent.height == header.height - 1 else { throw .notAncestor }
            header = parent
        }
        return header
    }
}
