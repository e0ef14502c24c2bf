import ContractVM
import ProgramInterface
import WorkerProtocol

/// Runs programs in the process that asks: for tests and benchmarks of everything else.
package struct InProcessPrograms: ProgramRunner {
    package init() {}

    package func prepare(_ code: [UInt8], limits: ProgramLimits) throws(RunnerError) -> any PreparedProgram {
        do throws(ProgramError) {
            return InProcessProgram(try ProgramEngine(concurrentRuns: 1).compile(code), limits)
        } catch { throw .program(error.plain) }
    }
}

private final class InProcessProgram: PreparedProgram {
    private let program: CompiledProgram
    private let limits: ProgramLimits
    private var results: [Result<[UInt8], RunnerError>] = []

    init(_ program: CompiledProgram, _ limits: ProgramLimits) { (self.program, self.limits) = (program, limits) }

    func begin(_ input: [UInt8], padded: Int) {
        let result = input.withUnsafeBytes { bytes in
            Result { () throws(ProgramError) in try program.run(bytes, limits: limits).output }
        }
        results.append(result.mapError { .program($0.plain) })
    }

    func finish() throws(RunnerError) -> [UInt8] {
        guard !results.isEmpty else { throw .lost }
        return try results.removeFirst().get()
    }
}

extension ProgramError {
    /// Without what the module or the program said.
    var plain: ProgramError { ProgramError(code: code) ?? .engineFailure("") }
}
