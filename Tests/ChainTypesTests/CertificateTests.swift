import ChainTypes
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `Quorum certificates` {
    @Test func `A certificate decodes to itself`() throws {
        let certificate = try QuorumCertificate(Samples.certificate)
        #expect(try QuorumCertificate(decoding: certificate.bytes) == certificate)
        #expect(certificate.block == Samples.hash(0x77))
    }

    @Test func `A block hash of another size, too many signers and a second encoding are refused`() throws {
        var wire = Samples.certificate
        wire.block = Samples.data(1, 31)
        #expect(throws: BlockError.malformed) { try QuorumCertificate(wire) }
        wire = Samples.certificate
        wire.signers = Samples.data(1, (Limits.validators + 7) / 8 + 1)
        #expect(throws: BlockError.malformed) { try QuorumCertificate(wire) }
        wire = Samples.certificate
        wire.signatures = Array(repeating: Data([1]), count: Limits.validators + 1)
        #expect(throws: BlockError.malformed) { try QuorumCertificate(wire) }
        #expect(throws: BlockError.malformed) { try QuorumCertificate(decoding: Samples.certificate.encoded() + [0x48, 1]) }
        #expect(throws: BlockError.malformed) { try QuorumCertificate(decoding: [UInt8](repeating: 0, count: Limits.certificate + 1)) }
    }

    @Test func `The statement binds chain, epoch, view, height, block, profile and kind, and not the signers`() throws {
        let base = QuorumCertificate.statement(Samples.certificate, chainID: Samples.chainID)
        let changes: [(inout WireCertificate) -> Void] = [
            { $0.epoch += 1 }, { $0.view += 1 }, { $0.height += 1 }, { $0.block = Samples.data(1) }, { $0.profile = .crash },
            { $0.kind = .notarise },
        ]
        var statements = [base, QuorumCertificate.statement(Samples.certificate, chainID: "jupiter-other")]
        for change in changes {
            var certificate = Samples.certificate
            change(&certificate)
            statements.append(QuorumCertificate.statement(certificate, chainID: Samples.chainID))
        }
        #expect(Set(statements).count == 8)
        var others = Samples.certificate
        (others.signers, others.signatures) = (Data(), [])
        #expect(QuorumCertificate.statement(others, chainID: Samples.chainID) == base)
    }
}
