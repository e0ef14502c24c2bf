import ChainTypes
import Cryptography
import Foundation
import Primitives
import WireTypes

/// What only operators ask: packages and recovery of a node's enclaves.
extension NodeClient {
    /// `wanted`, or the node's enclave that takes enrolments.
    package func servingEnclave(_ wanted: Hash32?) async throws -> Hash32 {
        if let wanted { return wanted }
        guard let enclave = try await status().enclave, enclave.serving == true, let id = enclave.id.flatMap({ Hash32(hex: $0) }) else {
            throw ClientError.noEnclave
        }
        return id
    }

    private struct PackageAnswer: Decodable { let package: Data }
    private struct RecoveryAnswer: Decodable { let subjectKeys: UInt32 }

    /// A new package of the vault of one of the node's enclaves.
    package func recoveryPackage(of enclave: Hash32) async throws -> WireRecoveryPackage {
        let answer: PackageAnswer = try await post("/v1/enclaves/\(enclave)/recovery", Array("{}".utf8))
        do { return try WireRecoveryPackage(strictly: [UInt8](answer.package), limit: Self.answerLimit) } catch {
            throw ClientError.malformedAnswer("a recovery package")
        }
    }

    /// Gives a package with shares to one of the node's enclaves; answers how many subject keys it holds then.
    package func recover(_ package: WireRecoveryPackage, with enclave: Hash32) async throws -> UInt32 {
        let body = JSONValue.object(["package": .text(Data(package.encoded()).base64EncodedString())]).encoded(pretty: false)
        let answer: RecoveryAnswer = try await post("/v1/enclaves/\(enclave)/recover", Array(body.utf8))
        return answer.subjectKeys
    }

    /// What the chain knows of a subject's datasets and keys.
    package func holdings(_ subject: Address) async throws -> WireHoldings? {
        try await value(StateKey.holdings(subject)) { try WireHoldings(strictly: $0, limit: $1) }
    }

    /// What the chain knows of a key grant.
    package func keyGrant(_ id: Hash32) async throws -> WireKeyGrant? {
        try await value(StateKey.keyGrant(id)) { try WireKeyGrant(strictly: $0, limit: $1) }
    }
}
