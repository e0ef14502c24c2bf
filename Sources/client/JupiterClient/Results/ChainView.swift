import AuthenticatedState
import ChainTypes
import Foundation
import LightClient
import Primitives
import WireTypes

/// What a node says, checked against one genesis: certificates by the light client, values by their proofs.
package struct ChainView: Sendable {
    package let client: NodeClient
    package let genesis: Genesis
    private var light: LightVerifier

    /// - Parameter expected: the genesis hash from another source than the node; without it the node's own is taken on first use.
    package init(_ client: NodeClient, expected: Hash32? = nil) async throws {
        let genesis = try await client.genesis()
        if let expected, expected != genesis.hash { throw ClientError.wrongGenesis(found: genesis.hash.description) }
        self.client = client
        self.genesis = genesis
        light = LightVerifier(genesis: genesis)
    }

    /// The trusted header's height; it proves the state after the block below it.
    package var height: UInt64 { light.trusted.height }

    /// Follows the chain, over the ends of its epochs, to its newest certified header.
    @discardableResult
    package mutating func advance() async throws -> BlockHeader {
        while true {
            let path = try await client.headers(after: light.trusted.height)
            guard let last = path.last else { break }
            let before = light.trusted.height
            for certified in path { try light.accept(certified) }
            // A node that leads nowhere must not keep the client busy.
            guard light.trusted.height > before else { throw ClientError.proofInvalid("the node's headers do not go on") }
            if try !LightVerifier.header(last).lastOfEpoch { break }
        }
        return try await LightVerifier.header(client.header(light.trusted.height))
    }

    /// The value at `key` in the state that the trusted header proves; `nil` is a proven absence.
    package func value(_ key: [UInt8]) async throws -> [UInt8]? {
        guard light.trusted.height > 0 else { throw ClientError.proofInvalid("no header is trusted yet") }
        let answer = try await client.state(key, height: light.trusted.height - 1, prove: true)
        guard let proof = answer.proof else { throw ClientError.proofInvalid("the node gave none") }
        let value = answer.value.map { [UInt8]($0) }
        do { try StateProof.decode([UInt8](proof)).verify(root: light.trusted.stateRoot, key: key, value: value) } catch {
            throw ClientError.proofInvalid(error.reason)
        }
        return value
    }
}
