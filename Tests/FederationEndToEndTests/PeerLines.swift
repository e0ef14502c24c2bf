import Foundation
import Glibc
import Synchronization

/// The connections between the nodes of one machine, led through this process so that they can be cut.
///
/// The endpoint by which the others know a node is a port of this process; what comes in there goes on to where the node listens. Who
/// dialled is told by the system: the socket at the other end belongs to one of the nodes' processes. A cut line carries nothing and
/// closes nothing, as a broken cable does; what was under way when it was cut arrives when it is mended.
final class PeerLines: Sendable {
    /// What a node is known by, and where it is.
    struct Place: Sendable {
        let known: Int
        let actual: Int
        let processID: @Sendable () -> pid_t?
    }

    /// What the thread that carries the bytes is told.
    final class Control: Sendable {
        private struct State {
            var cut: Set<Int> = []
            var isStopped = false
        }

        private let state = Mutex(State())
        let ended = DispatchSemaphore(value: 0)

        /// The nodes that nobody reaches; `nil` once it is over.
        var cut: Set<Int>? { state.withLock { $0.isStopped ? nil : $0.cut } }

        func change(_ node: Int, isCut: Bool) {
            state.withLock { state in
                if isCut { state.cut.insert(node) } else { state.cut.remove(node) }
            }
        }

        /// Whether this was the first time.
        func stop() -> Bool {
            state.withLock { state in
                defer { state.isStopped = true }
                return !state.isStopped
            }
        }
    }

    private let control = Control()

    /// Listens at the known port of each place, until `stop`.
    init(_ places: [Place]) throws {
        let listeners = try places.map { try Descriptor.listening(at: $0.known) }
        Thread.detachNewThread { [control] in
            var board = Switchboard(places, listeners: listeners)
            while let cut = control.cut { board.turn(cut: cut) }
            board.close()
            control.ended.signal()
        }
    }

    /// From now on nothing passes between this node and the others.
    func cut(_ node: Int) { control.change(node, isCut: true) }

    func mend(_ node: Int) { control.change(node, isCut: false) }

    func stop() { if control.stop() { control.ended.wait() } }

    deinit { stop() }
}

/// One thread's view of all lines.
private struct Switchboard {
    /// One connection: the end that was dialled from, and the one that leads to the listener, once there is one.
    private struct Line {
        let dialler: Int
        let listener: Int
        var ends: [Int32]
        /// What came from each end and waits for the other to take it.
        var waiting: [[UInt8]] = [[], []]
        var isOver = false

        func touches(_ nodes: Set<Int>) -> Bool { nodes.contains(dialler) || nodes.contains(listener) }
    }

