import ChainTypes
import Foundation
import FoundationEssentials
import Hummingbird
import Node
import Primitives
import WireTypes

extension Handlers {
    private static let maximumBody = 32 << 20
    private static let maximumBatchBody = 96 << 20

    var transactionRoutes: [Route] {
        [
            Route(.post, "/v1/transactions") { request, _ in try await submit(request) },
            Route(.post, "/v1/transactions/batch") { request, _ in try await submitBatch(request) },
            Route(.get, "/v1/transactions/{id}") { request, context in
                let id = try context.hash("id")
                let wait = try request.number("wait", default: 0, in: 0...60)
                return try await transaction(id, wait: wait)
            },
            Route(.get, "/v1/transactions/{id}/proof") { _, context in
                let id = try context.hash("id")
                return try await reading { try .json(ProofView(receiptProof: Data(view.receiptProof(id).encoded()))) }
            },
            Route(.post, "/v1/receipts") { request, _ in try await receipts(request) },
        ]
    }

    private struct ProofView: Encodable { let receiptProof: Data }

    private struct Submission: Decodable {
        let transaction: Data
        let sidecars: [Data]?

        var encoded: [UInt8] {
            var wire = WireTransactionWithSidecars()
            wire.transaction = transaction
            wire.sidecars = sidecars ?? []
            return wire.encoded()
        }
    }

    private struct Batch: Decodable { let transactions: [Submission] }

    private struct OutcomeView: Encodable {
        let id: String?
        var error: ErrorView.Detail?
    }

    private struct BatchView: Encodable { let results: [OutcomeView] }

    private func submit(_ request: Request) async throws -> Response {
        let body = try await request.bytes(limit: Self.maximumBody)
        let encoded = request.isProtobuf ? body : try Self.decode(Submission.self, body).encoded
        let outcome = try await node.intake.submit([encoded])[0]
        if let error = outcome.error { throw error }
        return try .json(OutcomeView(id: outcome.id?.description), status: .accepted)
    }

    private func submitBatch(_ request: Request) async throws -> Response {
        let body = try await request.bytes(limit: Self.maximumBatchBody)
        let encoded = request.isProtobuf ? try BatchFraming.split(body) : try Self.decode(Batch.self, body).transactions.map(\.encoded)
        guard encoded.count <= BatchFraming.maximumBatch else {
            throw APIError.badBody("more than \(BatchFraming.maximumBatch) transactions")
        }
        let outcomes = try await node.intake.submit(encoded)
        return try .json(
            BatchView(
                results: outcomes.map { outcome in
                    OutcomeView(id: outcome.id?.description, error: outcome.error.map { ErrorView(ErrorAnswer($0)).error })
                }))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ body: [UInt8]) throws(APIError) -> Value {
        do { return try JSONDecoder().decode(type, from: Data(body)) } catch { throw .badBody("not the JSON that is described") }
    }

    private func transaction(_ id: Hash32, wait: Int) async throws -> Response {
        if wait > 0, try view.receiptBytes(id) == nil {
            await node.events.wait(for: id, atMost: .seconds(wait)) { (try? view.receiptBytes(id)) != nil }
        }
        // The mempool is asked first: a transaction that is committed in between is then found in the archive.
        let isPending = node.mempool.contains(id)
        guard let receipt = try view.receipt(id) else {
            return try .json(TransactionView(id: "\(id)", status: isPending ? "pending" : "unknown"))
        }
        return try .json(TransactionView(id: "\(id)", status: "committed", receipt: ReceiptView(receipt)))
    }

    private struct ReceiptsRequest: Decodable { let ids: [String] }
    private struct ReceiptsView: Encodable { let receipts: [TransactionView] }

    private func receipts(_ request: Request) async throws -> Response {
        let body = try await request.bytes(limit: 1 << 20)
        let ids = try Self.decode(ReceiptsRequest.self, body).ids
        guard ids.count <= BatchFraming.maximumBatch else { throw APIError.badBody("more than \(BatchFraming.maximumBatch) ids") }
        let hashes = try ids.map { text throws(APIError) in
            guard let id = Hash32(hex: text) else { throw .badBody("an id is not 64 hexadecimal digits") }
            return id
        }
        return try await reading {
            let views = try hashes.map { id in
                let isPending = node.mempool.contains(id)
                let receipt = try view.receipt(id)
                return TransactionView(
                    id: "\(id)", status: receipt != nil ? "committed" : isPending ? "pending" : "unknown",
                    receipt: receipt.map(ReceiptView.init))
            }
            return try .json(ReceiptsView(receipts: views))
        }
    }
}
