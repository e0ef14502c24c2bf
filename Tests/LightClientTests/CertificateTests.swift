import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import Testing
import WireTypes

@Suite struct `Certificates` {
    @Test func `need strictly more than the quorum`() {
        #expect(!Quorum.isReached(weight: 2, total: 3, profile: .byzantine))
        #expect(Quorum.isReached(weight: 3, total: 4, profile: .byzantine))
        #expect(!Quorum.isReached(weight: 20, total: 30, profile: .byzantine))
        #expect(Quorum.isReached(weight: 21, total: 30, profile: .byzantine))
        #expect(!Quorum.isReached(weight: 1, total: 2, profile: .crash))
        #expect(Quorum.isReached(weight: 2, total: 3, profile: .crash))
        #expect(!Quorum.isReached(weight: 3, total: 3, profile: .unspecified))
        let most: UInt64 = 1000 << 50
        #expect(Quorum.isReached(weight: most, total: most, profile: .byzantine))
    }

    @Test func `of sets of 1 to 20 validators with random weights hold exactly with a quorum`() throws {
        let seed: UInt64 = 0x11C
        var generator = SeededGenerator(seed: seed)
        for count in 1...20 {
            var weights = (0..<count).map { _ in generator.next() % 50 }
            weights[0] += 1
            for profile in [WireQuorumProfile.byzantine, .crash] {
                let chain = try TestChain(weights: weights, profile: profile, seed: generator.next())
                let header = try chain.header()
                for _ in 0..<4 {
                    let signers = (0..<count).filter { _ in generator.next() % 4 != 0 }
                    let weight = signers.reduce(0) { $0 + weights[$1] }
                    var client = LightVerifier(genesis: chain.genesis)
                    let certified = try chain.certify(header, signers: signers)
                    let isAccepted = (try? client.accept(certified)) != nil
                    let expected = Quorum.isReached(weight: weight, total: weights.reduce(0, +), profile: profile)
                    #expect(isAccepted == expected, "seed \(seed) count \(count) signers \(signers) weights \(weights)")
                    #expect(client.trusted.height == (expected ? 1 : 0))
                }
            }
        }
    }

    @Test func `do not count validators without weight`() throws {
        let chain = try TestChain(weights: [3, 1, 0, 0, 0])
        let header = try chain.header()
        var client = LightVerifier(genesis: chain.genesis)
        #expect(throws: LightClientError.noQuorum) { try client.accept(chain.certify(header, signers: [1, 2, 3, 4])) }
        #expect(throws: Never.self) { try client.accept(chain.certify(header, signers: [0, 2, 4])) }
    }

    /// Each change of a good certificate, and what it must give.
    static let changes: [(LightClientError, @Sendable (inout WireCertificate) -> Void)] = [
        (.notFinalised, { $0.kind = .notarise }), (.notFinalised, { $0.kind = .unspecified }), (.wrongProfile, { $0.profile = .crash }),
        (.certificateMismatch, { $0.height += 1 }), (.certificateMismatch, { $0.epoch += 1 }),
        (.certificateMismatch, { $0.block = Data(repeating: 1, count: 32) }), (.malformed, { $0.block = Data() }),
        (.badSignature, { $0.view += 1 }), (.malformedSigners, { $0.signers.append(0) }), (.malformedSigners, { $0.signers = Data() }),
        (.malformedSigners, { $0.signers[0] |= 0x80 }), (.malformedSigners, { $0.signatures.append($0.signatures[0]) }),
        (.malformedSigners, { $0.signatures.removeLast() }), (.malformedSigners, { $0.signers[0] = 0x0F }),
        (.badSignature, { $0.signatures.swapAt(0, 1) }), (.badSignature, { $0.signatures[1] = $0.signatures[0] }),
        (.badSignature, { $0.signatures[2][5] ^= 1 }), (.badSignature, { $0.signatures[2] = Data(count: 64) }),
        (.badSignature, { $0.signatures[2].append(0) }),
    ]

    @Test func `are refused with any part changed`() throws {
        let chain = try TestChain(weights: [1, 1, 1, 1, 1])
        let header = try chain.header()
        for (index, (expected, change)) in Self.changes.enumerated() {
            var client = LightVerifier(genesis: chain.genesis)
            #expect(throws: expected, "change \(index)") { try client.accept(chain.certify(header, change)) }
            #expect(client == LightVerifier(genesis: chain.genesis))
        }
    }

    @Test func `take no vote of another chain, of a stranger, or for another view`() throws {
        let chain = try TestChain(weights: [1, 1, 1])
        let header = try chain.header()
        var builder = CertificateBuilder(header: header, view: 3, validators: chain.set, profile: .byzantine)
        #expect(throws: LightClientError.unknownValidator) { try builder.sign(with: chain.keys[5]) }
        let other = CertificateBuilder(header: header, view: 4, validators: chain.set, profile: .byzantine)
        let vote = try chain.keys[0].sign(other.statement, context: .vote)
        let key = try #require(Hash32(chain.keys[0].verificationKey.bytes))
        #expect(throws: LightClientError.badSignature) { try builder.add(vote, by: key) }
        try builder.sign(with: chain.keys[0])
        try builder.sign(with: chain.keys[0])
        #expect(builder.weight == 1)
        #expect(!builder.isComplete)
        try builder.sign(with: chain.keys[1])
        #expect(!builder.isComplete, "exactly two thirds")
        try builder.sign(with: chain.keys[2])
        #expect(builder.isComplete)
    }
}
