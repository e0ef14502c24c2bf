import ChainTypes
import FoundationEssentials
import Primitives
import WireTypes

/// Checks a receipt without the chain: inclusion, header, certificate (docs/spec/light-client.md §5).
package enum ReceiptProof {
    /// The receipt that `proof` proves, for a chain whose validators of the header's epoch `trusted` knows.
    ///
    /// The header may be older or newer than the trusted one; only its certificate and its epoch count.
    package static func verify(_ proof: WireReceiptProof, trusted: TrustedState) throws(LightClientError) -> WireReceipt {
        let bytes = [UInt8](proof.receipt)
        guard let receipt = try? WireReceipt(strictly: bytes, limit: Limits.stateValue), proof.hasHeader else { throw .malformed }
        let header = try LightVerifier.header(proof.header)
        guard header.chainID == trusted.chainID else { throw .wrongChain }
        guard header.epoch == trusted.epoch else { throw .wrongEpoch }
        guard header.height - 1 == receipt.height else { throw .wrongReceipt }
        try LightVerifier.verify(proof.header, header: header, under: trusted)
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
        return receipt
    }
}
