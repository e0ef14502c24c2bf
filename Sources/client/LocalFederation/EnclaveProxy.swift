import ChainTypes
import EnclaveProtocol
import Foundation
import Glibc
import Primitives
import Synchronization
import WireTypes

/// Stands between a node and its enclave as a hostile host could: sees every message, may change one, may show an old one again.
package final class EnclaveProxy: Sendable {
    /// Changes a command on its way to the enclave.
    package typealias Tampering = @Sendable (inout WireEnclaveRequest.OneOf_Command) -> Void

    private let core: ProxyCore
    private let server: EnclaveServer
    private let path: String
    private let stopEnd: Int32

    /// Listens at `path` and forwards to the enclave at `enclave`.
    /// - Parameter recording: a file that every message is appended to, in the clear, as the host sees it.
    package init(path: String, enclave: String, recording: String? = nil) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw LocalFederationError.socket("no pipe") }
        self.path = path
        stopEnd = ends[1]
        let core = ProxyCore(upstream: EnclaveConnection(path: enclave), recording: try recording.map(Self.openLog))
        self.core = core
        let server = try EnclaveServer(path: path) { core.answer($0) }
        self.server = server
        let readEnd = ends[0]
        Thread.detachNewThread {
            server.run(until: readEnd)
            close(readEnd)
        }
    }

    private static func openLog(_ path: String) throws -> Int32 {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw LocalFederationError.socket("\(path) cannot be written") }
        return file
    }

    /// Every command passes `tampering` from now on; `nil` ends it.
    package func tamper(_ tampering: Tampering?) { core.state.withLock { $0.tampering = tampering } }

    /// The newest command to run assessments that went to the enclave as it was.
    package var lastRun: WireRunAssessmentsCommand? { core.state.withLock { $0.lastRun } }

    /// Sends a command of one's own to the enclave.
    package func perform(_ command: WireEnclaveRequest.OneOf_Command) throws -> WireEnclaveResponse.OneOf_Answer {
        try core.upstream.perform(command)
    }

    /// Stops listening and lets `path` lead straight to the enclave, so that what is left running needs no proxy.
    package func stepAside(enclave: String) {
        var byte: UInt8 = 0
        write(stopEnd, &byte, 1)
        close(stopEnd)
        for _ in 0..<200 where access(path, F_OK) == 0 { usleep(5_000) }
        symlink(enclave, path)
    }
}

/// What the proxy's threads share.
private final class ProxyCore: Sendable {
    struct State {
        var tampering: EnclaveProxy.Tampering?
        var lastRun: WireRunAssessmentsCommand?
    }

    let state = Mutex(State())
    let upstream: EnclaveConnection
    private let recording: Int32?

    init(upstream: EnclaveConnection, recording: Int32?) {
        self.upstream = upstream
        self.recording = recording
    }

    /// Forwards one message and gives the enclave's answer.
    func answer(_ message: [UInt8]) -> [UInt8] {
        record(message)
        var response = WireEnclaveResponse()
        if let request = try? WireEnclaveRequest(strictly: message, limit: EnclaveFraming.maximumBytes), var command = request.command {
            response.id = request.id
            state.withLock { state in
                state.tampering?(&command)
                if state.tampering == nil, case .runAssessments(let run) = command { state.lastRun = run }
            }
            do { response.answer = try upstream.perform(command) } catch { response.failure = Self.failure(error) }
        } else {
            response.failure = WireEnclaveFailure(EnclaveError.malformedAnswer)
        }
        let bytes = response.encoded()
        record(bytes)
        return bytes
    }

    private static func failure(_ error: any Error) -> WireEnclaveFailure {
        if let refusal = error as? Refusal { return WireEnclaveFailure(refusal) }
        if let error = error as? EnclaveError { return WireEnclaveFailure(error) }
        return WireEnclaveFailure(EnclaveError.connectionLost)
    }

    private func record(_ bytes: [UInt8]) {
        guard let recording else { return }
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = write(recording, buffer.baseAddress?.advanced(by: done), buffer.count - done)
                guard count > 0 else { return }
                done += count
            }
        }
    }
}
