import ChainTypes
import Foundation
import LightClient
import Primitives
import WireTypes

/// A public key as CometBFT writes it.
struct CometKey: Codable, Equatable {
    let type: String
    let value: Data

    /// The 32 bytes of an Ed25519 key.
    static func ed25519(_ key: Hash32) -> CometKey { CometKey(type: "tendermint/PubKeyEd25519", value: Data(key.bytes)) }
}

/// CometBFT's own genesis of a chain: whatever of Jupiter's it has to know. Numbers are texts there.
struct CometGenesis: Codable, Equatable {
    struct Parameters: Codable, Equatable {
        struct Block: Codable, Equatable {
            let maxBytes, maxGas: String
        }
        struct Evidence: Codable, Equatable {
            let maxAgeNumBlocks, maxAgeDuration, maxBytes: String
        }
        struct Validator: Codable, Equatable {
            let pubKeyTypes: [String]
        }
        struct Version: Codable, Equatable {
            let app: String
        }
        struct ABCI: Codable, Equatable {
            let voteExtensionsEnableHeight: String
        }
        let block: Block
        let evidence: Evidence
        let validator: Validator
        let version: Version
        let abci: ABCI
    }
    struct Validator: Codable, Equatable {
        let address: String
        let pubKey: CometKey
        let power, name: String
    }

    let genesisTime, chainId, initialHeight: String
    let consensusParams: Parameters
    let validators: [Validator]
    /// Empty: the application answers the first one to `InitChain`.
    let appHash: String

    /// Room for the sidecars that ride inside the transactions of one block, in bytes.
    private static let sidecarBytes: UInt64 = 16 << 20

    /// - Parameter names: of the validators, in the order of the genesis's set.
    init(_ genesis: Genesis, names: [String]) {
        genesisTime = CometFormat.time(milliseconds: genesis.wire.time)
        (chainId, initialHeight, appHash) = (genesis.chainID, "1", "")
        consensusParams = Parameters(
            block: .init(maxBytes: "\(genesis.parameters.maximumBlockBytes + Self.sidecarBytes)", maxGas: "-1"),
            evidence: .init(maxAgeNumBlocks: "100000", maxAgeDuration: "172800000000000", maxBytes: "1048576"),
            validator: .init(pubKeyTypes: ["ed25519"]), version: .init(app: "1"), abci: .init(voteExtensionsEnableHeight: "0"))
        validators = zip(genesis.validators.members, names).compactMap { member, name in
            guard member.votingWeight > 0 else { return nil }
            return Validator(
                address: CometFormat.hex(CometValidators.address(of: member.key)), pubKey: .ed25519(member.key),
                power: "\(member.votingWeight)", name: name)
        }
    }
}

/// How CometBFT writes bytes and times.
enum CometFormat {
    static func hex(_ bytes: [UInt8]) -> String { Hex.encode(bytes).uppercased() }

    /// RFC 3339 in UTC, to the millisecond.
    static func time(milliseconds: UInt64) -> String {
        let seconds = Date(timeIntervalSince1970: Double(milliseconds / 1_000))
        let fraction = String(milliseconds % 1_000 + 1_000).dropFirst()
        return "\(seconds.ISO8601Format().dropLast()).\(fraction)Z"
    }

    /// JSON with CometBFT's names.
    static func json(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }
}
