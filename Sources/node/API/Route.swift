import Foundation
import FoundationEssentials
import Hummingbird
import NIOCore
import Node
import Primitives

/// One address of the API; the list of all of them is compared with the OpenAPI document by a test.
struct Route: Sendable {
    typealias Handler = @Sendable (Request, BasicRequestContext) async throws -> Response

    let method: HTTPRequest.Method
    /// As in OpenAPI: `/v1/blocks/{height}`.
    let path: String
    let handler: Handler

    init(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) {
        (self.method, self.path, self.handler) = (method, path, handler)
    }
}

extension Response {
    /// `value` as JSON.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return bytes([UInt8](try encoder.encode(value)), type: "application/json", status: status)
    }

    static func bytes(_ bytes: [UInt8], type: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func failure(_ error: any CodedError) -> Response {
        let answer = ErrorAnswer(error)
        let status = HTTPResponse.Status(code: answer.status)
        var response = (try? json(ErrorView(answer), status: status)) ?? Response(status: status)
        if let seconds = answer.retryAfter { response.headers[.retryAfter] = String(seconds) }
        if answer.status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}

extension Request {
    /// A number in the query; `fallback` when it is not there.
    func number(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws(APIError) -> Int {
        guard let text = uri.queryParameters[Substring(name)] else { return fallback }
        guard let number = Int(text), range.contains(number) else { throw .badParameter(name) }
        return number
    }

    func height(_ name: String) throws(APIError) -> UInt64? {
        guard let text = uri.queryParameters[Substring(name)] else { return nil }
        guard let number = UInt64(text) else { throw .badParameter(name) }
        return number
    }

    func flag(_ name: String) throws(APIError) -> Bool {
        switch uri.queryParameters[Substring(name)] {
        case nil, "false": false
        case "true", "": true
        default: throw .badParameter(name)
        }
    }

    func text(_ name: String) -> String? {
        uri.queryParameters[Substring(name)].map { String($0).removingPercentEncoding ?? String($0) }
    }

    /// The whole body, at most `limit` bytes.
    func bytes(limit: Int) async throws -> [UInt8] {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw APIError.bodyTooLarge }
        do {
            return Array(try await body.collect(upTo: limit).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw APIError.bodyTooLarge
        }
    }

    var isProtobuf: Bool { headers[.contentType]?.lowercased().hasPrefix("application/protobuf") ?? false }
}

extension BasicRequestContext {
    func parameter(_ name: String) throws(APIError) -> String {
        guard let text = parameters.get(name), let decoded = text.removingPercentEncoding else { throw .badParameter(name) }
        return decoded
    }

    func hash(_ name: String) throws(APIError) -> Hash32 {
        guard let hash = Hash32(hex: try parameter(name)) else { throw .badParameter(name) }
        return hash
    }
}
