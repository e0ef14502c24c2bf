import ChainTypes
import FoundationEssentials
import Storage
import WireTypes

extension LedgerApplication {
    /// The name of the store's value that holds the end of an epoch.
    package static func name(ofEpoch epoch: UInt64) -> String { "epoch/\(epoch)" }

    /// The certified last header of an epoch that is over, with the set that follows: the way for others from the genesis to now.
    ///
    /// It is committed with its block, or comes with a snapshot, and stays for good: blocks, states and sets are pruned.
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
        var end = certified(header, certificate.bytes)
        end.nextValidators = .init(following.bytes)
        return [(name(ofEpoch: header.epoch), end.encoded())]
    }

    private static func certified(_ header: BlockHeader, _ certificate: [UInt8]) -> WireCertifiedHeader {
        var certified = WireCertifiedHeader()
        (certified.header, certified.certificate) = (.init(header.bytes), .init(certificate))
        return certified
    }
}
