import CHardening
import Glibc

/// One end of a socket pair that keeps the limits of packets (SOCK_SEQPACKET) and can carry a descriptor.
package struct PacketChannel: Sendable {
    /// The longest packet, in bytes.
    package static let maximumBytes = 64 << 10

    package let descriptor: Int32

    package init(descriptor: Int32) { self.descriptor = descriptor }

    /// A connected pair; both ends are closed when a program is executed.
    package static func pair() -> (Int32, Int32)? { socketPair(Int32(SOCK_SEQPACKET.rawValue)) }

    /// A connected pair of streams.
    package static func streamPair() -> (Int32, Int32)? { socketPair(Int32(SOCK_STREAM.rawValue)) }

    private static func socketPair(_ type: Int32) -> (Int32, Int32)? {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, type | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { return nil }
        return (ends[0], ends[1])
    }

    /// Sends `packet`, with a descriptor if one is given; `false` if the peer has gone.
    package func send(_ packet: [UInt8], passing passed: Int32 = -1) -> Bool {
        packet.withUnsafeBytes { send($0, passing: passed) }
    }

    package func send(_ packet: UnsafeRawBufferPointer, passing passed: Int32 = -1) -> Bool {
        while true {
            let count = jupiter_send_packet(descriptor, packet.baseAddress, packet.count, passed)
            if count < 0, errno == EINTR { continue }
            return count == packet.count
        }
    }

    /// The next packet and the descriptor with it, which the caller closes; `nil` at the end or for a packet that is too long.
    package func receive() -> (packet: [UInt8], passed: Int32?)? {
        var passed: Int32 = -1
        var length = -1
        let packet = [UInt8](unsafeUninitializedCapacity: Self.maximumBytes) { buffer, filled in
            length = receive(UnsafeMutableRawBufferPointer(buffer), &passed)
            filled = max(0, length)
        }
        guard length > 0 else { return nil }
        return (packet, passed >= 0 ? passed : nil)
    }

    /// The next packet into `buffer`: its length, or 0 at the end or for a packet that is longer. For what must not be copied about.
    package func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var passed: Int32 = -1
        let length = receive(buffer, &passed)
        if passed >= 0 { close(passed) }
        return max(0, length)
    }

    private func receive(_ buffer: UnsafeMutableRawBufferPointer, _ passed: inout Int32) -> Int {
        while true {
            let count = jupiter_receive_packet(descriptor, buffer.baseAddress, buffer.count, &passed)
            if count < 0, errno == EINTR { continue }
            return count
        }
    }
}
