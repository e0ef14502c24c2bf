import Primitives

/// Why a module was not accepted as a program, or a run gave no result. Codes are part of the protocol: never reuse or renumber
/// one.
package enum ProgramError: CodedError, Equatable {
    package static let domain = "program"

    /// Limits outside the range the engine can keep; names the limit.
    case invalidLimits(String)
    case moduleTooLarge
    /// Not a valid module of the accepted features; the text is Wasmtime's.
    case moduleRefused(String)
    /// An import that is not one of the three host functions, or one of another type.
    case importRefused(String)
    /// An export that is missing, of another type, or not one of `memory` and `run`.
    case exportRefused(String)
    /// The module asks for more memory at its start than a run may have.
    case memoryTooLarge
    case inputTooLarge
    case outOfFuel
    /// A load, store or bulk operation outside the linear memory.
    case memoryOutOfBounds
    case stackOverflow
    /// The program stopped itself: a failed precondition, an overflow, or memory it asked for and did not get.
    case unreachable
    /// Any other trap, by Wasmtime's code.
    case trapped(UInt8)
    case outputTooLarge
    /// A second `output_write` in one run.
    case outputRepeated
    /// A host function was given a range outside the program's memory or its input.
    case hostAccessOutOfBounds
    /// `run` returned this code instead of zero (docs/spec/programs.md §8).
    case programRefused(Int32)
    /// All instances are in use; the run can be tried again.
    case engineBusy
    /// The engine itself failed; nothing is wrong with the program or its input.
    case engineFailure(String)

    package var code: UInt32 {
        switch self {
        case .invalidLimits: 1100
        case .moduleTooLarge: 1101
        case .moduleRefused: 1102
        case .importRefused: 1103
        case .exportRefused: 1104
        case .memoryTooLarge: 1105
        case .inputTooLarge: 1106
        case .outOfFuel: 1107
        case .memoryOutOfBounds: 1108
        case .stackOverflow: 1109
        case .unreachable: 1110
        case .trapped: 1111
        case .outputTooLarge: 1112
        case .outputRepeated: 1113
        case .hostAccessOutOfBounds: 1114
        case .programRefused: 1115
        case .engineBusy: 1116
        case .engineFailure: 1117
        }
    }

    package var name: String {
        switch self {
        case .invalidLimits: "program.invalidLimits"
        case .moduleTooLarge: "program.moduleTooLarge"
        case .moduleRefused: "program.moduleRefused"
        case .importRefused: "program.importRefused"
        case .exportRefused: "program.exportRefused"
        case .memoryTooLarge: "program.memoryTooLarge"
        case .inputTooLarge: "program.inputTooLarge"
        case .outOfFuel: "program.outOfFuel"
        case .memoryOutOfBounds: "program.memoryOutOfBounds"
        case .stackOverflow: "program.stackOverflow"
        case .unreachable: "program.unreachable"
        case .trapped: "program.trapped"
        case .outputTooLarge: "program.outputTooLarge"
        case .outputRepeated: "program.outputRepeated"
        case .hostAccessOutOfBounds: "program.hostAccessOutOfBounds"
        case .programRefused: "program.programRefused"
        case .engineBusy: "program.engineBusy"
        case .engineFailure: "program.engineFailure"
        }
    }

    package var reason: String {
        switch self {
        case .invalidLimits(let limit): "a limit is out of range" + Self.detail(limit)
        case .moduleTooLarge: "the module is larger than programs may be"
        case .moduleRefused(let message): "the module is not valid for programs" + Self.detail(message)
        case .importRefused(let what): "the module imports what programs do not have" + Self.detail(what)
        case .exportRefused(let what): "a program exports exactly memory and run, without parameters and with an i32" + Self.detail(what)
        case .memoryTooLarge: "the module starts with more memory than a program may have"
        case .inputTooLarge: "the input is longer than programs may be given"
        case .outOfFuel: "the program used all its fuel"
        case .memoryOutOfBounds: "the program accessed memory out of bounds"
        case .stackOverflow: "the program used all its stack"
        case .unreachable: "the program stopped itself (a failed check, or memory beyond the limit)"
        case .trapped(let code): code == 0 ? "the program trapped" : "the program trapped (code \(code))"
        case .outputTooLarge: "the program's output is longer than allowed"
        case .outputRepeated: "the program wrote its output twice"
        case .hostAccessOutOfBounds: "the program gave a host function a range outside its memory or input"
        case .programRefused(let code): code == 0 ? "the program refused its input" : "the program refused its input with code \(code)"
        case .engineBusy: "all program instances are in use; try again"
        case .engineFailure(let message): "the program engine failed" + Self.detail(message)
        }
    }

    private static func detail(_ text: String) -> String { text.isEmpty ? "" : ": \(text)" }

    /// Every error without what a module or a program said: this, and so its code alone, is all that leaves a worker
    /// (docs/spec/programs.md §8).
    package static let plain: [ProgramError] = [
        .invalidLimits(""), .moduleTooLarge, .moduleRefused(""), .importRefused(""), .exportRefused(""), .memoryTooLarge, .inputTooLarge,
        .outOfFuel, .memoryOutOfBounds, .stackOverflow, .unreachable, .trapped(0), .outputTooLarge, .outputRepeated,
        .hostAccessOutOfBounds, .programRefused(0), .engineBusy, .engineFailure(""),
    ]

    /// The plain error with this code; `nil` if there is none.
    package init?(code: UInt32) {
        guard let error = Self.plain.first(where: { $0.code == code }) else { return nil }
        self = error
    }
}
