import ContractVM
import Cryptography
import DataModel
import EnclaveProtocol
import Primitives
import WireTypes

/// Programs by the hash of their code; compiled when first run.
struct ProgramCache: ~Copyable {
    private struct Entry {
        let code: [UInt8]
        var ready: ReadyProgram?
    }

    /// How many programs are kept; the oldest goes first.
    private static let capacity = 16

    private var entries: [Hash32: Entry] = [:]
    private var order: [Hash32] = []

    init() {}

    /// Keeps `code`; whether it is a program is seen when it is first run.
    mutating func load(_ code: [UInt8]) throws(EnclaveError) -> Hash32 {
        guard code.count <= ProgramLimits.standard.moduleBytes else { throw .tooMany }
        let hash = Digest.plain(code)
        guard entries[hash] == nil else { return hash }
        if order.count == Self.capacity { entries[order.removeFirst()] = nil }
        entries[hash] = Entry(code: code)
        order.append(hash)
        return hash
    }

    /// The program, compiled under the limits of its published manifest.
    mutating func program(_ hash: Hash32, manifest: WireProgramManifest) throws(RunFailure) -> ReadyProgram {
        guard let entry = entries[hash] else { throw .host(.programNotLoaded) }
        // A code hash is published once, so its manifest never changes on one chain.
        if let ready = entry.ready, ready.manifest == manifest { return ready }
        let ready = try ReadyProgram(code: entry.code, manifest: manifest)
        entries[hash]?.ready = ready
        return ready
    }
}

/// A compiled program with what it declared.
struct ReadyProgram {
    let manifest: WireProgramManifest
    let outputSchema: OutputSchema
    /// The most bytes of an output: the smaller of manifest, schema and standard limits.
    let maximumOutput: Int
    private let compiled: CompiledProgram

    init(code: [UInt8], manifest: WireProgramManifest) throws(RunFailure) {
        do { outputSchema = try OutputSchema.decode([UInt8](manifest.outputSchema)) } catch { throw .final(.badSchema) }
        var limits = ProgramLimits.standard
        limits.fuel = max(1, min(limits.fuel, manifest.fuel))
        maximumOutput = min(limits.outputBytes, Int(manifest.maximumOutput), outputSchema.maximumBytes)
        limits.outputBytes = maximumOutput
        do throws(ProgramError) {
            compiled = try ProgramEngine(limits: limits).compile(code)
        } catch { throw .final(error) }
        self.manifest = manifest
    }

    /// Runs the program over `input` and lets nothing pass but what it declared.
    func run(_ input: RowBatch) throws(RunFailure) -> [UInt8] {
        let output: [UInt8]
        do throws(ProgramError) { output = try compiled.run(input.encode()).output } catch {
            switch error {
            case .engineBusy, .engineFailure: throw .host(error)
            default: throw .final(error)
            }
        }
        guard output.count <= maximumOutput, (try? outputSchema.check(output)) != nil else { throw .final(.outputRefused) }
        return output
    }
}
