import ChainTypes
import Foundation
import Hummingbird
import Node
import Primitives
import WireTypes

/// What wallets ask about enclaves, and other nodes' enclaves and the operator of this node's. All of it is proven, or sealed and signed: the
/// node only carries it.
extension Handlers {
    private static let requestLimit = 1 << 20
    private static let packageLimit = 96 << 20

    var enclaveRoutes: [Route] {
        [
            Route(.get, "/v1/enclaves/{id}/proof") { _, context in
                let id = try context.hash("id")
                return try await reading { try .json(EnclaveProofView(enclaveProof: Data(view.enclaveProof(id).encoded()))) }
            },
            Route(.get, "/v1/enclaves/{id}/session") { _, context in
                try .json(SessionView(session: Data(try enclave(context).session().encoded())))
            },
            Route(.post, "/v1/enclaves/{id}/replica") { request, context in try await replica(request, context) },
            Route(.post, "/v1/enclaves/{id}/recovery") { _, context in try await recovery(context) },
            Route(.post, "/v1/enclaves/{id}/recover") { request, context in try await recover(request, context) },
        ]
    }

    private struct EnclaveProofView: Encodable { let enclaveProof: Data }
    private struct SessionView: Encodable { let session: Data }
    private struct ReplicaRequest: Decodable { let request: Data }
    private struct ReplicaView: Encodable { let reply: Data }
    private struct PackageRequest: Decodable { let package: Data }
    private struct PackageView: Encodable { let package: Data }
    private struct RecoveryView: Encodable { let subjectKeys: UInt32 }

    /// A part of the vault for an enclave of another node.
    private func replica(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let body = try Self.decode(ReplicaRequest.self, try await request.bytes(limit: Self.requestLimit))
        guard let command = try? WireExportReplicaCommand(strictly: [UInt8](body.request), limit: Self.requestLimit) else {
            throw APIError.badBody("request is not an ExportReplicaCommand")
        }
        return try .json(ReplicaView(reply: Data(try await enclave(context).export(command).encoded())))
    }

    private func recovery(_ context: BasicRequestContext) async throws -> Response {
        try .json(PackageView(package: Data(try await enclave(context).exportRecovery().encoded())))
    }

    private func recover(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let body = try Self.decode(PackageRequest.self, try await request.bytes(limit: Self.packageLimit))
        guard let package = try? WireRecoveryPackage(strictly: [UInt8](body.package), limit: Self.packageLimit) else {
            throw APIError.badBody("package is not a RecoveryPackage")
        }
        return try .json(RecoveryView(subjectKeys: try await enclave(context).recover(package)))
    }

    /// The node's own enclave that the path names.
    private func enclave(_ context: BasicRequestContext) throws -> EnclaveHost {
        guard let id = context.parameters.get("id").flatMap({ Hash32(hex: $0) }) else { throw APIError.badParameter("id") }
        guard let enclave = node.enclaves.first(where: { $0.status.id == id }) else { throw NodeError.enclaveUnavailable }
        return enclave
    }
}
