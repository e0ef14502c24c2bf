import Primitives
import SwiftProtobuf

/// Why outside bytes are not a message (codes 950–959).
package enum WireError: UInt32, CodedError {
    case tooLarge = 950
    case malformed = 951
    case notCanonical = 952

    package static let domain = "wire"
    package var reason: String {
        switch self {
        case .tooLarge: "the message is larger than this place accepts"
        case .malformed: "the bytes are not a message of the expected type"
        case .notCanonical: "the message has unknown fields, explicit defaults or a non-minimal encoding"
        }
    }
}

extension SwiftProtobuf.Message {
    /// Decodes `bytes`, accepting only the one encoding that `encoded()` would give.
    ///
    /// Protocol Buffers alone keep unknown fields and accept repeated scalars, overlong varints and explicit defaults
    /// (`docs/spec/encodings.md`); whatever is hashed or signed here has one form.
    /// - Parameter limit: the most bytes that are looked at.
    package init(strictly bytes: [UInt8], limit: Int) throws(WireError) {
        guard bytes.count <= limit else { throw .tooLarge }
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 12
        options.discardUnknownFields = true
        do { try self.init(serializedBytes: bytes, options: options) } catch { throw .malformed }
        guard encoded() == bytes else { throw .notCanonical }
    }

    /// The message's only encoding.
    package func encoded() -> [UInt8] {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        do { return try serializedBytes(options: options) } catch {
            // Serialisation fails only on missing proto2 required fields, which our messages do not have.
            preconditionFailure("a proto3 message always serialises")
        }
    }
}
