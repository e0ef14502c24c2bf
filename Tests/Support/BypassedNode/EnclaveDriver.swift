import Attestation
import ChainTypes
import Crypto
import Cryptography
import EnclaveCore
import EnclavePlatforms
import EnclaveProtocol
import EnclaveWorker
import PlatformProtocol
import Primitives
import Synchronization
import WireTypes

extension Enclave {
    /// An enclave that runs programs in this process.
    package convenience init(
        platform: some EnclavePlatform, storage: sending any VaultStorage, genesis: Genesis, observer: EnclaveStepObserver? = nil
    ) throws(VaultError) {
        try self.init(platform: platform, storage: storage, genesis: genesis, programs: InProcessPrograms(), observer: observer)
    }
}

/// How a test speaks to an enclave: over a socket, or to one in its own process through the same bytes.
package enum EnclaveDriver {
    case socket(EnclaveConnection)
    case inProcess(Enclave)
    /// One message in, one message out, however they travel.
    case bytes((_ request: [UInt8]) throws -> [UInt8])

    /// Sends a command; refusals are thrown as `Refusal`.
    package func perform(_ command: WireEnclaveRequest.OneOf_Command) throws -> WireEnclaveResponse.OneOf_Answer {
        let answer: WireEnclaveResponse.OneOf_Answer
        switch self {
        case .socket(let connection): return try connection.perform(command)
        case .inProcess(let enclave): answer = try Self.perform(command) { enclave.handle($0) }
        case .bytes(let exchange): answer = try Self.perform(command, exchange)
        }
        if case .failure(let failure) = answer { throw Refusal(failure) }
        return answer
    }

    private static func perform(
        _ command: WireEnclaveRequest.OneOf_Command, _ exchange: ([UInt8]) throws -> [UInt8]
    ) throws -> WireEnclaveResponse.OneOf_Answer {
        var request = WireEnclaveRequest()
        request.id = 7
        request.command = command
        let response = try WireEnclaveResponse(strictly: exchange(request.encoded()), limit: EnclaveFraming.maximumBytes)
        precondition(response.id == 7, "an answer carries its request's number")
        guard let answer = response.answer else { throw EnclaveError.malformedAnswer }
        return answer
    }
}

/// A vault's disk in memory. What is not synchronised is lost by `crash`, wholly or in part.
///
/// `@unchecked Sendable`: all state is behind the mutex.
package final class MemoryVaultStorage: VaultStorage, @unchecked Sendable {
    private struct Disk {
        var durable: [UInt8] = []
        var current: [UInt8] = []
        var ignoresSynchronize = false
        var failsWrites = false
        var synchronizations = 0
    }

    private let disk = Mutex(Disk())

    package init(_ bytes: [UInt8] = []) {
        disk.withLock { disk in
            disk.durable = bytes
            disk.current = bytes
        }
    }

    package func contents() throws(VaultError) -> [UInt8] { disk.withLock(\.current) }

    package func append(_ bytes: [UInt8]) throws(VaultError) {
        let isWritten = disk.withLock { disk in
            if !disk.failsWrites { disk.current += bytes }
            return !disk.failsWrites
        }
        guard isWritten else { throw .ioFailed }
    }

    package func truncate(to length: Int) throws(VaultError) { disk.withLock { $0.current = Array($0.current.prefix(length)) } }

    package func synchronize() throws(VaultError) {
        disk.withLock { disk in
            disk.synchronizations += 1
            if !disk.ignoresSynchronize { disk.durable = disk.current }
        }
    }

    package func replace(with bytes: [UInt8]) throws(VaultError) {
        let isWritten = disk.withLock { disk in
            guard !disk.failsWrites else { return false }
            (disk.current, disk.durable) = (bytes, bytes)
            disk.synchronizations += 1
            return true
        }
        guard isWritten else { throw .ioFailed }
    }

    /// A disk that says it is done before it is: the error that the power-loss test must find.
    package func ignoreSynchronize() { disk.withLock { $0.ignoresSynchronize = true } }
    package func failWrites() { disk.withLock { $0.failsWrites = true } }
    package var synchronizations: Int { disk.withLock(\.synchronizations) }

    /// What a power loss leaves: all that is durable, and of the rest any mix of sectors written and not.
    package func afterPowerLoss(_ generator: inout SeededGenerator) -> MemoryVaultStorage {
        var left = disk.withLock(\.durable)
        let current = disk.withLock(\.current)
        if current.count > left.count, generator.next() % 4 != 0 {
            // The length may be safe where the content is not: such sectors read as zeros.
            let size = left.count + Int(generator.next() % UInt64(current.count - left.count + 1))
            var written: [Int: Bool] = [:]
            for index in left.count..<size {
                let isWritten = written[index / 512] ?? (generator.next() % 2 == 0)
                written[index / 512] = isWritten
                left.append(isWritten ? current[index] : 0)
            }
        }
        return MemoryVaultStorage(left)
    }
}

/// The platform of tests: simulated, with its key in memory.
package struct MemoryPlatform: EnclavePlatform {
    private let platform = SimulatedPlatform(home: "/nonexistent")
    private let secret: [UInt8]

    /// What it passes for with itself; its evidence is simulated all the same.
    package let assurance: AssuranceClass

    package init(seed: UInt64 = 99, assurance: AssuranceClass = .none) {
        self.assurance = assurance
        var generator = SeededGenerator(seed: seed)
        secret = generator.bytes(32)
    }

    package var name: String { platform.name }
    package var measurement: Hash32 { platform.measurement }
    package func report(_ binding: AttestationBinding) throws(VaultError) -> [UInt8] { platform.report(binding) }
    package func sealingKey() throws(VaultError) -> SymmetricKey {
        guard let key = try? AuthenticatedEncryption.key(secret) else { throw .badSealingKey }
        return key
    }
}