    private let places: [PeerLines.Place]
    private let listeners: [Int32]
    private var lines: [Line] = []
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)

    init(_ places: [PeerLines.Place], listeners: [Int32]) { (self.places, self.listeners) = (places, listeners) }

    /// Waits a little for something to come, and carries it on.
    mutating func turn(cut: Set<Int>) {
        connect(cut)
        var polled = listeners.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var ends: [(line: Int, end: Int)] = []
        for (position, line) in lines.enumerated() where line.ends.count == 2 && !line.touches(cut) {
            for end in 0..<2 {
                let events = (line.waiting[end].isEmpty ? POLLIN : 0) | (line.waiting[1 - end].isEmpty ? 0 : POLLOUT)
                polled.append(pollfd(fd: line.ends[end], events: Int16(events), revents: 0))
                ends.append((position, end))
            }
        }
        guard poll(&polled, nfds_t(polled.count), 20) > 0 else { return }
        for (position, listener) in listeners.enumerated() where polled[position].revents != 0 { accept(listener, position) }
        for (ready, (line, end)) in zip(polled.dropFirst(listeners.count), ends) where ready.revents != 0 {
            if Int32(ready.revents) & POLLOUT != 0 { send(line, to: end) }
            if Int32(ready.revents) & (POLLIN | POLLHUP | POLLERR) != 0 { receive(line, from: end) }
        }
        for line in lines where line.isOver { for end in line.ends { Glibc.close(end) } }
        lines.removeAll(where: \.isOver)
    }

    func close() { for descriptor in listeners + lines.flatMap(\.ends) { Glibc.close(descriptor) } }

    private mutating func accept(_ listener: Int32, _ position: Int) {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        guard let dialler = dialler(of: descriptor, at: places[position].known), Descriptor.prepare(descriptor) else {
            Glibc.close(descriptor)
            return
        }
        lines.append(Line(dialler: dialler, listener: position, ends: [descriptor]))
    }

    /// Leads new lines on, unless they are cut.
    private mutating func connect(_ cut: Set<Int>) {
        for position in lines.indices where lines[position].ends.count == 1 && !lines[position].touches(cut) {
            if let descriptor = Descriptor.connected(to: places[lines[position].listener].actual) {
                lines[position].ends.append(descriptor)
            } else {
                Glibc.close(lines[position].ends[0])
                lines[position].ends = []
                lines[position].isOver = true
            }
        }
        lines.removeAll { $0.isOver && $0.ends.isEmpty }
    }

    private mutating func receive(_ line: Int, from end: Int) {
        guard lines[line].waiting[end].isEmpty else { return }
        let count = recv(lines[line].ends[end], &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 {
            lines[line].waiting[end] = Array(buffer[..<count])
            send(line, to: 1 - end)
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            lines[line].isOver = true
        }
    }

    /// Hands on what came from the other end.
    private mutating func send(_ line: Int, to end: Int) {
        let bytes = lines[line].waiting[1 - end]
        guard !bytes.isEmpty else { return }
        let count = Glibc.send(lines[line].ends[end], bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        if count >= 0 {
            lines[line].waiting[1 - end].removeFirst(count)
        } else if errno != EAGAIN, errno != EINTR {
            lines[line].isOver = true
        }
    }

    /// Which node's process holds the other end of a connection that came in at `port`.
    private func dialler(of descriptor: Int32, at port: Int) -> Int? {
        guard let from = Descriptor.peerPort(descriptor), let socket = Self.socket(from: from, to: port) else { return nil }
        return places.firstIndex { place in
            guard let folder = place.processID().map({ "/proc/\($0)/fd/" }) else { return false }
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.contains { (try? FileManager.default.destinationOfSymbolicLink(atPath: folder + $0)) == socket }
        }
    }

    /// The socket of a connection of this machine, as `/proc/PID/fd` names it.
    private static func socket(from local: Int, to remote: Int) -> String? {
        guard let table = try? FileHandle(forReadingAtPath: "/proc/net/tcp")?.readToEnd() else { return nil }
        for line in String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 9, port(fields[1]) == local, port(fields[2]) == remote else { continue }
            return "socket:[\(fields[9])]"
        }
        return nil
    }

    /// The port of an address in `/proc/net/tcp`.
    private static func port(_ address: Substring) -> Int? { address.split(separator: ":").last.flatMap { Int($0, radix: 16) } }
}

/// Sockets of this machine.
private enum Descriptor {
    static func listening(at port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard prepare(descriptor), withAddress(port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 64) == 0 else {
            Glibc.close(descriptor)
            throw ProcessFederation.Stuck(what: "port \(port) is not free")
        }
        return descriptor
    }

    static func connected(to port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard withAddress(port, { Glibc.connect(descriptor, $0, $1) }) == 0, prepare(descriptor) else {
            Glibc.close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Children must not inherit it, small messages must not wait, and no call may block.
    static func prepare(_ descriptor: Int32) -> Bool {
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        return fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 && fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0
    }

    static func peerPort(_ descriptor: Int32) -> Int? {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &size) }
        }
        return status == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }

    private static func withAddress(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
