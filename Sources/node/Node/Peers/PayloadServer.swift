import ChainTypes
import Engine
import Networking
import Primitives
import WireTypes

/// Answers peers that lack transactions of a proposed block.
final class PayloadServer: Sendable {
    /// Bytes of transactions in one part of an answer.
    private static let partBytes = 4 << 20

    private let view: ChainView
    private let workers: WorkerPool

    init(view: ChainView, workers: WorkerPool) { (self.view, self.workers) = (view, workers) }

    func answer(_ request: PayloadRequest, engine: SimplexEngine?, send: @escaping @Sendable (PayloadResponse) -> SendResult) {
        Task { [workers] in
            // Too busy: the peer asks another one, or again.
            _ = try? await workers.run {
                // A block that came by synchronisation may lack sidecars: only whole ones are passed on.
                guard let payload = engine?.payload(request.block), payload.content.transactions.allSatisfy(\.isComplete) else {
                    _ = send(PayloadResponse(block: request.block, height: request.height, last: true))
                    return
                }
                for part in Self.parts(of: payload, request) where send(part) != .queued { return }
            }
        }
    }

    static func parts(of payload: BlockPayload, _ request: PayloadRequest) -> [PayloadResponse] {
        let all = payload.content.transactions
        let isWhole = request.missing.isEmpty
        let positions = isWhole ? Array(all.indices) : request.missing.map(Int.init).filter { all.indices.contains($0) }
        var parts: [PayloadResponse] = []
        var part = PayloadResponse(
            block: request.block, height: request.height, header: isWhole ? payload.header.bytes : [],
            evidence: isWhole ? payload.content.evidence : [], last: false)
        var bytes = 0
        for position in positions {
            let transaction = all[position].encoded
            if bytes + transaction.count > partBytes, !part.positions.isEmpty {
                parts.append(part)
                part = PayloadResponse(block: request.block, height: request.height, last: false)
                bytes = 0
            }
            part.positions.append(UInt32(position))
            part.transactions.append(transaction)
            bytes += transaction.count
        }
        part.last = true
        return parts + [part]
    }
}
