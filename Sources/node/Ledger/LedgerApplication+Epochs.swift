import ChainTypes
import FoundationEssentials
import Modules
import Primitives
import Storage
import WireTypes

extension LedgerApplication {
    private static func name(ofEpoch epoch: UInt64) -> String { "epoch/\(epoch)" }

    /// Keeps the header that ends an epoch where light clients' guides find it at once.
    func noteEpochEnd(_ header: BlockHeader, certificate: QuorumCertificate, following: ValidatorSet) throws {
        let certified = Self.certified(header, certificate.bytes, following: following)
        try store.putMeta(Self.name(ofEpoch: header.epoch), certified.encoded())
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
            let following = epoch + 1 == head.plan.epoch ? head.plan.validators : try trust.validatorSet(epoch + 1)
        else { return nil }
        return Self.certified(header, certificate, following: following)
    }

    private func lastHeader(ofEpoch epoch: UInt64, below head: UInt64) throws -> BlockHeader? {
        let height = try Self.lastHeight(ofEpoch: epoch, below: head) { try header($0)?.epoch }
        guard let header = try header(height), header.epoch == epoch, header.lastOfEpoch else { return nil }
        return header
    }

    /// Heights and epochs rise together: the last height of the epoch, if it is there, is found by halving. A chain that began with a
    /// snapshot lacks the headers before.
    package static func lastHeight(
        ofEpoch epoch: UInt64, below head: UInt64, epochAt: (UInt64) throws -> UInt64?
    ) rethrows -> UInt64 {
        var (low, high) = (UInt64(1), head)
        while low < high {
            let middle = low + (high - low + 1) / 2
            if try epochAt(middle).map({ $0 <= epoch }) ?? true { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
