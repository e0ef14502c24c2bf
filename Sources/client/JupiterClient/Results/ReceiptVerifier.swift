import ChainTypes
import LightClient
import Primitives
import WireTypes

/// A receipt checked without any node: that it is under its header, and that the chain's validators certified that header.
package enum ReceiptVerifier {
    package struct Verified: Sendable {
        package let receipt: WireReceipt
        package let chainID: String
        package let header: BlockHeader
    }

    /// - Parameters:
    ///   - bytes: the file that `jupiter receipt get` wrote.
    ///   - genesis: the chain's genesis, from a source the verifier trusts.
    package static func verify(_ bytes: [UInt8], genesis: Genesis) throws -> Verified {
        guard let proof = try? WireReceiptProof(strictly: bytes, limit: Limits.receiptProof) else {
            throw ClientError.proofInvalid("the file is not a receipt's proof")
        }
        let receipt = try ReceiptProof.verify(proof, trusted: TrustedState(genesis: genesis))
        return Verified(receipt: receipt, chainID: genesis.chainID, header: try LightVerifier.header(proof.header))
    }
}
