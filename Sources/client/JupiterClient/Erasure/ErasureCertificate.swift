import ChainTypes
import Cryptography
import Foundation
import LightClient
import Primitives
import WireTypes

/// An erasure certificate as a file: the chain's word with everything that it takes to check it without the chain
/// (docs/spec/erasure.md §6).
package struct ErasureCertificate: Codable, Sendable, Equatable {
    package static let kind = "jupiter erasure certificate"
    package static let version = 1
    /// The largest file that is read.
    package static let maximumBytes = 256 << 20
    /// Headers of the ends of epochs, and acknowledging enclaves, that are looked at.
    static let maximumParts = 100_000

    /// A value of the state with its proof.
    package struct Proven: Codable, Sendable, Equatable {
        package var key: Data
        package var value: Data
        package var proof: Data
    }

    package var kind: String
    package var version: Int
    package var chain: String
    /// Encoded genesis: to be compared with a hash from another source.
    package var genesis: Data
    /// Certified headers: the ends of the epochs since the genesis, then the one that everything is proven under.
    package var headers: [Data]
    package var erasure: Proven
    /// The entry of the puncture log that the erasure made.
    package var puncture: Proven
    /// The log's hash at each entry up to which an enclave signed.
    package var punctureHashes: [Proven]
    /// The enclaves that signed or stayed silent, with the keys that they are known by.
    package var enclaves: [Proven]

    /// Whether `bytes` begin as a certificate's file does; receipts are not JSON.
    package static func isOne(_ bytes: [UInt8]) -> Bool { bytes.first { $0 > 0x20 } == UInt8(ascii: "{") }

    /// The file's content.
    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    package init(decoding bytes: [UInt8]) throws(ClientError) {
        guard bytes.count <= Self.maximumBytes, let certificate = try? JSONDecoder().decode(Self.self, from: Data(bytes)),
            certificate.kind == Self.kind, certificate.version == Self.version, certificate.headers.count <= Self.maximumParts,
            certificate.enclaves.count <= Self.maximumParts, certificate.punctureHashes.count <= Self.maximumParts
        else { throw .proofInvalid("the file is not an erasure certificate of version \(Self.version)") }
        self = certificate
    }

    private init(chain: String, genesis: Genesis, headers: [WireCertifiedHeader], erasure: Proven, puncture: Proven) {
        (kind, version, self.chain) = (Self.kind, Self.version, chain)
        (self.genesis, self.headers) = (Data(genesis.bytes), headers.map { Data($0.encoded()) })
        (self.erasure, self.puncture, punctureHashes, enclaves) = (erasure, puncture, [], [])
    }
}

extension ErasureCertificate {
    /// Asks a node for everything about the complete erasure `id`. Nothing of the answer is believed before it is verified.
    package static func fetch(_ id: Hash32, from client: NodeClient) async throws -> ErasureCertificate {
        let genesis = try await client.genesis()
        var headers: [WireCertifiedHeader] = []
        var trusted: UInt64 = 0
        // Page by page over the ends of the epochs, then the newest.
        while true {
            let path = try await client.headers(after: trusted)
            guard let last = path.last else { break }
            headers += path
            let header = try LightVerifier.header(last)
            guard header.height > trusted, headers.count <= maximumParts else {
                throw ClientError.proofInvalid("the node's headers do not go on")
            }
            trusted = header.height
            if !header.lastOfEpoch { break }
        }
        guard trusted > 0 else { throw ClientError.proofInvalid("the node has no certified header") }
        func proven(_ key: [UInt8]) async throws -> Proven {
            let answer = try await client.state(key, height: trusted - 1, prove: true)
            guard let value = answer.value, let proof = answer.proof else { throw ClientError.noSuchThing("erasure \(id)") }
            return Proven(key: Data(key), value: value, proof: proof)
        }
        let stored = try await proven(StateKey.erasure(id))
        let erasure = try Self.erasure(stored.value)
        let puncture = try await proven(StateKey.puncture(erasure.sequence))
        var certificate = ErasureCertificate(
            chain: genesis.chainID, genesis: genesis, headers: headers, erasure: stored, puncture: puncture)
        for sequence in Set(erasure.acknowledgements.map(\.sequence)).sorted() {
            certificate.punctureHashes.append(try await proven(StateKey.punctureHash(sequence)))
        }
        for bytes in erasure.acknowledgements.map(\.enclave) + erasure.suspended {
            guard let enclave = Hash32(bytes) else { throw ClientError.malformedAnswer("an erasure") }
            certificate.enclaves.append(try await proven(StateKey.enclave(enclave)))
        }
        return certificate
    }

    static func erasure(_ value: Data) throws(ClientError) -> WireErasure {
        guard let erasure = try? WireErasure(strictly: [UInt8](value), limit: Limits.stateValue) else {
            throw .malformedAnswer("an erasure")
        }
        return erasure
    }
}
