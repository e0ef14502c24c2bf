import ChainTypes
import CometSupport
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import TestVectors
import Testing
import WireTypes

@Suite struct `Finality by a simulated CometBFT` {
    @Test func `leads a light client over the ends of epochs`() throws {
        var chain = try CometChain(weights: [3, 2, 2, 1])
        var client = LightVerifier(genesis: chain.genesis)
        let sets = try [[1, 1, 1, 1, 1], [0, 5, 0, 4, 4, 4], [9]].map { try TestChain.set(chain.keys, $0) }
        for set in sets {
            for _ in 0..<3 { try client.accept(chain.extend()) }
            try client.accept(chain.extend(next: set))
            #expect(client.trusted.validators == set)
        }
        #expect(client.trusted.epoch == 3)
        #expect(client.trusted.height == 12)
        #expect(client.trusted.headerHash == chain.previous)
    }

    @Test func `lets a client leap inside an epoch and not over its end`() throws {
        var chain = try CometChain(weights: [1, 1, 1, 1])
        var client = LightVerifier(genesis: chain.genesis)
        for _ in 0..<5 { _ = try chain.extend() }
        try client.accept(chain.extend())
        let last = try chain.extend(next: TestChain.set(chain.keys, [1, 1, 1, 1, 1]))
        let beyond = try chain.extend()
        #expect(throws: LightClientError.wrongEpoch) { try client.accept(beyond) }
        try client.accept(last)
        try client.accept(beyond)
    }

    @Test func `needs more than two thirds of the power`() throws {
        let seed: UInt64 = 0xC0E7
        var generator = SeededGenerator(seed: seed)
        for count in 1...12 {
            let weights = (0..<count).map { _ in generator.next() % 50 + 1 }
            var chain = try CometChain(weights: weights, seed: generator.next())
            let header = try chain.header()
            for _ in 0..<3 {
                let silent = (0..<count).filter { _ in generator.next() % 3 == 0 }
                let weight = weights.reduce(0, +) - silent.reduce(0) { $0 + weights[$1] }
                chain.comet.silent = Set(silent.map { chain.set.members[$0].key })
                let certified = try chain.certify(header)
                var client = LightVerifier(genesis: chain.genesis)
                let expected = 3 * weight > 2 * weights.reduce(0, +)
                #expect(((try? client.accept(certified)) != nil) == expected, "seed \(seed) weights \(weights) silent \(silent)")
            }
        }
    }

    @Test func `is refused without one third, also in the commit that closes an epoch`() throws {
        var chain = try CometChain(weights: [1, 1, 1])
        let next = try TestChain.set(Array(chain.keys[10...]), [1, 1, 1])
        chain.comet.silent = [chain.set.members[0].key]
        var client = LightVerifier(genesis: chain.genesis)
        #expect(throws: LightClientError.noQuorum) { try client.accept(chain.certify(chain.header())) }
        // The following set is complete and signs H + 1; the present one lacks a third of its power and may not name it.
        let header = try chain.header(next: next)
        #expect(throws: LightClientError.noQuorum) { try client.accept(chain.certify(header, next: next)) }
        chain.comet.silent = [next.members[0].key]
        #expect(throws: LightClientError.noQuorum) { try client.accept(chain.certify(header, next: next)) }
        chain.comet.silent = []
        try client.accept(chain.certify(header, next: next))
    }

    @Test func `is refused with any byte of it changed`() throws {
        var chain = try CometChain(weights: [3, 2, 2, 1])
        var client = LightVerifier(genesis: chain.genesis)
        try client.accept(chain.extend())
        for next in [nil, try TestChain.set(chain.keys, [1, 0, 2, 2])] {
            let header = try chain.header(next: next)
            let certified = try chain.certify(header, next: next)
            for part in [\WireCertifiedHeader.header, \.certificate, \.nextValidators] {
                for index in certified[keyPath: part].indices {
                    var changed = certified
                    changed[keyPath: part][index] ^= 1 << UInt8(index % 8)
                    var tampered = client
                    #expect(throws: LightClientError.self, "\(part) byte \(index)") { try tampered.accept(changed) }
                    #expect(tampered == client)
                }
            }
            var accepted = client
            #expect(throws: Never.self) { try accepted.accept(certified) }
        }
    }

