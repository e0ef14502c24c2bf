import ChainTypes
import Cryptography
import Foundation
import LightClient
import Primitives

/// The `--home` of the CometBFT node beside a validator.
struct CometHome {
    /// In a Jupiter home, beside `node/`.
    static let folder = "/cometbft"

    private struct NodeKeyFile: Encodable {
        let privKey: CometKey
    }

    private struct ValidatorKeyFile: Encodable {
        let address: String
        let pubKey: CometKey
        let privKey: CometKey
    }

    private struct ValidatorState: Encodable {
        let height = "0"
        let round = 0
        let step = 0
    }

    let path: String

    /// By which other CometBFT nodes know the owner of `key`.
    static func identifier(of key: SigningKey) throws -> String { Hex.encode(CometValidators.address(of: try publicKey(key))) }

    /// Writes the whole home into a new folder. Every file is its owner's alone.
    func write(genesis: CometGenesis, validator: SigningKey, node: SigningKey, settings: CometSettings) throws {
        try NodeHome.makeFolder(path + "/config")
        try NodeHome.makeFolder(path + "/data")
        try NodeHome.write(Array(settings.toml.utf8), to: path + "/config/config.toml")
        try NodeHome.write(CometFormat.json(genesis), to: path + "/config/genesis.json")
        try NodeHome.write(CometFormat.json(NodeKeyFile(privKey: Self.secret(node))), to: path + "/config/node_key.json")
        let key = try Self.publicKey(validator)
        let file = ValidatorKeyFile(
            address: CometFormat.hex(CometValidators.address(of: key)), pubKey: .ed25519(key), privKey: try Self.secret(validator))
        try NodeHome.write(CometFormat.json(file), to: path + "/config/priv_validator_key.json")
        try NodeHome.write(CometFormat.json(ValidatorState()), to: path + "/data/priv_validator_state.json")
    }

    private static func publicKey(_ key: SigningKey) throws -> Hash32 {
        guard case .ed25519(let value) = key.verificationKey else { throw CryptographyError.malformedKey }
        return value
    }

    /// CometBFT writes the seed and the public key after it.
    private static func secret(_ key: SigningKey) throws -> CometKey {
        CometKey(type: "tendermint/PrivKeyEd25519", value: Data(key.secretBytes + (try publicKey(key)).bytes))
    }
}
