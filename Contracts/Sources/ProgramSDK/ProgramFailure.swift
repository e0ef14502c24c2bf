/// Why a program gives no result: the code that its `run` returns. Codes below 100 are the SDK's, the same in every program;
/// a program's own start at 100 (docs/spec/programs.md §8).
public struct ProgramFailure: Error, Equatable {
    /// What `run` returns.
    public let code: Int32

    /// A failure with the program's own `code`, 100 or above.
    public init(code: Int32) { self.code = code }

    /// The input is no "JPB1" batch.
    public static let malformedInput = ProgramFailure(code: 1)
    /// The batch lacks a column the program needs.
    public static let missingColumn = ProgramFailure(code: 2)
    /// A column or parameter has another type than the program needs.
    public static let wrongType = ProgramFailure(code: 3)
    /// A value the program needs is absent.
    public static let absentValue = ProgramFailure(code: 4)
    /// A text is not one of the codes the program knows.
    public static let unknownCode = ProgramFailure(code: 5)
    /// A parameter is missing or out of range.
    public static let invalidParameter = ProgramFailure(code: 6)
    /// The program takes another number of rows.
    public static let wrongRowCount = ProgramFailure(code: 7)
    /// There are too few values to compute with.
    public static let tooFewValues = ProgramFailure(code: 8)
    /// A result would be infinite or not a number.
    public static let notFinite = ProgramFailure(code: 9)
}
