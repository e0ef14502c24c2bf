import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import Testing
import WireTypes

@Suite struct `A light client` {
    @Test func `leaps inside an epoch and repeats without harm`() throws {
        var chain = try TestChain(weights: [1, 1, 1])
        var client = LightVerifier(genesis: chain.genesis)
        let headers = try (0..<5).map { _ in try chain.extend() }
        try client.accept(headers[1])
        try client.accept(headers[1])
        try client.accept(headers[4])
        #expect(client.trusted.height == 5)
        #expect(throws: LightClientError.notHigher) { try client.accept(headers[2]) }
    }

    @Test func `never skips an epoch`() throws {
        var chain = try TestChain(weights: [1, 1, 1])
        let second = try TestChain.set(chain.keys, [0, 5, 5, 5])
        let third = try TestChain.set(Array(chain.keys.reversed()), [1])
        var client = LightVerifier(genesis: chain.genesis)
        let first = try chain.extend()
        let last = try chain.extend(next: second)
        #expect(chain.set == second)
        let inSecond = try chain.extend()
        try client.accept(first)
        #expect(throws: LightClientError.wrongEpoch) { try client.accept(inSecond) }
        try client.accept(last)
        #expect(client.trusted.epoch == 1)
        #expect(client.trusted.validators == second)
        try client.accept(inSecond)
        let lastOfSecond = try chain.certify(try chain.header(next: third), next: third)
        try client.accept(lastOfSecond)
        #expect(client.trusted.epoch == 2)
        #expect(client.trusted.validators == third)
    }

