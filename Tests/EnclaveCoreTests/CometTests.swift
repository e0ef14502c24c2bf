import AdversarySupport
import ChainTypes
import EnclaveCore
import EnclaveProtocol
import Foundation
import LightClient
import Primitives
import Testing
import WireTypes

@Suite struct `An enclave of a chain that a simulated CometBFT runs` {
    @Test func `believes its proof of consent, also after a restart`() throws {
        let small = try SmallScene(consensus: .cometbft)
        let grant = try small.grant()
        let request = try small.request(grant)
        let run = try small.scene.run([small.scene.evidence(request, grant)])[0]
        #expect(!run.hasFailure)
        let storage = MemoryVaultStorage(try small.storage.contents())
        small.scene.driver = .inProcess(try Enclave(platform: MemoryPlatform(), storage: storage, genesis: small.node.genesis))
        try small.scene.start()
        #expect(try small.scene.run([small.scene.evidence(request, grant)])[0] == run)
        let opening = try small.scene.open(request, run)
        #expect(try small.scene.read(run.sealedResult, opening.keyBox, job: request.id).subjects == 1)
    }

    @Test func `refuses what lacks a quorum, what was touched, and what our own engine certifies`() throws {
        let short = try BypassedNode(otherWeights: [5], consensus: .cometbft)
        let (node, other) = (try BypassedNode(otherWeights: [4], consensus: .cometbft), try BypassedNode())
        let good = try node.block()
        var (touched, simplex) = (good, good)
        touched.certificate[touched.certificate.count / 2] ^= 1
        simplex.certificate = try other.block().certificate
        let refused: [(Genesis, WireCertifiedHeader)] = [
            (short.genesis, try short.block()), (node.genesis, touched), (node.genesis, simplex),
        ]
        for (genesis, certified) in refused {
            let enclave = try Enclave(platform: MemoryPlatform(), storage: MemoryVaultStorage(), genesis: genesis)
            #expect(throws: Refusal.self) { try Self.show(certified, to: enclave) }
        }
        let enclave = try Enclave(platform: MemoryPlatform(), storage: MemoryVaultStorage(), genesis: node.genesis)
        #expect(throws: Never.self) { try Self.show(good, to: enclave) }
    }

    private static func show(_ certified: WireCertifiedHeader, to enclave: Enclave) throws {
        var command = WireImportHeadersCommand()
        command.headers = [certified]
        _ = try EnclaveDriver.inProcess(enclave).perform(.importHeaders(command))
    }
}
