import ProgramSDK

/// The probability that one applicant turns out a bad credit risk: the logistic scorecard of `Scorecard.swift`.
///
/// Takes exactly one row with the scorecard's columns. An absent value is refused (4), a code that the scorecard does not know
/// as well (5): a guess would be a decision about a person that nobody made.
public func assessCredit(_ input: ProgramInput) throws(ProgramFailure) -> ProgramOutput {
    guard input.rowCount == 1 else { throw .wrongRowCount }
    let probability = StableMath.logistic(try Scorecard.linear(Applicant(input: input)))
    guard probability.isFinite else { throw .notFinite }
    var output = ProgramOutput()
    output.number("probability_bad", probability)
    return output
}

/// The one row, every value of which must be there.
struct Applicant {
    let input: ProgramInput

    func number(_ column: StaticString) throws(ProgramFailure) -> Double {
        guard let value = try input.column(column).number(0) else { throw .absentValue }
        return value
    }

    /// The category code of `column` as an integer.
    func code(_ column: StaticString) throws(ProgramFailure) -> UInt64 {
        guard let text = try input.column(column).text(0) else { throw .absentValue }
        guard let code = text.code else { throw .unknownCode }
        return code
    }
}

#if arch(wasm32)
    /// What the module exports.
    @_expose(wasm, "run") @_cdecl("program_run")
    public func run() -> Int32 { Program.run(assessCredit) }
#endif
