import ChainTypes
import EnclaveProtocol
import FoundationEssentials
import PlatformProtocol
import Primitives
import SwiftProtobuf
import Synchronization
import WireTypes
import WorkerProtocol

/// The enclave as its socket sees it: one message in, one message out, one at a time.
package final class Enclave: Sendable {
    private let machine: Mutex<EnclaveMachine>
    private let limiter: Mutex<CommandLimiter>

    /// Opens the enclave in `storage`, or begins one for the chain of `genesis`.
    /// - Parameters:
    ///   - programs: where programs run.
    ///   - limits: of what a node may ask in a time; they count only in `handle(_:at:)`.
    ///   - observer: for benchmarks.
    package init(
        platform: some EnclavePlatform, storage: sending any VaultStorage, genesis: Genesis, programs: any ProgramRunner,
        limits: CommandLimits = .standard, observer: EnclaveStepObserver? = nil
    ) throws(VaultError) {
        machine = Mutex(
            try EnclaveMachine(platform: platform, storage: storage, genesis: genesis, programs: programs, observer: observer))
        limiter = Mutex(CommandLimiter(limits))
    }

    /// What `Status` answers.
    package var status: WireStatusAnswer { machine.withLock { (try? $0.status()) ?? WireStatusAnswer() } }

    /// Answers one message that came at `time` (milliseconds of a clock that never goes back), if the limits allow another.
    package func handle(_ message: [UInt8], at time: UInt64) -> [UInt8] { respond(message, at: time) }

    /// Answers one message; whatever its bytes, it neither throws nor stops.
    package func handle(_ message: [UInt8]) -> [UInt8] { respond(message, at: nil) }

    private func respond(_ message: [UInt8], at time: UInt64?) -> [UInt8] {
        var response = WireEnclaveResponse()
        let request = Self.request(message)
        response.id = request?.id ?? 0
        if let time, !limiter.withLock({ $0.admit(bytes: message.count, bringsEvidence: request?.bringsEvidence ?? true, at: time) }) {
            response.answer = .failure(WireEnclaveFailure(EnclaveError.tooFast))
        } else if let command = request?.command {
            response.answer = handle(command)
        } else {
            response.answer = .failure(WireEnclaveFailure(EnclaveError.malformedCommand))
        }
        if let time, let answer = response.answer {
            let broken = answer.brokenEvidence
            if broken > 0 { limiter.withLock { $0.count(broken: broken, at: time) } }
        }
        let bytes = response.encoded()
        guard bytes.count > EnclaveFraming.maximumBytes else { return bytes }
        response.answer = .failure(WireEnclaveFailure(EnclaveError.frameTooLarge))
        return response.encoded()
    }

    /// Frames are neither hashed nor signed, so any encoding will do; what is inside them and counts is decoded strictly.
    private static func request(_ message: [UInt8]) -> WireEnclaveRequest? {
        guard message.count <= EnclaveFraming.maximumBytes else { return nil }
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 12
        options.discardUnknownFields = true
        return try? WireEnclaveRequest(serializedBytes: message, options: options)
    }

    /// Answers one command.
    package func handle(_ command: WireEnclaveRequest.OneOf_Command) -> WireEnclaveResponse.OneOf_Answer {
        machine.withLock { machine in
            do { return try machine.answer(command) } catch let error as any CodedError {
                return .failure(WireEnclaveFailure(error))
            } catch {
                return .failure(WireEnclaveFailure(EnclaveError.internalFailure))
            }
        }
    }

    /// Makes everything durable and serves nothing any more: what waits for the lock waits until the process ends.
    package func stop() throws(VaultError) { try machine.withLock { (machine) throws(VaultError) in try machine.flush() } }
}

extension EnclaveMachine {
    fileprivate mutating func answer(_ command: WireEnclaveRequest.OneOf_Command) throws -> WireEnclaveResponse.OneOf_Answer {
        switch command {
        case .status: .status(try status())
        case .attest(let command): .attest(try attest(command))
        case .importHeaders(let command): .importHeaders(try importHeaders(command))
        case .proveAnchor(let command): .proveAnchor(try proveAnchor(command))
        case .enrol(let command): .enrol(try enrol(command))
        case .loadProgram(let command): .loadProgram(try loadProgram(command))
        case .runAssessments(let command): .runAssessments(try runAssessments(command))
        case .openAssessments(let command): .openAssessments(try openAssessments(command))
        case .confirmAssessments(let command): .confirmAssessments(try confirmAssessments(command))
        case .runSubscription(let command): .runSubscription(try runSubscription(command))
        case .openSubscription(let command): .openSubscription(try openSubscription(command))
        case .backup: .backup(try backup())
        case .provePunctures(let command): .provePunctures(try provePunctures(command))
        case .offerReplica(let command): .offerReplica(try offerReplica(command))
        case .exportReplica(let command): .exportReplica(try exportReplica(command))
        case .importReplica(let command): .importReplica(try importReplica(command))
        case .exportRecovery(let command): .exportRecovery(try exportRecovery(command))
        case .importRecovery(let command): .importRecovery(try importRecovery(command))
        case .grantKeys(let command): .grantKeys(try grantKeys(command))
        case .followRecoveryPlan(let command): .followRecoveryPlan(try followRecoveryPlan(command))
        }
    }

    private mutating func loadProgram(_ command: WireLoadProgramCommand) throws(EnclaveError) -> WireLoadProgramAnswer {
        var answer = WireLoadProgramAnswer()
        answer.codeHash = .init(try programs.load([UInt8](command.code)).bytes)
        return answer
    }
}
