/// The body of a batch in Protocol Buffers: messages that each have their length before them, four bytes, big-endian.
package enum BatchFraming {
    /// The most transactions in one batch.
    package static let maximumBatch = 10_000

    /// The messages of `body`.
    package static func split(_ body: [UInt8]) throws(APIError) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var offset = 0
        while offset < body.count {
            guard body.count - offset >= 4 else { throw .badBody("a length is cut short") }
            let length = body[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            offset += 4
            guard length <= body.count - offset else { throw .badBody("a transaction is cut short") }
            guard messages.count < maximumBatch else { throw .badBody("more than \(maximumBatch) transactions") }
            messages.append(Array(body[offset..<offset + length]))
            offset += length
        }
        return messages
    }
}
