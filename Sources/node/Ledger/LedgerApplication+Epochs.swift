import ChainTypes
import FoundationEssentials
import Modules
import Storage
import WireTypes

extension LedgerApplication {
    /// The name of the store's value that holds the end of an epoch.
    package static func name(ofEpoch epoch: UInt64) -> String { "epoch/\(epoch)" }

    /// The certified last header of an epoch that is over, with the set that follows: the way for others from the genesis to now.
    ///
    /// It is committed with its block, or comes with a snapshot, or once its proof is known (`keepFinality`), and stays for good: blocks,
    /// states and sets are pruned.
    package func epochEnd(_ epoch: UInt64) throws -> WireCertifiedHeader? {
        guard let bytes = try store.getMeta(Self.name(ofEpoch: epoch)) else { return nil }
        return try WireCertifiedHeader(strictly: bytes, limit: bytes.count)
    }

    /// The header at `height` as a light client takes it; `nil` when it has no certificate of its own, or is not here.
    package func certifiedHeader(_ height: UInt64) throws -> WireCertifiedHeader? {
        guard let header = try header(height) else { return nil }
        if header.lastOfEpoch { return try epochEnd(header.epoch) }
        return try store.certificate(height).map { Self.certified(header, $0) }
    }

    /// What the store keeps of the block that ends an epoch, beside the block.
    static func epochEnd(
        _ header: BlockHeader, certificate: QuorumCertificate?, following: ValidatorSet
    ) -> [(name: String, value: [UInt8])] {
        guard header.lastOfEpoch, let certificate else { return [] }
        return [(name(ofEpoch: header.epoch), end(header, certificate.bytes, following: following))]
    }

    private static func end(_ header: BlockHeader, _ certificate: [UInt8], following: ValidatorSet) -> [UInt8] {
        var end = certified(header, certificate)
        end.nextValidators = .init(following.bytes)
        return end.encoded()
    }

    /// Keeps what makes a committed block final, where that comes after the block; whoever has it has judged it.
    /// - Throws: `LedgerError.unknownHeight` for a header that is not this chain's.
    package func keepFinality(_ proof: [UInt8], of header: BlockHeader) throws {
        guard try self.header(header.height)?.hash == header.hash else { throw LedgerError.unknownHeight }
        // The certificate comes last: while it is missing, all of this is done again.
        if header.lastOfEpoch, let following = try validators(ofEpoch: header.epoch + 1) {
            try store.putMeta(Self.name(ofEpoch: header.epoch), Self.end(header, proof, following: following))
        }
        try store.putCertificate(height: header.height, proof)
    }

    /// Who votes in the present epoch, or in a past one that is not older than evidence counts.
    package func validators(ofEpoch epoch: UInt64) throws -> ValidatorSet? {
        let plan = head.plan
        return epoch == plan.epoch ? plan.validators : try trust.validatorSet(epoch)
    }

    private static func certified(_ header: BlockHeader, _ certificate: [UInt8]) -> WireCertifiedHeader {
        var certified = WireCertifiedHeader()
        (certified.header, certified.certificate) = (.init(header.bytes), .init(certificate))
        return certified
    }
}
