import ChainTypes
import Foundation
import Primitives

/// Which chain of a name is trusted here, and how far it was seen: a file of the home, readable by its owner only (docs/operations/wallet.md).
///
/// The first genesis that a chain shows is trusted from then on, unless its owner gives one; another one under the same name is refused.
package struct ChainPin: Sendable {
    private struct Content: Codable {
        let chain: String
        let genesis: String
        let height: UInt64
    }

    private static let maximumBytes = 4_096

    package let chain: TrustedChain
    /// Whether nothing was known of a chain of this name before.
    package let isNew: Bool
    private let path: String

    /// - Parameters:
    ///   - genesis: as its owner gave it, or as a node shows it.
    ///   - home: the folder with the wallets.
    /// - Throws: `wrongGenesis` where another one is trusted, `file`.
    package init(_ genesis: Genesis, home: String) throws(ClientError) {
        path = "\(home)/chains/\(genesis.chainID).json"
        guard FileManager.default.fileExists(atPath: path) else {
            (chain, isNew) = (TrustedChain(genesis), true)
            return
        }
        // What cannot be read is not taken for nothing: then anybody's genesis would do.
        guard let known = try? JSONDecoder().decode(Content.self, from: Data(PrivateFile.read(path, limit: Self.maximumBytes))) else {
            throw .file(path: path, why: "it does not say which genesis is trusted")
        }
        guard known.chain == genesis.chainID, Hash32(hex: known.genesis) == genesis.hash else {
            throw .wrongGenesis(found: genesis.hash.description)
        }
        (chain, isNew) = (TrustedChain(genesis, height: known.height), false)
    }

    /// Writes down that the chain was seen as far as `seen` has it.
    /// - Throws: `file`.
    package func save(_ seen: TrustedChain) throws(ClientError) {
        guard isNew || seen.height > chain.height else { return }
        let content = Content(chain: chain.chainID, genesis: chain.genesis.hash.description, height: max(seen.height, chain.height))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        guard let bytes = try? encoder.encode(content) else { throw .file(path: path, why: "cannot be written") }
        try PrivateFile.makeFolder((path as NSString).deletingLastPathComponent)
        try PrivateFile.write([UInt8](bytes), to: path, overwrite: true)
    }
}
