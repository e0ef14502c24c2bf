import ChainTypes
import Engine
import FoundationEssentials
import Hummingbird
import Node
import Primitives
import WireTypes

extension Handlers {
    var chainRoutes: [Route] {
        [
            Route(.get, "/v1/blocks") { request, _ in
                let limit = try request.number("limit", default: 20, in: 1...1_000)
                let before = try request.height("before")
                return try await reading { try blocks(limit: limit, before: before) }
            },
            Route(.get, "/v1/blocks/{height}") { _, context in
                let height = try number(context)
                return try await reading {
                    guard let block = try view.block(height) else { throw NodeError.notFound("block \(height)") }
                    return try .json(BlockView(block))
                }
            },
            Route(.get, "/v1/headers") { request, _ in
                let after = try request.height("after") ?? 0
                return try await reading { try headers(after: after) }
            },
            Route(.get, "/v1/headers/{height}") { _, context in
                let height = try context.parameter("height") == "latest" ? nil : number(context)
                return try await reading { try header(height ?? view.newestCertified()?.header.height ?? 0) }
            },
        ]
    }

    private func number(_ context: BasicRequestContext) throws(APIError) -> UInt64 {
        guard let height = UInt64(try context.parameter("height")) else { throw .badParameter("height") }
        return height
    }

    private struct BlocksView: Encodable {
        let blocks: [BlockLineView]
    }

    private func blocks(limit: Int, before: UInt64?) throws -> Response {
        let top = min(view.head.height, (before ?? .max) - min(1, before ?? .max))
        var lines: [BlockLineView] = []
        var height = top
        while height >= 1, lines.count < limit {
            guard let summary = try view.summary(height) else { break }
            lines.append(BlockLineView(summary))
            height -= 1
        }
        return try .json(BlocksView(blocks: lines))
    }

    private struct CertifiedHeaderView: Encodable {
        let height: UInt64
        let hash: String
        let header: Data
        let certificate: Data
        let nextValidators: Data?

        init(_ header: BlockHeader, _ wire: WireCertifiedHeader) {
            (height, hash) = (header.height, "\(header.hash)")
            (self.header, certificate) = (wire.header, wire.certificate)
            nextValidators = wire.nextValidators.isEmpty ? nil : wire.nextValidators
        }
    }

    private struct HeadersView: Encodable {
        let headers: [CertifiedHeaderView]
    }

    private func headers(after height: UInt64) throws -> Response {
        let path = try view.path(after: height).map { wire in
            guard let header = try? BlockHeader(decoding: [UInt8](wire.header)) else { throw NodeError.damagedChain("a header") }
            return CertifiedHeaderView(header, wire)
        }
        return try .json(HeadersView(headers: path))
    }

    private func header(_ height: UInt64) throws -> Response {
        guard let (header, wire) = try view.certifiedHeader(height) else { throw NodeError.notFound("header \(height)") }
        return try .json(CertifiedHeaderView(header, wire))
    }
}
