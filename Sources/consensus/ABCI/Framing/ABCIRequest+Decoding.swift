import SwiftProtobuf

/// What a connection of the engine may hold.
package enum ABCILimits {
    /// The longest request: the largest block that CometBFT allows, with what stands around its transactions.
    package static let frame = 104 << 20
    /// The largest block, in CometBFT's own count.
    package static let block = 100 << 20
    /// Of a snapshot's chunk, with its message.
    package static let chunk = 16 << 20
}

extension ABCIRequest {
    /// Decodes a frame. The engine's encoder is not ours, so that fields may stand in any order; unknown ones are passed over.
    /// - Throws: `frameTooLarge`, `malformed`, or `unknownKind` for a request without a kind that we know.
    package init(frame bytes: [UInt8]) throws(ABCIError) {
        guard bytes.count <= ABCILimits.frame else { throw .frameTooLarge }
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 12
        options.discardUnknownFields = true
        do { try self.init(serializedBytes: bytes, options: options) } catch { throw .malformed }
        guard kind != nil else { throw .unknownKind }
    }
}

extension ABCIResponse {
    package init(_ kind: OneOf_Kind) {
        self.init()
        self.kind = kind
    }

    /// Tells the engine what ends it; the text names the error's code.
    package static func exception(_ text: String) -> ABCIResponse {
        var exception = ABCIExceptionResponse()
        exception.error = text
        return ABCIResponse(.exception(exception))
    }

    /// The frame that travels.
    package var frame: [UInt8] {
        // A proto3 message always serialises; an empty frame would be an answer without a kind, which ends the engine.
        FrameReader.frame((try? serializedBytes()) ?? [])
    }
}
