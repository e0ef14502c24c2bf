import ChainTypes
import Glibc
import Primitives
import Synchronization
import WireTypes

/// A node's end of the socket: blocking, one request at a time, usable from any thread.
///
/// It connects when first used, and again after a connection broke. A request whose connection broke is not sent twice: the caller
/// decides (all commands may be repeated safely).
package final class EnclaveConnection: Sendable {
    private struct Link: ~Copyable {
        var descriptor: Int32?
        var lastIdentifier: UInt64 = 0

        deinit { if let descriptor { close(descriptor) } }
    }

    package let path: String
    private let link = Mutex(Link(descriptor: nil))

    /// Does not connect yet.
    /// - Parameter path: of the enclave's socket.
    package init(path: String) { self.path = path }

    /// Sends one command and waits for its answer.
    ///
    /// - Throws: `EnclaveError` when the connection or the answer is broken; `Refusal` with the enclave's code when it refuses.
    package func perform(_ command: WireEnclaveRequest.OneOf_Command) throws -> WireEnclaveResponse.OneOf_Answer {
        let response = try link.withLock { (link) throws(EnclaveError) in try Self.exchange(command, path: path, link: &link) }
        guard let answer = response.answer else { throw EnclaveError.malformedAnswer }
        if case .failure(let failure) = answer { throw Refusal(failure) }
        return answer
    }

    /// Closes the connection; the next command opens it again.
    package func disconnect() {
        link.withLock { link in
            if let descriptor = link.descriptor { close(descriptor) }
            link.descriptor = nil
        }
    }

    private static func exchange(
        _ command: WireEnclaveRequest.OneOf_Command, path: String, link: inout Link
    ) throws(EnclaveError) -> WireEnclaveResponse {
        let descriptor: Int32
        if let open = link.descriptor { descriptor = open } else { descriptor = try UnixSocket.connect(path) }
        link.descriptor = descriptor
        link.lastIdentifier += 1
        var request = WireEnclaveRequest()
        request.id = link.lastIdentifier
        request.command = command
        let message = request.encoded()
        guard message.count <= EnclaveFraming.maximumBytes else { throw .frameTooLarge }
        do throws(EnclaveError) {
            try EnclaveFraming.write(message, to: descriptor)
            guard let bytes = try EnclaveFraming.read(from: descriptor) else { throw .connectionLost }
            guard let response = try? WireEnclaveResponse(strictly: bytes, limit: EnclaveFraming.maximumBytes) else {
                throw .malformedAnswer
            }
            guard response.id == request.id else { throw .unexpectedAnswer }
            return response
        } catch {
            // After a broken exchange the two ends no longer agree on whose turn it is.
            close(descriptor)
            link.descriptor = nil
            throw error
        }
    }
}

extension Refusal {
    /// A refusal as the enclave sent it.
    package init(_ failure: WireEnclaveFailure) {
        self.init(failure.code, String(failure.name.prefix(64)), String(failure.reason.prefix(512)))
    }
}

extension WireEnclaveFailure {
    /// The wire form of `error`.
    package init(_ error: some CodedError) {
        self.init()
        code = error.code
        name = error.name
        reason = error.reason
    }
}