    @Test func `counts a vote that only ZIP-215 admits as absent`() throws {
        for (weights, isEnough) in [([1, 1, 1, 1], true), ([1, 1, 1], false)] as [([UInt64], Bool)] {
            var chain = try CometChain(weights: weights)
            chain.comet.isTrimmed = false
            let seed = chain.keys[0].secretBytes
            chain.comet.forged[chain.set.members[0].key] = { statement in
                let signature = LooseSignature.sign(statement, seed: seed)
                #expect(LooseSignature.isLoose(signature, of: statement, seed: seed))
                return signature
            }
            var client = LightVerifier(genesis: chain.genesis)
            let certified = try chain.certify(chain.header())
            if isEnough {
                #expect(throws: Never.self) { try client.accept(certified) }
            } else {
                #expect(throws: LightClientError.noQuorum) { try client.accept(certified) }
            }
        }
    }

    @Test func `counts votes of any other form as absent`() throws {
        let order = Hex.decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010") ?? []
        let forgeries: [@Sendable ([UInt8]) -> [UInt8]] = [
            { _ in [] }, { _ in [UInt8](repeating: 0, count: 64) }, { _ in [UInt8](repeating: 1, count: 65) },
        ]
        var chain = try CometChain(weights: [1, 1, 1, 1])
        chain.comet.isTrimmed = false
        let (first, second) = (chain.set.members[0].key, chain.set.members[1].key)
        let key = chain.keys[0]
        let malleable: @Sendable ([UInt8]) -> [UInt8] = { statement in
            // The same signature with the group's order added to s.
            guard var signature = try? SimulatedComet.sign(statement, with: key) else { return [] }
            var carry = 0
            for position in 0..<32 {
                let sum = Int(signature[32 + position]) + Int(order[position]) + carry
                (signature[32 + position], carry) = (UInt8(truncatingIfNeeded: sum), sum >> 8)
            }
            return signature
        }
        for forge in forgeries + [malleable] {
            chain.comet.forged = [first: forge]
            var client = LightVerifier(genesis: chain.genesis)
            #expect(throws: Never.self) { try client.accept(chain.certify(chain.header())) }
            chain.comet.forged = [first: forge, second: forge]
            var other = LightVerifier(genesis: chain.genesis)
            #expect(throws: LightClientError.noQuorum) { try other.accept(chain.certify(chain.header())) }
        }
    }

    /// Each change of a good proof, and what it must give.
    static let changes: [(LightClientError, @Sendable (inout WireCometFinality) -> Void)] = [
        (.malformed, { $0.clearNext() }), (.malformed, { $0.stateRoot.removeLast() }), (.malformed, { $0.receiptsRoot = Data() }),
        (.malformed, { $0.next.header.proposerAddress = Data() }), (.malformed, { $0.next.header.validatorsHash = Data() }),
        (.malformed, { $0.next.header.chainID = "" }), (.malformed, { $0.next.header.chainID = String(repeating: "c", count: 51) }),
        (.malformed, { $0.next.header.time.nanos = 1_000_000_000 }), (.malformed, { $0.next.round = 1 << 31 }),
        (.malformed, { $0.next.header.height = 0 }), (.malformed, { $0.next.partsHash.append(0) }),
        (.wrongCommitment, { $0.stateRoot[0] ^= 1 }), (.wrongCommitment, { $0.receiptsRoot[0] ^= 1 }),
        (.wrongCommitment, { $0.next.header.appHash = Data() }), (.certificateMismatch, { $0.next.header.height += 1 }),
        (.wrongChain, { $0.next.header.chainID = "jupiter-other" }), (.wrongValidators, { $0.next.header.validatorsHash[3] ^= 1 }),
        (.malformedSigners, { $0.next.signers.append(0) }), (.malformedSigners, { $0.next.votes.removeLast() }),
        (.malformedSigners, { $0.next.signers[0] |= 0x80 }), (.noQuorum, { $0.next.votes.swapAt(0, 1) }),
        (.noQuorum, { $0.next.votes[0].time.seconds += 1 }), (.noQuorum, { $0.next.header.dataHash[0] ^= 1 }),
        (.noQuorum, { $0.next.round = 1 }), (.noQuorum, { $0.next.partsTotal = 2 }), (.noQuorum, { $0.next.votes[1].time.nanos = -1 }),
        (.wrongNextValidators, { $0.closing = $0.next }),
    ]

