import ChainTypes
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Puts together what makes a header of a chain that CometBFT runs final, from CometBFT's own signed headers; pure.
package struct CometFinalityBuilder: Sendable {
    /// The header that is to be proven.
    package let header: BlockHeader
    /// The one after it: it holds the roots that CometBFT's header commits to.
    package let child: BlockHeader
    /// Who votes in the header's epoch.
    package let voters: ValidatorSet
    /// Who votes afterwards, when the header ends its epoch.
    package let following: ValidatorSet?
    package let rules: FinalityRules

    package init(header: BlockHeader, child: BlockHeader, voters: ValidatorSet, following: ValidatorSet?, rules: FinalityRules) {
        (self.header, self.child, self.voters, self.following, self.rules) = (header, child, voters, following, rules)
    }

    /// The heights of the signed headers that `certified` needs: the next one, and the header's own at the end of an epoch.
    package var heights: (next: UInt64, closing: UInt64?) { (header.height + 1, following == nil ? nil : header.height) }

    /// The header with its proof, which a light client that knows the set has accepted.
    /// - Throws: what that client has against it.
    package func certified(next: CometCommit, closing: CometCommit?) throws(LightClientError) -> WireCertifiedHeader {
        let present = CometValidators(voters)
        var proof = WireCometFinality()
        proof.next = try next.signedHeader(by: following.map { CometValidators($0) } ?? present)
        if let closing { proof.closing = try closing.signedHeader(by: present) }
        (proof.stateRoot, proof.receiptsRoot) = (.init(child.stateRoot.bytes), .init(child.receiptsRoot.bytes))
        var certified = WireCertifiedHeader()
        certified.header = .init(header.bytes)
        certified.certificate = .init(proof.encoded())
        if let following { certified.nextValidators = .init(following.bytes) }
        let trusted = TrustedState(
            chainID: header.chainID, rules: rules, height: header.height - 1, headerHash: header.parent, time: 0, stateRoot: .zero,
            epoch: header.epoch, validators: voters)
        var client = LightVerifier(trusted: trusted)
        try client.accept(certified)
        return certified
    }
}
