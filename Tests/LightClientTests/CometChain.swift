import ChainTypes
import CometSupport
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// A chain run by a simulated CometBFT, whose sets the test chooses.
struct CometChain {
    let genesis: Genesis
    let keys: [SigningKey]
    var comet: SimulatedComet
    private(set) var set: ValidatorSet
    private(set) var previous: Hash32
    private(set) var height: UInt64 = 0
    private(set) var epoch: UInt64 = 0

    init(weights: [UInt64], seed: UInt64 = 1, chainID: String = "jupiter-comet") throws {
        var generator = SeededGenerator(seed: seed)
        keys = try (0..<max(20, weights.count)).map { _ in try SigningKey.ed25519(seed: generator.bytes(32)) }
        set = try TestChain.set(keys, weights)
        var wire = WireGenesis()
        (wire.version, wire.chainID, wire.time) = (Genesis.version, chainID, 1_000)
        (wire.profile, wire.consensus) = (.byzantine, .cometbft)
        wire.validators = try WireValidatorSet(strictly: set.bytes, limit: Limits.validatorSet)
        wire.operator = .init(keys[0].address.bytes)
        wire.parameters = Genesis.defaultParameters
        genesis = try Genesis(encoding: wire)
        previous = genesis.hash
        comet = SimulatedComet(chainID: chainID, keys: keys)
    }

    /// The next header; `next` ends the epoch with this set.
    func header(next: ValidatorSet? = nil, _ adjust: (inout WireHeader) -> Void = { _ in }) throws -> BlockHeader {
        var wire = WireHeader()
        (wire.version, wire.chainID, wire.height, wire.view) = (BlockHeader.version, genesis.chainID, height + 1, 1)
        (wire.epoch, wire.time) = (epoch, 1_000 + (height + 1) * 10)
        wire.parent = .init(previous.bytes)
        wire.proposer = .init(keys[0].verificationKey.bytes)
        for path in [\WireHeader.transactionsRoot, \.evidenceRoot, \.stateRoot, \.receiptsRoot] {
            wire[keyPath: path] = .init(Hash32(height, 1, 2, 3).bytes)
        }
        wire.validatorsHash = .init(set.hash.bytes)
        wire.nextValidatorsHash = .init((next ?? set).hash.bytes)
        wire.lastOfEpoch = next != nil
        adjust(&wire)
        return try BlockHeader(encoding: wire)
    }

    func certify(
        _ header: BlockHeader, next: ValidatorSet? = nil, _ adjust: (inout WireCometFinality) -> Void = { _ in }
    ) throws -> WireCertifiedHeader { try comet.certified(header, voters: set, following: next, adjust) }

    mutating func advance(_ header: BlockHeader, next: ValidatorSet? = nil) {
        (previous, height) = (header.hash, header.height)
        if let next { (set, epoch) = (next, epoch + 1) }
    }

    /// A valid next header, with the chain moved on.
    mutating func extend(next: ValidatorSet? = nil) throws -> WireCertifiedHeader {
        let header = try header(next: next)
        let certified = try certify(header, next: next)
        advance(header, next: next)
        return certified
    }
}
