import ChainTypes
import Cryptography
import Foundation
import FoundationNetworking
import Primitives
import WireTypes

/// Mainnet through the HTTP API of one of its nodes.
package struct HTTPCheckpointTarget: CheckpointTarget {
    private static let maximumAnswer = 4 << 20

    private let base: URL
    private let token: String?
    private let session: URLSession

    /// - Parameters:
    ///   - base: such as `http://127.0.0.1:26650`.
    ///   - token: the node's API token, when it demands one.
    package init(base: URL, token: String?) {
        (self.base, self.token) = (base, token)
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 20
        configuration.httpCookieStorage = nil
        session = URLSession(configuration: configuration)
    }

    private struct Localities: Decodable {
        struct Locality: Decodable {
            let chainId: String
            let height: UInt64
            let epoch: UInt64
        }
        let localities: [Locality]
    }

    package func checkpoint(of chainID: String) async throws -> PostedCheckpoint? {
        let answer: Localities = try await get("v1/localities?limit=1000")
        return answer.localities.first { $0.chainId == chainID }.map { PostedCheckpoint(height: $0.height, epoch: $0.epoch) }
    }

    private struct GenesisAnswer: Decodable { let genesis: Data }
    private struct StatusAnswer: Decodable {
        let height: UInt64
        let minimumFee: UInt64
    }
    private struct AccountAnswer: Decodable { let pendingNonce: UInt64 }

    package func account(_ address: Address) async throws -> TargetAccount {
        let genesisAnswer: GenesisAnswer = try await get("v1/genesis")
        guard let genesis = try? Genesis(decoding: [UInt8](genesisAnswer.genesis)) else { throw RelayerError.badAnswer }
        let status: StatusAnswer = try await get("v1/status")
        let account: AccountAnswer = try await get("v1/accounts/\(address)")
        return TargetAccount(
            chainID: genesis.chainID, height: status.height, nextNonce: account.pendingNonce, minimumFee: status.minimumFee)
    }

    private struct TransactionAnswer: Decodable {
        struct Receipt: Decodable { let code: UInt32 }
        let receipt: Receipt?
    }

    package func submit(_ transaction: SignedTransaction) async throws -> UInt32 {
        struct Submission: Encodable {
            let transaction: Data
            let sidecars: [Data]
        }
        var request = request("v1/transactions")
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = try JSONEncoder().encode(Submission(transaction: Data(transaction.bytes), sidecars: []))
        _ = try await answer(request)
        for _ in 0..<6 {
            let answer: TransactionAnswer = try await get("v1/transactions/\(transaction.id)?wait=5")
            if let receipt = answer.receipt { return receipt.code }
        }
        throw RelayerError.unreachable
    }

    private func get<Answer: Decodable>(_ path: String) async throws -> Answer {
        let data = try await answer(request(path))
        do { return try JSONDecoder().decode(Answer.self, from: data) } catch { throw RelayerError.badAnswer }
    }

    private func request(_ path: String) -> URLRequest {
        var request = URLRequest(url: URL(string: path, relativeTo: base.appending(path: "/")) ?? base)
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        return request
    }

    private struct Failure: Decodable {
        struct Detail: Decodable { let code: UInt32 }
        let error: Detail
    }

    private func answer(_ request: URLRequest) async throws -> Data {
        let (data, response): (Data, URLResponse)
        do { (data, response) = try await session.data(for: request) } catch { throw RelayerError.unreachable }
        guard let status = (response as? HTTPURLResponse)?.statusCode, data.count <= Self.maximumAnswer else {
            throw RelayerError.badAnswer
        }
        guard (200..<300).contains(status) else {
            if let failure = try? JSONDecoder().decode(Failure.self, from: data) { throw RelayerError.refused(failure.error.code) }
            throw RelayerError.badAnswer
        }
        return data
    }
}
