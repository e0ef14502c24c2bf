import AuthenticatedState
import ChainTypes
import CometSupport
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import StateModel
import SwiftProtobuf
import WireTypes

/// A node that follows no rule of any chain: it holds the validator's key and writes into the state whatever it likes.
///
/// Its headers are truly certified and its proofs truly hold: what an enclave still refuses, it refuses by itself.
package final class BypassedNode {
    package let genesis: Genesis
    package let validator: SigningKey
    private let others: [SigningKey]
    private let validators: ValidatorSet
    private let store = MemoryNodeStore()
    private let tree: StateTree
    private var pending: [[UInt8]: [UInt8]?] = [:]

    /// The newest header; it proves the state after the block before it.
    package private(set) var header: BlockHeader?
    /// All certified headers, from height 1 on.
    package private(set) var headers: [WireCertifiedHeader] = []
    /// Milliseconds since 1970; every block adds one second.
    package var time: UInt64 = 1_800_000_000_000

    package var chainID: String { genesis.chainID }
    package var height: UInt64 { header?.height ?? 0 }

    /// - Parameters:
    ///   - otherWeights: of validators that never sign, beside the one with weight 10.
    ///   - consensus: which engine's finality its headers have; CometBFT is simulated.
    ///   - adjust: changes the genesis.
    package init(
        chainID: String = "jupiter-sg", seed: UInt64 = 1, otherWeights: [UInt64] = [], consensus: WireConsensusKind = .simplex,
        _ adjust: (inout WireGenesis) -> Void = { _ in }
    ) throws {
        var generator = SeededGenerator(seed: seed)
        let validator = try SigningKey.ed25519(seed: generator.bytes(32))
        others = try otherWeights.map { _ in try SigningKey.ed25519(seed: generator.bytes(32)) }
        var members = [Self.member(validator, 10)]
        for (key, weight) in zip(others, otherWeights) { members.append(Self.member(key, weight)) }
        validators = try ValidatorSet(members)
        var wire = WireGenesis()
        wire.version = Genesis.version
        wire.chainID = chainID
        wire.time = 1_800_000_000_000
        (wire.profile, wire.consensus) = (.byzantine, consensus)
        wire.validators = try WireValidatorSet(strictly: validators.bytes, limit: Limits.validatorSet)
        wire.operator = .init(validator.address.bytes)
        wire.allowSimulatedEnclaves = true
        wire.parameters = Genesis.defaultParameters
        adjust(&wire)
        genesis = try Genesis(encoding: wire)
        self.validator = validator
        tree = StateTree(store: store, version: nil)
    }

    private static func member(_ key: SigningKey, _ weight: UInt64) -> ValidatorSet.Member {
        guard case .ed25519(let bytes) = key.verificationKey else { preconditionFailure("validators have Ed25519 keys") }
        return ValidatorSet.Member(key: bytes, votingWeight: weight, leaderWeight: weight)
    }

    /// Writes a value, visible from the next `block` on.
    package func write(_ value: some SwiftProtobuf.Message, at key: [UInt8]) { pending[key] = .some(value.encoded()) }
    package func write(bytes: [UInt8], at key: [UInt8]) { pending[key] = .some(bytes) }
    package func remove(_ key: [UInt8]) { pending[key] = .some(nil) }

    /// Ends a block and certifies the header that proves the state written so far.
    @discardableResult
    package func block(milliseconds: UInt64 = 1_000) throws -> WireCertifiedHeader {
        let version = (tree.version ?? 0) + 1
        let update = try tree.apply(pending.map { ($0.key, $0.value) }, version: version)
        store.commit(update)
        pending = [:]
        time += milliseconds
        return try certify(root: update.root)
    }

    private func certify(root: Hash32) throws -> WireCertifiedHeader {
        var wire = WireHeader()
        wire.version = BlockHeader.version
        wire.chainID = chainID
        wire.height = height + 1
        wire.view = height + 1
        wire.parent = .init((header?.hash ?? genesis.hash).bytes)
        wire.proposer = .init(validator.verificationKey.bytes)
        wire.time = time
        for path in [\WireHeader.transactionsRoot, \.evidenceRoot, \.receiptsRoot] { wire[keyPath: path] = .init(Hash32.zero.bytes) }
        wire.stateRoot = .init(root.bytes)
        wire.validatorsHash = .init(validators.hash.bytes)
        wire.nextValidatorsHash = .init(validators.hash.bytes)
        let header = try BlockHeader(encoding: wire)
        let certified = try genesis.consensus == .cometbft ? comet(header) : certificate(header)
        self.header = header
        headers.append(certified)
        return certified
    }

    private func certificate(_ header: BlockHeader) throws -> WireCertifiedHeader {
        var builder = CertificateBuilder(header: header, view: header.height, validators: validators, profile: .byzantine)
        try builder.sign(with: validator)
        var certified = WireCertifiedHeader()
        certified.header = .init(header.bytes)
        certified.certificate = .init(try builder.certificate().bytes)
        return certified
    }

    private func comet(_ header: BlockHeader) throws -> WireCertifiedHeader {
        try SimulatedComet(chainID: chainID, keys: [validator]).certified(header, voters: validators)
    }

    /// What the newest header's state says of `key`, with its proof; an absent key gives an empty value.
    package func prove(_ key: [UInt8]) throws -> WireProvenValue {
        let version = tree.version ?? 0
        var proven = WireProvenValue()
        proven.value = .init(try tree.get(key, version: version) ?? [])
        proven.proof = .init(try tree.prove(key, version: version).encode())
        return proven
    }

    /// The value itself.
    package func value<Value: SwiftProtobuf.Message>(_ key: [UInt8], as type: Value.Type = Value.self) throws -> Value? {
        try tree.get(key).map { try Value(strictly: $0, limit: Limits.stateValue) }
    }
}
