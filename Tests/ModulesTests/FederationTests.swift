import ChainTypes
import Cryptography
import FoundationEssentials
import LedgerSupport
import LightClient
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `Checkpoints on mainnet` {
    /// A locality of one validator that certifies headers without executing anything.
    struct Locality {
        let chain: MemoryChain

        init(_ chainID: String, seed: UInt64) throws { chain = try MemoryChain(chainID: chainID, seed: seed) }

        func registration() -> WireMessage {
            var message = WireRegisterLocality()
            message.genesis = .init(chain.genesis.bytes)
            return WireMessage(.registerLocality(message))
        }

        func checkpoint(height: UInt64, signedBy key: SigningKey? = nil) throws -> WireMessage {
            var wire = WireHeader()
            wire.version = BlockHeader.version
            wire.chainID = chain.genesis.chainID
            wire.height = height
            wire.view = height
            wire.parent = .init(height == 1 ? chain.genesis.hash.bytes : Hash32(height, 0, 0, 0).bytes)
            wire.proposer = .init(chain.validatorKey.verificationKey.bytes)
            wire.time = chain.genesis.wire.time + height
            for path in [\WireHeader.transactionsRoot, \.evidenceRoot, \.stateRoot, \.receiptsRoot] {
                wire[keyPath: path] = .init(Hash32(height, 1, 1, 1).bytes)
            }
            wire.validatorsHash = .init(chain.genesis.validators.hash.bytes)
            wire.nextValidatorsHash = wire.validatorsHash
            wire.applicationVersion = 1
            let header = try BlockHeader(encoding: wire)
            var certified = WireCertifiedHeader()
            certified.header = .init(header.bytes)
            certified.certificate = .init(try certificate(header, key ?? chain.validatorKey).bytes)
            var message = WireSubmitCheckpoint()
            message.chainID = chain.genesis.chainID
            message.certifiedHeader = .init(certified.encoded())
            return WireMessage(.submitCheckpoint(message))
        }

        private func certificate(_ header: BlockHeader, _ key: SigningKey) throws -> QuorumCertificate {
            var certificate = WireCertificate()
            certificate.height = header.height
            certificate.view = header.height
            certificate.block = .init(header.hash.bytes)
            certificate.profile = .byzantine
            certificate.kind = .finalise
            certificate.signers = .init([1])
            let statement = QuorumCertificate.statement(certificate, chainID: header.chainID)
            certificate.signatures = [.init(try key.sign(statement, context: .vote))]
            return try QuorumCertificate(certificate)
        }
    }

    @Test func `a certified header becomes the locality's checkpoint, forward only`() throws {
        let locality = try Locality("jupiter-sg", seed: 5)
        var mainnet = try MemoryChain(chainID: "jupiter-main", seed: 6)
        #expect(try mainnet.submit(locality.registration(), by: mainnet.operatorKey) == 0)
        #expect(try mainnet.submit(locality.registration(), by: mainnet.operatorKey) == Refusal.federationExists.code)
        #expect(try mainnet.submit(locality.checkpoint(height: 10), by: mainnet.operatorKey) == 0)
        let stored: WireLocality? = try mainnet.message(StateKey.locality("jupiter-sg"))
        #expect(stored?.height == 10)
        #expect(stored?.checkpoints == 1)
        let stale = Refusal.federationStaleCheckpoint.code
        #expect(try mainnet.submit(locality.checkpoint(height: 10), by: mainnet.operatorKey) == stale)
        #expect(try mainnet.submit(locality.checkpoint(height: 9), by: mainnet.operatorKey) == stale)
        #expect(try mainnet.submit(locality.checkpoint(height: 11_000), by: mainnet.operatorKey) == 0)
    }

    @Test func `a header that the locality's validators did not certify is refused`() throws {
        let locality = try Locality("jupiter-sg", seed: 5)
        var mainnet = try MemoryChain(chainID: "jupiter-main", seed: 6)
        let unknown = Refusal.federationUnknownLocality.code
        #expect(try mainnet.submit(locality.checkpoint(height: 3), by: mainnet.operatorKey) == unknown)
        #expect(try mainnet.submit(locality.registration(), by: mainnet.operatorKey) == 0)
        let forged = try locality.checkpoint(height: 3, signedBy: SigningKey.ed25519())
        #expect(try mainnet.submit(forged, by: mainnet.operatorKey) == Refusal.federationBadCheckpoint.code)
        let stranger = try MemoryChain(seed: 77).operatorKey
        var funded = try MemoryChain(chainID: "jupiter-main", funded: [stranger.address], seed: 6)
        #expect(try funded.submit(locality.registration(), by: stranger) == Refusal.federationNotOperator.code)
    }
}
