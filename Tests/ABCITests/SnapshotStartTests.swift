import AuthenticatedState
import ChainTypes
import Ledger
import LedgerSupport
import LightClient
import Node
import Primitives
import Testing
import WireTypes

@Suite struct `ABCI snapshot starts` {
    /// The ends of the first epochs of a chain of our own engine: how they are proven is the light client's matter.
    private func ends(_ count: Int) throws -> (genesis: Genesis, ends: [[UInt8]]) {
        var scene = try TrustChain(weights: [1, 1, 1])
        var ends: [[UInt8]] = []
        while ends.count < count {
            let plan = scene.plan
            try scene.block()
            guard let header = scene.chain.lastHeader, header.lastOfEpoch else { continue }
            var builder = CertificateBuilder(
                header: header, view: header.view, validators: plan.validators, profile: scene.chain.genesis.wire.profile)
            for validator in scene.validators where !builder.isComplete { try builder.sign(with: validator.key) }
            var end = WireCertifiedHeader()
            end.header = .init(header.bytes)
            end.certificate = .init(try builder.certificate().bytes)
            end.nextValidators = .init(plan.following?.bytes ?? [])
            ends.append(end.encoded())
        }
        return (scene.chain.genesis, ends)
    }

    @Test func `the way from the genesis is followed before it is taken`() throws {
        let (genesis, ends) = try ends(3)
        let block = SnapshotBlock(block: [], receipts: [])
        func verify(_ ends: [[UInt8]]) throws { try SnapshotStart(block: block, ends: ends).verify(genesis) }
        #expect(throws: Never.self) { try verify(ends) }
        #expect(throws: Never.self) { try verify(Array(ends.prefix(1))) }
        #expect(throws: Never.self) { try verify([]) }
        #expect(throws: SnapshotError.wrongBlock) { try verify([ends[1]]) }
        #expect(throws: SnapshotError.wrongBlock) { try verify([ends[0], ends[2]]) }
        #expect(throws: SnapshotError.wrongBlock) { try verify(ends + [[]]) }
        for position in stride(from: 0, to: ends[1].count, by: 7) {
            var forged = ends
            forged[1][position] ^= 1
            #expect(throws: SnapshotError.wrongBlock, "byte \(position)") { try verify(forged) }
        }
    }
}
