import ArgumentParser
import ChainTypes
import Foundation
import JupiterClient
import Primitives
import WireTypes

/// Which chain is trusted, for commands that seal something to an enclave.
struct ChainOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The chain's genesis (default: the one trusted in the home; for a chain that is new here, the node's).", valueName: "file"))
    var genesis: String?

    /// The trusted chain, as the home has it or is to have it.
    func pin(_ client: NodeClient, home: String) async throws -> ChainPin {
        guard let path = genesis else { return try ChainPin(try await client.genesis(), home: home) }
        return try ChainPin(Genesis(decoding: PlainFile.read(path, limit: Limits.genesis)), home: home)
    }
}

/// What a command tells about the enclave that it has sealed to, and about what it has trusted for that.
struct EnclaveTrust {
    let enclave: CheckedEnclave
    let isNewChain: Bool

    private var genesis: Genesis { enclave.chain.genesis }
    private var voucher: String {
        switch enclave.voucher {
        case .genesis: "the genesis names it"
        case .governance: "the chain's governance alone names it"
        case .nobody: "nobody vouches for it"
        }
    }

    func lines(giving what: String) -> [String] {
        let trust = isNewChain ? ["trusts this chain from now on: \(genesis.chainID), genesis \(genesis.hash)"] : []
        return trust + [
            "sealed \(what) to enclave \(enclave.id): \(enclave.label), class \(enclave.entry.assurance)",
            "its build is \(Hex.encode(enclave.identity.measurement)); \(voucher)",
        ]
    }

    var json: [String: JSONValue] {
        [
            "enclave": .text(enclave.id.description), "platform": .text(enclave.label), "assurance": .text(enclave.entry.assurance),
            "measurement": .text(Hex.encode(enclave.identity.measurement)), "measurementBy": .text(enclave.voucher.rawValue),
            "genesis": .text(genesis.hash.description), "newChain": .boolean(isNewChain),
        ]
    }
}
