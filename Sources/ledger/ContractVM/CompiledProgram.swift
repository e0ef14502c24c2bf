import CWasmtime
import ProgramInterface

/// A program ready to run.
///
/// `@unchecked Sendable`: the two pointers are set once and deleted in `deinit`. Wasmtime's modules and instance templates are
/// immutable and thread-safe by its documentation; all that a run changes is in the store made for that run.
package final class CompiledProgram: @unchecked Sendable {
    package let engine: ProgramEngine
    private let module: OpaquePointer
    private let template: OpaquePointer

    /// Takes over both pointers.
    init(engine: ProgramEngine, module: OpaquePointer, template: OpaquePointer) {
        self.engine = engine
        self.module = module
        self.template = template
    }

    deinit {
        wasmtime_instance_pre_delete(template)
        wasmtime_module_delete(module)
    }

    /// Runs the program once, on a fresh instance that no other run has seen.
    ///
    /// Synchronous and free of system calls in the common case. Any thread may call it, also one of Swift concurrency's: they
    /// have 8 MiB of stack where `ProgramLimits.stackBytes` asks for at most one.
    package func run(_ input: [UInt8]) throws(ProgramError) -> ProgramRun {
        try input.withUnsafeBufferPointer { (bytes) throws(ProgramError) in
            try run(UnsafeRawBufferPointer(bytes), limits: engine.limits)
        }
    }

    /// Runs it over `input`, which stays where it is, with the fuel and the output bound of `limits`; the rest of the limits is the
    /// engine's.
    package func run(_ input: UnsafeRawBufferPointer, limits: ProgramLimits) throws(ProgramError) -> ProgramRun {
        guard input.count <= engine.limits.inputBytes else { throw .inputTooLarge }
        var state = RunState(input: input, outputLimit: limits.outputBytes)
        return try withUnsafeMutablePointer(to: &state) { (state) throws(ProgramError) in try run(state, fuel: limits.fuel) }
    }

    private func run(_ state: UnsafeMutablePointer<RunState>, fuel: UInt64) throws(ProgramError) -> ProgramRun {
        guard let store = wasmtime_store_new(engine.pointer, state, nil) else { throw .engineFailure("no store") }
        defer { wasmtime_store_delete(store) }
        engine.bound(store)
        let context = wasmtime_store_context(store)
        if let error = wasmtime_context_set_fuel(context, fuel) { throw .engineFailure(WasmtimeText.take(error)) }
        var instance = wasmtime_instance_t()
        var trap: OpaquePointer?
        if let error = wasmtime_instance_pre_instantiate(template, context, &instance, &trap) {
            wasmtime_error_delete(error)
            // What depends on the module was checked when it was compiled; a start function can fail, and the pool be empty.
            throw state.pointee.failure ?? .engineBusy
        }
        if let trap { throw Self.failure(trap) }
        var export = wasmtime_extern_t()
        let name = ModuleInterface.runExport
        guard wasmtime_instance_export_get(context, &instance, name, name.utf8.count, &export),
            export.kind == UInt8(WASMTIME_EXTERN_FUNC)
        else { throw .exportRefused("run is missing") }
        var result = wasmtime_val_raw_t()
        if let error = wasmtime_func_call_unchecked(context, &export.of.func, &result, 1, &trap) {
            // A trap made by a host function comes as an error; the reason is in the state.
            let message = WasmtimeText.take(error)
            throw state.pointee.failure ?? .engineFailure(message)
        }
        if let trap { throw Self.failure(trap) }
        var left: UInt64 = 0
        if let error = wasmtime_context_get_fuel(context, &left) { throw .engineFailure(WasmtimeText.take(error)) }
        // Fuel is compared where a function or a loop begins, so the last stretch can overdraw it, which reads as nothing left.
        guard left > 0 else { throw .outOfFuel }
        guard result.i32 == 0 else { throw .programRefused(result.i32) }
        return ProgramRun(output: state.pointee.output, fuelUsed: fuel - left)
    }

    /// Why a run stopped; deletes `trap`.
    private static func failure(_ trap: OpaquePointer) -> ProgramError {
        defer { wasm_trap_delete(trap) }
        var code: UInt8 = 0
        guard wasmtime_trap_code(trap, &code) else { return .engineFailure("a trap without a code") }
        return switch Int(code) {
        case Int(WASMTIME_TRAP_CODE_OUT_OF_FUEL): .outOfFuel
        case Int(WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS): .memoryOutOfBounds
        case Int(WASMTIME_TRAP_CODE_STACK_OVERFLOW): .stackOverflow
        case Int(WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED): .unreachable
        default: .trapped(code)
        }
    }
}
