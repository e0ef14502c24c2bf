/// Takes a stream of frames apart: each is its length as an unsigned varint, then so many bytes. Pure.
///
/// Keeps no more than came, and nothing of a frame whose length is not allowed.
package struct FrameReader: Sendable {
    /// A length of five bytes is beyond every limit.
    private static let longestPrefix = 5

    private let limit: Int
    private var input: [UInt8] = []
    private var start = 0

    /// - Parameter limit: the longest frame, without its length.
    package init(limit: Int) {
        precondition((1...Int(Int32.max)).contains(limit), "a frame has a bounded length")
        self.limit = limit
    }

    /// Bytes that wait to become frames.
    package var pending: Int { input.count - start }

    package mutating func append(_ bytes: some Collection<UInt8>) {
        if start > 0, start * 2 >= input.count {
            input.removeFirst(start)
            start = 0
        }
        input.append(contentsOf: bytes)
    }

    /// The next whole frame; `nil` until more bytes come. After an error the stream is of no more use.
    package mutating func next() throws(ABCIError) -> [UInt8]? {
        guard let (length, size) = try prefix() else { return nil }
        guard length <= limit else { throw .frameTooLarge }
        let begin = start + size
        guard input.count - begin >= length else { return nil }
        start = begin + length
        return Array(input[begin..<start])
    }

    /// The length that stands at the front, and how many bytes it takes.
    private func prefix() throws(ABCIError) -> (length: Int, size: Int)? {
        var length = 0
        for (position, byte) in input[start...].prefix(Self.longestPrefix).enumerated() {
            length |= Int(byte & 0x7f) << (position * 7)
            if byte & 0x80 == 0 {
                // A last group of zeros would be a second way to write the same length.
                guard byte != 0 || position == 0 else { throw .malformed }
                return (length, position + 1)
            }
        }
        guard pending < Self.longestPrefix else { throw .frameTooLarge }
        return nil
    }

    /// `message` as a frame.
    package static func frame(_ message: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(message.count + longestPrefix)
        var rest = message.count
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        return bytes + message
    }
}