    @Test func `is refused with any part changed, by name`() throws {
        let chain = try CometChain(weights: [1, 1, 1, 1])
        let header = try chain.header()
        for (index, (expected, change)) in Self.changes.enumerated() {
            var client = LightVerifier(genesis: chain.genesis)
            #expect(throws: expected, "change \(index)") { try client.accept(chain.certify(header, change)) }
        }
    }

    /// The same where an epoch ends.
    static let closingChanges: [(LightClientError, @Sendable (inout WireCometFinality) -> Void)] = [
        (.wrongNextValidators, { $0.clearClosing() }), (.certificateMismatch, { $0.closing.header.height += 1 }),
        (.certificateMismatch, { $0.closing.header.evidenceHash[0] ^= 1 }), (.malformed, { $0.closing.header.nextValidatorsHash = Data() }),
        (.noQuorum, { $0.closing.votes[0].signature[9] ^= 1 }), (.noQuorum, { $0.next.votes[0].signature[9] ^= 1 }),
        (.malformedSigners, { $0.closing.votes = [] }),
    ]

    @Test func `of an epoch's last header is refused with any part changed, by name`() throws {
        let chain = try CometChain(weights: [1, 1, 1, 1])
        let next = try TestChain.set(chain.keys, [1, 2, 3])
        let header = try chain.header(next: next)
        for (index, (expected, change)) in Self.closingChanges.enumerated() {
            var client = LightVerifier(genesis: chain.genesis)
            #expect(throws: expected, "change \(index)") { try client.accept(chain.certify(header, next: next, change)) }
        }
    }

    @Test func `binds the set that CometBFT's old set named`() throws {
        let chain = try CometChain(weights: [1, 1, 1, 1])
        let (named, claimed) = (try TestChain.set(chain.keys, [1, 1, 1]), try TestChain.set(chain.keys, [1, 1, 1, 5]))
        let header = try chain.header(next: claimed)
        var client = LightVerifier(genesis: chain.genesis)
        // CometBFT's headers name another set than the one that the header claims.
        var certified = try chain.certify(header, next: named)
        certified.nextValidators = .init(claimed.bytes)
        #expect(throws: LightClientError.wrongNextValidators) { try client.accept(certified) }
        certified.nextValidators = .init(named.bytes)
        #expect(throws: LightClientError.wrongNextValidators) { try client.accept(certified) }
    }

    @Test func `is not what our own engine gives, nor the other way round`() throws {
        let (comet, simplex) = (try CometChain(weights: [1, 1, 1]), try TestChain(weights: [1, 1, 1], chainID: "jupiter-comet"))
        var client = LightVerifier(genesis: comet.genesis)
        #expect(throws: LightClientError.malformed) { try client.accept(simplex.certify(comet.header())) }
        var other = LightVerifier(genesis: simplex.genesis)
        #expect(throws: LightClientError.malformed) { try other.accept(comet.certify(simplex.header())) }
    }

    @Test func `fits its bound with a thousand validators`() throws {
        let weights = (0..<UInt64(Limits.validators)).map { 1 + $0 % 2 }
        var chain = try CometChain(weights: weights, seed: 4)
        chain.comet.isTrimmed = false
        let next = try TestChain.set(chain.keys, weights.map { 3 - $0 })
        let certified = try chain.certify(chain.header(next: next), next: next)
        #expect(certified.certificate.count <= Limits.finality)
        #expect(certified.certificate.count > Limits.certificate)
        var client = LightVerifier(genesis: chain.genesis)
        #expect(throws: Never.self) { try client.accept(certified) }
    }

    @Test func `survives hostile bytes`() throws {
        let chain = try CometChain(weights: [1, 1, 1, 1])
        let next = try TestChain.set(chain.keys, [1, 2, 3])
        let header = try chain.header(next: next)
        let certified = try chain.certify(header, next: next)
        HostileBytes.each([[UInt8](certified.certificate)]) { bytes in
            var (client, changed) = (LightVerifier(genesis: chain.genesis), certified)
            changed.certificate = .init(bytes)
            guard (try? client.accept(changed)) != nil else { return #expect(client.trusted.height == 0) }
            #expect(bytes == [UInt8](certified.certificate))
        }
    }
}
