import ChainTypes
import Foundation

/// What `config.toml` of a CometBFT node says about one validator; everything else keeps CometBFT's defaults.
struct CometSettings: Sendable, Equatable {
    /// Of the node, for people.
    var moniker: String
    /// Where the Jupiter node listens.
    var abci: String
    /// `host:port` on which CometBFT listens for other nodes.
    var listen: String
    /// Where others reach it; `nil` when that is where it listens.
    var external: String?
    /// The other validators, as `id@host:port`.
    var peers: [String]
    /// On loopback.
    var rpcPort: Int
    /// Whether all nodes run on this machine, where addresses are private and shared.
    var isLocal: Bool
    /// Milliseconds between the blocks of an idle chain.
    var idleInterval: UInt64

    /// The largest transaction with its sidecars that any rules of the chain can admit.
    static let largestTransaction = Limits.sidecarsPerTransaction * Limits.sidecar + (1 << 20)

    /// `config.toml`, as CometBFT 0.38 reads it.
    var toml: String {
        """
        # Written by `jupiter federation init`; what is not here keeps CometBFT's defaults.

        proxy_app = \(Self.quote(abci))
        abci = "socket"
        moniker = \(Self.quote(moniker))
        genesis_file = "config/genesis.json"
        node_key_file = "config/node_key.json"
        # CometBFT cannot read an encrypted key. To keep the key elsewhere, run a remote signer and set priv_validator_laddr.
        priv_validator_key_file = "config/priv_validator_key.json"
        priv_validator_state_file = "data/priv_validator_state.json"

        [rpc]
        # The Jupiter node hands transactions over here and reads signed headers. Leave it on loopback.
        laddr = "tcp://127.0.0.1:\(rpcPort)"
        max_body_bytes = \(2 * Self.largestTransaction)

        [p2p]
        laddr = \(Self.quote("tcp://" + listen))
        external_address = \(Self.quote(external ?? ""))
        persistent_peers = \(Self.quote(peers.joined(separator: ",")))
        addr_book_strict = \(!isLocal)
        allow_duplicate_ip = \(isLocal)

        [mempool]
        max_tx_bytes = \(Self.largestTransaction)
        max_txs_bytes = \(256 << 20)

        [statesync]
        # For a node that joins: two RPC servers of nodes you trust, and height and hash of a block that you checked with their operators.
        enable = false
        rpc_servers = ""
        trust_height = 0
        trust_hash = ""
        trust_period = "168h0m0s"

        [consensus]
        # Every block changes the application's hash, so CometBFT makes blocks without pause but this one.
        timeout_commit = "\(idleInterval)ms"
        create_empty_blocks = true

        [tx_index]
        # The Jupiter node keeps receipts.
        indexer = "null"

        """
    }

    /// A basic string of TOML.
    private static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
