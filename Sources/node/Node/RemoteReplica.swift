import ChainTypes
import Foundation
import FoundationNetworking
import Primitives
import WireTypes

/// An enclave of another node of the chain, through that node's HTTP API.
struct RemoteReplica: ReplicaSource {
    private static let maximumAnswer = 48 << 20

    private let base: URL
    private let token: String?
    private let session: URLSession

    /// - Parameter token: what the other node demands of its callers.
    init(base: URL, token: String?) {
        (self.base, self.token) = (base, token)
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 20
        configuration.httpCookieStorage = nil
        session = URLSession(configuration: configuration)
    }

    private struct StatusAnswer: Decodable {
        struct Enclave: Decodable {
            let serving: Bool
            let id: String?
            let vault: String?
            let vaultVersion: UInt64
            let subjectKeys: UInt32
        }
        let enclaves: [Enclave]
        let hasReplicaSource: Bool
    }
    private struct Exchange: Codable {
        var request: Data?
        var reply: Data?
    }
    private struct Failure: Decodable {
        struct Detail: Decodable {
            let code: UInt32
            let name: String
            let reason: String
        }
        let error: Detail
    }

    func peer() async -> ReplicaPeer? {
        guard let data = try? await answer(request("v1/status")), let status = try? JSONDecoder().decode(StatusAnswer.self, from: data)
        else {
            return nil
        }
        for enclave in status.enclaves where enclave.serving {
            guard let id = enclave.id.flatMap({ Hash32(hex: $0) }), let vault = enclave.vault.flatMap({ Hash32(hex: $0) }) else { continue }
            return ReplicaPeer(
                id: id, vault: vault, version: enclave.vaultVersion, enrolled: enclave.subjectKeys,
                leads: status.hasReplicaSource ? nil : true)
        }
        return nil
    }

    func export(_ command: WireExportReplicaCommand, from id: Hash32) async throws -> WireImportReplicaCommand {
        var request = request("v1/enclaves/\(id)/replica")
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = try JSONEncoder().encode(Exchange(request: Data(command.encoded())))
        let data = try await answer(request)
        guard let reply = try? JSONDecoder().decode(Exchange.self, from: data).reply,
            let command = try? WireImportReplicaCommand(strictly: [UInt8](reply), limit: Self.maximumAnswer)
        else { throw NodeError.enclaveUnavailable }
        return command
    }

    private func request(_ path: String) -> URLRequest {
        var request = URLRequest(url: URL(string: path, relativeTo: base.appending(path: "/")) ?? base)
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        return request
    }

    private func answer(_ request: URLRequest) async throws -> Data {
        let (data, response): (Data, URLResponse)
        do { (data, response) = try await session.data(for: request) } catch { throw NodeError.enclaveUnavailable }
        guard let status = (response as? HTTPURLResponse)?.statusCode, data.count <= Self.maximumAnswer else {
            throw NodeError.enclaveUnavailable
        }
        guard (200..<300).contains(status) else {
            if let failure = try? JSONDecoder().decode(Failure.self, from: data) {
                throw Refusal(failure.error.code, failure.error.name, failure.error.reason)
            }
            throw NodeError.enclaveUnavailable
        }
        return data
    }
}
