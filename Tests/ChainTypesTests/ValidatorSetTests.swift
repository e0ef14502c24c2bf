import ChainTypes
import Cryptography
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `Validator sets and genesis` {
    func member(_ key: UInt64, weight: UInt64 = 1, leader: UInt64 = 1) -> ValidatorSet.Member {
        .init(key: Hash32(key, 0, 0, 0), votingWeight: weight, leaderWeight: leader)
    }

    @Test func `A set decodes to itself, in its order`() throws {
        let set = try Samples.validators()
        #expect(try ValidatorSet(decoding: set.bytes) == set)
        #expect(set.totalWeight == 60)
        #expect(try ValidatorSet(set.members.reversed()).hash != set.hash)
        #expect(try ValidatorSet([member(1), member(2, weight: 0)]).totalWeight == 1)
    }

    @Test func `No members, too many, repeated keys, no weight and too much weight are refused`() throws {
        let wrong = [
            [], (0...UInt64(Limits.validators)).map { member($0) }, [member(1), member(2), member(1)], [member(1, weight: 0)],
            [member(1, weight: 1 << 50 + 1)], [member(1, leader: 1 << 50 + 1)],
        ]
        for members in wrong { #expect(throws: BlockError.invalidValidators) { try ValidatorSet(members) } }
        let most = try ValidatorSet((0..<UInt64(Limits.validators)).map { member($0, weight: 1 << 50) })
        #expect(most.totalWeight == UInt64(Limits.validators) << 50)
        #expect(try ValidatorSet(decoding: most.bytes) == most)
    }

    @Test func `A key of another size and a second encoding are refused`() throws {
        var wire = WireValidatorSet()
        wire.validators = [WireValidator()]
        wire.validators[0].votingWeight = 1
        wire.validators[0].publicKey = Samples.data(1, 31)
        #expect(throws: BlockError.invalidValidators) { try ValidatorSet(wire) }
        #expect(throws: BlockError.malformed) { try ValidatorSet(decoding: Samples.validators().bytes + [0x10, 1]) }
    }

    @Test func `A genesis decodes to itself`() throws {
        let genesis = try Genesis(encoding: Samples.wireGenesis())
        #expect(try Genesis(decoding: genesis.bytes).hash == genesis.hash)
        #expect(genesis.chainID == Samples.chainID && genesis.validators.members.count == 3)
        #expect(genesis.operatorAccount.hash == Samples.hash(0x71))
        var other = try Samples.wireGenesis()
        other.allowSimulatedEnclaves = false
        #expect(try Genesis(encoding: other).hash != genesis.hash)
    }

    @Test func `A genesis may name the nodes of its validators`() throws {
        var wire = try Samples.wireGenesis()
        wire.nodes = Samples.nodes()
        #expect(try Genesis(encoding: wire).wire.nodes.count == 3)
    }

    static let faults: [(String, BlockError, @Sendable (inout WireGenesis) -> Void)] = [
        ("version 0", .unknownVersion, { $0.version = 0 }),
        ("version 2", .unknownVersion, { $0.version = 2 }),
        ("no name", .invalidGenesis, { $0.chainID = "" }),
        ("capital in the name", .invalidGenesis, { $0.chainID = "Jupiter" }),
        ("no profile", .invalidGenesis, { $0.profile = .unspecified }),
        ("unknown profile", .invalidGenesis, { $0.profile = .UNRECOGNIZED(3) }),
        ("no operator", .invalidGenesis, { $0.operator = Data() }),
        ("operator of 33 bytes", .invalidGenesis, { $0.operator = Samples.data(1, 33) }),
        ("allocation to no account", .invalidGenesis, { $0.allocations[0].account = Data() }),
        (
            "supply beyond 64 bits", .invalidGenesis,
            { genesis in
                genesis.allocations.append(genesis.allocations[0])
                genesis.allocations[1].amount = .max
            }
        ),
        ("no validators", .invalidValidators, { $0.validators = .init() }),
        ("no parameters", .invalidGenesis, { $0.clearParameters() }),
        ("blocks too small", .invalidGenesis, { $0.parameters.maximumBlockBytes = 65_535 }),
        ("blocks too large", .invalidGenesis, { $0.parameters.maximumBlockBytes = UInt64(Limits.block) + 1 }),
        ("no transactions", .invalidGenesis, { $0.parameters.maximumBlockTransactions = 0 }),
        ("no window", .invalidGenesis, { $0.parameters.maximumValidityWindow = 0 }),
        ("sidecars too large", .invalidGenesis, { $0.parameters.maximumSidecarBytes = UInt32(Limits.sidecar) + 1 }),
        ("idle blocks without pause", .invalidGenesis, { $0.parameters.idleInterval = 9 }),
        ("epochs of one block", .invalidGenesis, { $0.parameters.epochMinimum = 1 }),
        ("epochs shorter than their minimum", .invalidGenesis, { $0.parameters.epochLength = $0.parameters.epochMinimum - 1 }),
        ("epochs without end", .invalidGenesis, { $0.parameters.epochLength = 1_000_001 }),
        ("leader steps above the full score", .invalidGenesis, { $0.parameters.leaderStep = 17 }),
        ("a node too few", .invalidGenesis, { $0.nodes = Samples.nodes().dropLast() }),
        ("nodes in another order", .invalidGenesis, { $0.nodes = Samples.nodes().reversed() }),
        ("a node twice", .invalidGenesis, { $0.nodes = Samples.nodes { $0[1].nodeID = $0[0].nodeID } }),
        ("a node without account", .invalidGenesis, { $0.nodes = Samples.nodes { $0[1].account = Data() } }),
        ("a node without port", .invalidGenesis, { $0.nodes = Samples.nodes { $0[1].endpoint = "sg-1.example" } }),
        ("no subscription window", .invalidGenesis, { $0.parameters.subscriptionWindow = 0 }),
    ]

    @Test(arguments: faults.indices) func `A genesis with one fault is refused`(index: Int) throws {
        let (what, error, change) = Self.faults[index]
        var wire = try Samples.wireGenesis()
        change(&wire)
        #expect(throws: error, "\(what)") { try Genesis(encoding: wire) }
    }

    @Test func `A genesis has one encoding and a bound`() throws {
        let bytes = try Samples.wireGenesis().encoded()
        #expect(throws: BlockError.malformed) { try Genesis(decoding: bytes + [0x58, 1]) }
        #expect(throws: BlockError.malformed) { try Genesis(decoding: [UInt8](repeating: 0, count: Limits.genesis + 1)) }
    }
}
