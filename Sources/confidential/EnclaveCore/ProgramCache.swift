import Cryptography
import DataModel
import EnclaveProtocol
import Primitives
import ProgramInterface
import WireTypes
import WorkerProtocol

/// Programs by the hash of their code; made ready when first run.
struct ProgramCache: ~Copyable {
    private struct Entry {
        let code: [UInt8]
        var ready: ReadyProgram?
    }

    /// How many programs are kept; the oldest goes first.
    private static let capacity = 16
    /// How many are ready to run: each may be a process. The one that was not used for longest goes first.
    package static let maximumReady = 8

    private let runner: any ProgramRunner
    private var entries: [Hash32: Entry] = [:]
    private var order: [Hash32] = []
    /// Those that are ready, the last used last.
    private var used: [Hash32] = []

    init(_ runner: any ProgramRunner) { self.runner = runner }

    /// Keeps `code`; whether it is a program is seen when it is first run.
    mutating func load(_ code: [UInt8]) throws(EnclaveError) -> Hash32 {
        guard code.count <= ProgramLimits.standard.moduleBytes else { throw .tooMany }
        let hash = Digest.plain(code)
        guard entries[hash] == nil else { return hash }
        if order.count == Self.capacity {
            let oldest = order.removeFirst()
            drop(oldest)
            entries[oldest] = nil
        }
        entries[hash] = Entry(code: code)
        order.append(hash)
        return hash
    }

    /// The program, ready under the limits of its published manifest.
    mutating func program(_ hash: Hash32, manifest: WireProgramManifest) throws(RunFailure) -> ReadyProgram {
        guard let entry = entries[hash] else { throw .host(.programNotLoaded) }
        // A code hash is published once, so its manifest never changes on one chain.
        if let ready = entry.ready, ready.manifest == manifest, !ready.isLost {
            used.removeAll { $0 == hash }
            used.append(hash)
            return ready
        }
        drop(hash)
        while used.count >= Self.maximumReady { drop(used[0]) }
        let ready = try ReadyProgram(code: entry.code, manifest: manifest, runner: runner)
        entries[hash]?.ready = ready
        used.append(hash)
        return ready
    }

    private mutating func drop(_ hash: Hash32) {
        entries[hash]?.ready = nil
        used.removeAll { $0 == hash }
    }
}

/// A program that can be run, with what it declared.
final class ReadyProgram {
    let manifest: WireProgramManifest
    let outputSchema: OutputSchema
    /// The most bytes of an output: the smaller of manifest, schema and standard limits.
    let maximumOutput: Int
    private let program: any PreparedProgram
    /// Whether its worker is gone, so that another one is needed.
    private(set) var isLost = false

    init(code: [UInt8], manifest: WireProgramManifest, runner: any ProgramRunner) throws(RunFailure) {
        do { outputSchema = try OutputSchema.decode([UInt8](manifest.outputSchema)) } catch { throw .final(.badSchema) }
        var limits = ProgramLimits.standard
        limits.fuel = max(1, min(limits.fuel, manifest.fuel))
        maximumOutput = min(limits.outputBytes, Int(manifest.maximumOutput), outputSchema.maximumBytes)
        limits.outputBytes = maximumOutput
        do throws(RunnerError) { program = try runner.prepare(code, limits: limits) } catch { throw RunFailure(error) }
        self.manifest = manifest
    }

    /// Begins a run over `input`.
    /// - Parameter bound: the most bytes that an input with these fields, parameters and number of rows can have.
    func begin(_ input: RowBatch, bound: Int) throws(RunFailure) {
        do throws(RunnerError) { try program.begin(input.encode(), padded: WorkerFrame.bucket(bound)) } catch { throw failure(error) }
    }

    /// The output of the oldest run that is not finished; nothing passes but what the program declared.
    func finish() throws(RunFailure) -> [UInt8] {
        let output: [UInt8]
        do throws(RunnerError) { output = try program.finish() } catch { throw failure(error) }
        guard output.count <= maximumOutput, (try? outputSchema.check(output)) != nil else { throw .final(.outputRefused) }
        return output
    }

    private func failure(_ error: RunnerError) -> RunFailure {
        if error == .lost { isLost = true }
        return RunFailure(error)
    }
}

extension RunFailure {
    /// What a program did is final, and told by its code alone: not even the number that a program refuses with leaves the enclave.
    init(_ error: RunnerError) {
        switch error {
        case .program(.engineBusy): self = .host(ProgramError.engineBusy)
        case .program(.engineFailure): self = .host(ProgramError.engineFailure(""))
        case .program(let error): self = .final(ProgramError(code: error.code) ?? .engineFailure(""))
        case .unavailable, .lost: self = .host(.workerLost)
        }
    }
}
