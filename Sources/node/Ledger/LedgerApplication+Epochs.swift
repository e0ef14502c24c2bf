import ChainTypes
import FoundationEssentials
import Modules
import Primitives
import Storage
import WireTypes

extension LedgerApplication {
    private static func name(ofEpoch epoch: UInt64) -> String { "epoch/\(epoch)" }

    /// Keeps the header that ends an epoch where light clients' guides find it at once.
    func noteEpochEnd(_ header: BlockHeader, certificate: [UInt8], following: ValidatorSet) throws {
        let certified = Self.certified(header, certificate, following: following)
        try store.putMeta(Self.name(ofEpoch: header.epoch), certified.encoded())
    }

    /// Keeps what makes a committed block final, where that comes after the block; whoever has it has judged it.
    /// - Throws: `LedgerError.unknownHeight` for a header that is not this chain's.
    package func keepFinality(_ proof: [UInt8], of header: BlockHeader) throws {
        guard try self.header(header.height)?.hash == header.hash else { throw LedgerError.unknownHeight }
        try store.putCertificate(height: header.height, proof)
        guard header.lastOfEpoch, let following = try validators(ofEpoch: header.epoch + 1) else { return }
        try noteEpochEnd(header, certificate: proof, following: following)
    }

    /// Who votes in the present epoch, or in a past one that is not older than evidence counts.
    package func validators(ofEpoch epoch: UInt64) throws -> ValidatorSet? {
        let plan = head.plan
        return epoch == plan.epoch ? plan.validators : try trust.validatorSet(epoch)
    }

    private static func certified(_ header: BlockHeader, _ certificate: [UInt8], following: ValidatorSet) -> WireCertifiedHeader {
        var certified = WireCertifiedHeader()
        certified.header = .init(header.bytes)
        certified.certificate = .init(certificate)
        certified.nextValidators = .init(following.bytes)
        return certified
    }

    /// The certified last header of an epoch that is over, with the set that follows; `nil` for one that is not.
    package func epochEnd(_ epoch: UInt64) throws -> WireCertifiedHeader? {
        let head = head
        guard epoch < head.plan.epoch else { return nil }
        if let bytes = try store.getMeta(Self.name(ofEpoch: epoch)) {
            return try WireCertifiedHeader(strictly: bytes, limit: bytes.count)
        }
        // A crash came between the block and the note.
        guard let header = try lastHeader(ofEpoch: epoch, below: head.height), let certificate = try store.certificate(header.height),
            let following = try validators(ofEpoch: epoch + 1)
        else { return nil }
        return Self.certified(header, certificate, following: following)
    }

    /// Heights and epochs rise together: the last height of the epoch is found by halving.
    private func lastHeader(ofEpoch epoch: UInt64, below head: UInt64) throws -> BlockHeader? {
        var (low, high) = (UInt64(1), head)
        while low < high {
            let middle = (low + high + 1) / 2
            guard let header = try header(middle) else { return nil }
            if header.epoch <= epoch { low = middle } else { high = middle - 1 }
        }
        guard let header = try header(low), header.epoch == epoch, header.lastOfEpoch else { return nil }
        return header
    }
}
