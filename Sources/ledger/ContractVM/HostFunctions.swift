import CWasmtime
import ProgramInterface

/// The functions a program can call. There is no clock, no randomness, no file and no log: nothing but input and output.
enum HostFunction: String, CaseIterable {
    case inputLength = "input_length"
    case inputRead = "input_read"
    case outputWrite = "output_write"

    var type: FunctionType {
        let i32 = UInt8(WASM_I32)
        return switch self {
        case .inputLength: FunctionType(parameters: [], results: [i32])
        case .inputRead: FunctionType(parameters: [i32, i32, i32], results: [])
        case .outputWrite: FunctionType(parameters: [i32, i32], results: [])
        }
    }

    var callback: wasmtime_func_unchecked_callback_t {
        switch self {
        case .inputLength: { _, caller, values, _ in HostFunctions.inputLength(caller, values) }
        case .inputRead: { _, caller, values, _ in HostFunctions.inputRead(caller, values) }
        case .outputWrite: { _, caller, values, _ in HostFunctions.outputWrite(caller, values) }
        }
    }
}

/// What the host functions of one run share with `CompiledProgram.run`: lives on that call's stack.
struct RunState {
    let input: UnsafeRawBufferPointer
    let outputLimit: Int
    var output: [UInt8] = []
    var hasOutput = false
    /// Why a host function stopped the run: its trap carries no code.
    var failure: ProgramError?
}

/// The host's side of the interface. Wasmtime has checked the types; the ranges are checked here, against the memory as it is at
/// the moment of the call.
enum HostFunctions {
    typealias Values = UnsafeMutablePointer<wasmtime_val_raw_t>

    /// A linker that knows the three functions.
    static func linker(_ engine: OpaquePointer) throws(ProgramError) -> OpaquePointer {
        guard let linker = wasmtime_linker_new(engine) else { throw .engineFailure("no linker") }
        let module = ModuleInterface.importModule
        for function in HostFunction.allCases {
            let error = function.type.withWasmtimeType { type in
                wasmtime_linker_define_func_unchecked(
                    linker, module, module.utf8.count, function.rawValue, function.rawValue.utf8.count, type, function.callback, nil, nil)
            }
            if let error {
                wasmtime_linker_delete(linker)
                throw .engineFailure(WasmtimeText.take(error))
            }
        }
        return linker
    }

    static func inputLength(_ caller: OpaquePointer?, _ values: Values?) -> OpaquePointer? {
        guard let state = state(wasmtime_caller_context(caller)), let values else { return stop() }
        values[0].i32 = Int32(truncatingIfNeeded: state.pointee.input.count)
        return nil
    }

    /// `input_read(pointer, offset, length)`: copies input from `offset` to `pointer`.
    static func inputRead(_ caller: OpaquePointer?, _ values: Values?) -> OpaquePointer? {
        let context = wasmtime_caller_context(caller)
        guard let state = state(context), let values else { return stop() }
        let (target, offset, count) = (unsigned(values[0]), unsigned(values[1]), unsigned(values[2]))
        guard let memory = memory(caller, context), offset + count <= state.pointee.input.count, target + count <= memory.count else {
            return stop(state, .hostAccessOutOfBounds)
        }
        guard charge(count, context) else { return stop(state, .outOfFuel) }
        if count > 0 {
            UnsafeMutableRawBufferPointer(rebasing: memory[target..<target + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: state.pointee.input[offset..<offset + count]))
        }
        return nil
    }

    /// `output_write(pointer, length)`: the whole output, once.
    static func outputWrite(_ caller: OpaquePointer?, _ values: Values?) -> OpaquePointer? {
        let context = wasmtime_caller_context(caller)
        guard let state = state(context), let values else { return stop() }
        let (source, count) = (unsigned(values[0]), unsigned(values[1]))
        guard !state.pointee.hasOutput else { return stop(state, .outputRepeated) }
        guard count <= state.pointee.outputLimit else { return stop(state, .outputTooLarge) }
        guard let memory = memory(caller, context), source + count <= memory.count else { return stop(state, .hostAccessOutOfBounds) }
        guard charge(count, context) else { return stop(state, .outOfFuel) }
        state.pointee.output = [UInt8](memory[source..<source + count])
        state.pointee.hasOutput = true
        return nil
    }

    private static func unsigned(_ value: wasmtime_val_raw_t) -> Int { Int(UInt32(bitPattern: value.i32)) }

    private static func state(_ context: OpaquePointer?) -> UnsafeMutablePointer<RunState>? {
        wasmtime_context_get_data(context)?.assumingMemoryBound(to: RunState.self)
    }

    /// The memory of the program that calls, as large as it is now.
    private static func memory(_ caller: OpaquePointer?, _ context: OpaquePointer?) -> UnsafeMutableRawBufferPointer? {
        var export = wasmtime_extern_t()
        let name = ModuleInterface.memoryExport
        guard wasmtime_caller_export_get(caller, name, name.utf8.count, &export), export.kind == UInt8(WASMTIME_EXTERN_MEMORY),
            let start = wasmtime_memory_data(context, &export.of.memory)
        else { return nil }
        return UnsafeMutableRawBufferPointer(start: start, count: wasmtime_memory_data_size(context, &export.of.memory))
    }

    /// Copying costs one unit a byte, like Wasm's own bulk instructions: otherwise a loop of calls would copy for ever.
    private static func charge(_ bytes: Int, _ context: OpaquePointer?) -> Bool {
        var fuel: UInt64 = 0
        if let error = wasmtime_context_get_fuel(context, &fuel) {
            wasmtime_error_delete(error)
            return false
        }
        let cost = UInt64(bytes)
        if let error = wasmtime_context_set_fuel(context, fuel >= cost ? fuel - cost : 0) {
            wasmtime_error_delete(error)
            return false
        }
        return fuel >= cost
    }

    private static func stop(_ state: UnsafeMutablePointer<RunState>, _ failure: ProgramError) -> OpaquePointer? {
        state.pointee.failure = failure
        return stop()
    }

    private static func stop() -> OpaquePointer? { wasmtime_trap_new("stopped by the host", 19) }
}