    @Test func `refuses what does not follow`() throws {
        var chain = try TestChain(weights: [1, 1, 1])
        var client = LightVerifier(genesis: chain.genesis)
        try client.accept(try chain.extend())
        let trusted = client
        func refusal(_ adjust: (inout WireHeader) -> Void) throws -> LightClientError? {
            let certified = try chain.certify(try chain.header(adjust))
            do throws(LightClientError) { try client.accept(certified) } catch { return error }
            return nil
        }
        #expect(try refusal { $0.chainID = "jupiter-other" } == .wrongChain)
        #expect(try refusal { $0.parent = Data(repeating: 1, count: 32) } == .conflicting)
        #expect(try refusal { $0.time = 1_010 } == .wrongTime)
        #expect(try refusal { $0.epoch = 1 } == .wrongEpoch)
        #expect(try refusal { $0.height = 1 } == .conflicting)
        let other = Data(repeating: 1, count: 32)
        #expect(
            try refusal {
                $0.validatorsHash = other
                $0.nextValidatorsHash = other
            } == .wrongValidators)
        #expect(client == trusted)
        #expect(try refusal { _ in } == nil)
    }

    @Test func `takes the next set only with an epoch's last header, and only the one it commits to`() throws {
        let chain = try TestChain(weights: [1, 1, 1])
        let next = try TestChain.set(chain.keys, [2, 2])
        let another = try TestChain.set(chain.keys, [2, 3])
        var client = LightVerifier(genesis: chain.genesis)
        for set in [nil, another] {
            let certified = try chain.certify(try chain.header(next: next), next: set)
            #expect(throws: LightClientError.wrongNextValidators) { try client.accept(certified) }
        }
        #expect(throws: LightClientError.wrongNextValidators) { try client.accept(try chain.certify(try chain.header(), next: chain.set)) }
        #expect(client == LightVerifier(genesis: chain.genesis))
    }

    @Test func `holds to the profile of its genesis`() throws {
        var chain = try TestChain(weights: [1, 1, 1], profile: .crash)
        var client = LightVerifier(genesis: chain.genesis)
        try client.accept(try chain.certify(try chain.header(), signers: [0, 1]))
        chain.profile = .byzantine
        var other = LightVerifier(genesis: chain.genesis)
        #expect(throws: LightClientError.wrongProfile) { try other.accept(try chain.certify(try chain.header())) }
    }

    @Test func `continues from what was stored`() throws {
        var chain = try TestChain(weights: [1, 1, 1])
        var client = LightVerifier(genesis: chain.genesis)
        let certified = try chain.extend()
        try client.accept(certified)
        let header = try BlockHeader(decoding: [UInt8](certified.header))
        #expect(try TrustedState(after: header, validators: chain.set, rules: FinalityRules(profile: .byzantine)) == client.trusted)
        let wrong = try TestChain.set(chain.keys, [9])
        #expect(throws: LightClientError.wrongValidators) {
            try TrustedState(after: header, validators: wrong, rules: FinalityRules(profile: .byzantine))
        }
    }

    @Test func `believes ancestors by their hashes`() throws {
        var chain = try TestChain(weights: [1])
        var client = LightVerifier(genesis: chain.genesis)
        let headers = try (0..<6).map { _ in try chain.extend() }
        try client.accept(headers[4])
        let path = headers[1...4].map { [UInt8]($0.header) }
        #expect(try client.verifyAncestor(path).height == 2)
        #expect(throws: LightClientError.notAncestor) { try client.verifyAncestor(Array(path.dropLast())) }
        #expect(throws: LightClientError.notAncestor) { try client.verifyAncestor([path[0]] + path.dropFirst(2)) }
        #expect(throws: LightClientError.notAncestor) { try client.verifyAncestor([]) }
        #expect(throws: LightClientError.notAncestor) { try client.verifyAncestor(path + [[UInt8](headers[5].header)]) }
    }

    @Test func `verifies receipts offline`() throws {
        var chain = try TestChain(weights: [1, 1, 1])
        _ = try chain.extend()
        let receipts = (0..<5).map { index in
            var receipt = WireReceipt()
            receipt.transactionID = .init(Hash32(UInt64(index), 0, 0, 1).bytes)
            receipt.height = 1
            receipt.index = UInt32(index)
            return receipt
        }
        let leaves = receipts.map { MerkleList.leaf($0.encoded()) }
        let header = try chain.header { $0.receiptsRoot = .init(MerkleList.root(leaves).bytes) }
        var proof = WireReceiptProof()
        proof.receipt = .init(receipts[3].encoded())
        proof.siblings = MerkleList.siblings(of: 3, in: leaves).map { .init($0.bytes) }
        proof.leafCount = 5
        proof.header = try chain.certify(header)
        let trusted = TrustedState(genesis: chain.genesis)
        #expect(try ReceiptProof.verify(proof, trusted: trusted) == receipts[3])
        var other = proof
        other.receipt = .init(receipts[2].encoded())
        #expect(throws: LightClientError.wrongReceipt) { try ReceiptProof.verify(other, trusted: trusted) }
        other = proof
        other.header = try chain.certify(header, signers: [0, 1])
        #expect(throws: LightClientError.noQuorum) { try ReceiptProof.verify(other, trusted: trusted) }
        other = proof
        other.siblings.removeLast()
        #expect(throws: LightClientError.wrongReceipt) { try ReceiptProof.verify(other, trusted: trusted) }
    }

    @Test func `survives mutated headers (fuzz)`() throws {
        let seed: UInt64 = 0xF0221
        var generator = SeededGenerator(seed: seed)
        let chain = try TestChain(weights: [1, 1, 1])
        let good = try chain.certify(try chain.header())
        for round in 0..<2_000 {
            var bytes = [UInt8](round % 2 == 0 ? good.header : good.certificate)
            for _ in 0...(generator.next() % 3) {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            if round % 5 == 0 { bytes = generator.bytes(Int(generator.next() % 300)) }
            var certified = good
            if round % 2 == 0 { certified.header = .init(bytes) } else { certified.certificate = .init(bytes) }
            var client = LightVerifier(genesis: chain.genesis)
            let isAccepted = (try? client.accept(certified)) != nil
            #expect(!isAccepted || certified == good, "seed \(seed) round \(round)")
        }
    }
}
