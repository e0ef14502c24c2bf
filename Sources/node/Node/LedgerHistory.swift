import ChainTypes
import Engine
import FoundationEssentials
import Ledger
import LightClient
import Simplex
import Storage
import WireTypes

extension LedgerApplication {
    /// What an engine needs to know to go on from the head, also on a chain that began with a snapshot.
    package func history() throws -> SimplexEngine.History {
        let head = head
        var base = BlockReference(hash: genesis.hash, height: 0)
        if head.plan.epoch > 0 {
            guard let last = try epochEnd(head.plan.epoch - 1), let header = try? LightVerifier.header(last) else {
                throw NodeError.damagedChain("the end of epoch \(head.plan.epoch - 1)")
            }
            base = BlockReference(hash: header.hash, height: header.height)
        }
        let bytes = head.height > base.height ? try store.certificate(head.height) : nil
        return SimplexEngine.History(base: base, certificate: try bytes.map { try QuorumCertificate(decoding: $0).wire })
    }
}
