import ChainTypes
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// Makes certified headers of a chain whose sets and signers the test chooses.
struct TestChain {
    let genesis: Genesis
    let keys: [SigningKey]
    private(set) var set: ValidatorSet
    private(set) var previous: Hash32
    private(set) var height: UInt64 = 0
    var epoch: UInt64 = 0
    var profile: WireQuorumProfile

    init(weights: [UInt64], profile: WireQuorumProfile = .byzantine, chainID: String = "jupiter-test", seed: UInt64 = 1) throws {
        var generator = SeededGenerator(seed: seed)
        keys = try (0..<20).map { _ in try SigningKey.ed25519(seed: generator.bytes(32)) }
        set = try Self.set(keys, weights)
        var wire = WireGenesis()
        wire.version = Genesis.version
        wire.chainID = chainID
        wire.time = 1_000
        wire.profile = profile
        wire.validators = try WireValidatorSet(strictly: set.bytes, limit: Limits.validatorSet)
        wire.operator = .init(keys[0].address.bytes)
        wire.parameters = Genesis.defaultParameters
        genesis = try Genesis(encoding: wire)
        previous = genesis.hash
        self.profile = profile
    }

    static func set(_ keys: [SigningKey], _ weights: [UInt64]) throws -> ValidatorSet {
        try ValidatorSet(
            zip(keys, weights).map { key, weight in
                ValidatorSet.Member(key: Hash32(key.verificationKey.bytes) ?? .zero, votingWeight: weight, leaderWeight: 1)
            })
    }

    /// The next header; `next` ends the epoch with this set.
    func header(next: ValidatorSet? = nil, _ adjust: (inout WireHeader) -> Void = { _ in }) throws -> BlockHeader {
        var wire = WireHeader()
        wire.version = BlockHeader.version
        wire.chainID = genesis.chainID
        wire.height = height + 1
        wire.view = height + 1
        wire.epoch = epoch
        wire.parent = .init(previous.bytes)
        wire.proposer = .init(keys[0].verificationKey.bytes)
        wire.time = 1_000 + (height + 1) * 10
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
        _ header: BlockHeader, signers: [Int]? = nil, next: ValidatorSet? = nil, _ adjust: (inout WireCertificate) -> Void = { _ in }
    ) throws -> WireCertifiedHeader {
        var builder = CertificateBuilder(header: header, view: 3, validators: set, profile: profile)
        for signer in signers ?? Array(set.members.indices) { try builder.sign(with: keys[signer]) }
        var wire = try builder.certificate().wire
        adjust(&wire)
        var certified = WireCertifiedHeader()
        certified.header = .init(header.bytes)
        certified.certificate = .init(wire.encoded())
        if let next { certified.nextValidators = .init(next.bytes) }
        return certified
    }

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
