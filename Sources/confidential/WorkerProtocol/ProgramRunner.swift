import ProgramInterface

/// Where programs run: in worker processes, or (tests and benchmarks of everything else) in the process that asks.
package protocol ProgramRunner: Sendable {
    /// Compiles `code` and makes it ready to run under `limits`.
    /// - Throws: `program` when it is none; `unavailable` or `lost` when it can be tried again.
    func prepare(_ code: [UInt8], limits: ProgramLimits) throws(RunnerError) -> any PreparedProgram
}

/// One program, ready to run; in the enclave every run has a process of its own. Runs are begun and finished in the same order, at most `ProgramRuns.maximumBegun` at a time, so that whoever asks can
/// prepare the next while this one runs. Each run has a fresh instance.
package protocol PreparedProgram: AnyObject {
    /// Begins a run over `input`, which travels padded to `padded` bytes; `padded` must not depend on what `input` says.
    func begin(_ input: [UInt8], padded: Int) throws(RunnerError)
    /// The output of the oldest run that is not finished.
    func finish() throws(RunnerError) -> [UInt8]
}

/// How runs overlap.
package enum ProgramRuns {
    /// The most runs of one program between their beginning and their end.
    package static let maximumBegun = 2
    /// Workers of a program that wait for a run.
    package static let spares = 2
}

/// Why a run gave nothing.
package enum RunnerError: Error, Equatable {
    /// The program or the engine, by its code alone.
    case program(ProgramError)
    /// No worker can be started now.
    case unavailable
    /// The worker died, or answered what no worker answers; a new one is needed.
    case lost
}
