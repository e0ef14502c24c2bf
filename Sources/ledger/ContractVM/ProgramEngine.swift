import CWasmtime
import ProgramInterface

/// Compiles programs: Wasm modules that run in the enclave over consented fields (docs/spec/programs.md).
///
/// One engine serves all programs of a process. It pins everything a result or a fuel count depends on: Wasmtime 50.0.1,
/// Cranelift, fuel metering, canonical NaNs, and only those Wasm features whose semantics leave nothing open.
///
/// `@unchecked Sendable`: both pointers are set once in `init` and deleted in `deinit`. Wasmtime's engine is thread-safe by its
/// documentation; the linker is only defined into inside `init` and only read (as a `const` argument) afterwards.
package final class ProgramEngine: @unchecked Sendable {
    /// The most runs that can be under way at once: instances are taken from a pool of this size.
    package static let maximumConcurrentRuns = 64

    /// How much of an instance's memory is cleared by writing zeros rather than given back to the kernel after a run.
    private static let keepResidentBytes = 192 << 10
    private static let maximumTableElements = 10_000

    package let limits: ProgramLimits
    let pointer: OpaquePointer
    let linker: OpaquePointer

    /// Throws `invalidLimits`, or `engineFailure` if Wasmtime does not start.
    /// - Parameter concurrentRuns: how many runs can be under way at once; at most `maximumConcurrentRuns`.
    package init(limits: ProgramLimits = .standard, concurrentRuns: Int = maximumConcurrentRuns) throws(ProgramError) {
        try limits.validate()
        guard (1...Self.maximumConcurrentRuns).contains(concurrentRuns) else { throw .invalidLimits("concurrentRuns") }
        guard let configuration = wasm_config_new() else { throw .engineFailure("no configuration") }
        Self.configureDeterminism(configuration, limits)
        Self.configureFeatures(configuration)
        Self.configurePool(configuration, limits, concurrentRuns)
        guard let engine = wasm_engine_new_with_config(configuration) else { throw .engineFailure("no engine") }
        do throws(ProgramError) {
            linker = try HostFunctions.linker(engine)
        } catch {
            wasm_engine_delete(engine)
            throw error
        }
        pointer = engine
        self.limits = limits
    }

    deinit {
        wasmtime_linker_delete(linker)
        wasm_engine_delete(pointer)
    }

    /// Checks `wasm` and makes native code of it: about 20 ms for 10 KB. Meant for when a program is published or first used, not
    /// for each run.
    package func compile(_ wasm: [UInt8]) throws(ProgramError) -> CompiledProgram {
        guard wasm.count <= limits.moduleBytes else { throw .moduleTooLarge }
        // Wasmtime takes text as well where it was built so; programs are binary modules of version 1 only.
        guard wasm.starts(with: [0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00]) else { throw .moduleRefused("not a Wasm module") }
        var module: OpaquePointer?
        if let error = wasmtime_module_new(pointer, wasm, wasm.count, &module) {
            let message = WasmtimeText.take(error)
            throw message.hasPrefix("module memory does not fit") ? .memoryTooLarge : .moduleRefused(message)
        }
        guard let module else { throw .engineFailure("no module") }
        do throws(ProgramError) {
            try ModuleInterface.check(module)
            var template: OpaquePointer?
            if let error = wasmtime_linker_instantiate_pre(linker, module, &template) { throw .importRefused(WasmtimeText.take(error)) }
            guard let template else { throw .engineFailure("no instance template") }
            return CompiledProgram(engine: self, module: module, template: template)
        } catch {
            wasmtime_module_delete(module)
            throw error
        }
    }

    private static func configureDeterminism(_ configuration: OpaquePointer, _ limits: ProgramLimits) {
        // Winch, the other compiler, counts fuel differently.
        wasmtime_config_strategy_set(configuration, UInt8(WASMTIME_STRATEGY_CRANELIFT))
        wasmtime_config_cranelift_opt_level_set(configuration, UInt8(WASMTIME_OPT_LEVEL_SPEED))
        wasmtime_config_parallel_compilation_set(configuration, false)
        // Images of memory would be files in memory, mapped anew for each run; programs' data is small, and a run makes no system call.
        wasmtime_config_memory_init_cow_set(configuration, false)
        wasmtime_config_consume_fuel_set(configuration, true)
        // Epochs interrupt by the clock: fuel alone decides.
        wasmtime_config_epoch_interruption_set(configuration, false)
        wasmtime_config_cranelift_nan_canonicalization_set(configuration, true)
        wasmtime_config_max_wasm_stack_set(configuration, limits.stackBytes)
    }

    /// On: bulk memory (metered by the byte), multiple values, sign extension, saturating conversions. Everything else off.
    private static func configureFeatures(_ configuration: OpaquePointer) {
        wasmtime_config_wasm_bulk_memory_set(configuration, true)
        wasmtime_config_wasm_multi_value_set(configuration, true)
        wasmtime_config_wasm_threads_set(configuration, false)
        wasmtime_config_shared_memory_set(configuration, false)
        wasmtime_config_wasm_relaxed_simd_set(configuration, false)
        wasmtime_config_wasm_relaxed_simd_deterministic_set(configuration, true)
        wasmtime_config_wasm_simd_set(configuration, false)
        wasmtime_config_wasm_tail_call_set(configuration, false)
        wasmtime_config_wasm_gc_set(configuration, false)
        wasmtime_config_wasm_function_references_set(configuration, false)
        wasmtime_config_wasm_exceptions_set(configuration, false)
        wasmtime_config_wasm_stack_switching_set(configuration, false)
        wasmtime_config_wasm_reference_types_set(configuration, false)
        wasmtime_config_wasm_multi_memory_set(configuration, false)
        wasmtime_config_wasm_memory64_set(configuration, false)
        wasmtime_config_wasm_custom_page_sizes_set(configuration, false)
        wasmtime_config_wasm_wide_arithmetic_set(configuration, false)
        // Without this, reference types cannot be off (Wasmtime aborts on the contradiction).
        wasmtime_config_concurrency_support_set(configuration, false)
    }

    private static func configurePool(_ configuration: OpaquePointer, _ limits: ProgramLimits, _ concurrentRuns: Int) {
        let pool = wasmtime_pooling_allocation_config_new()
        let count = UInt32(concurrentRuns)
        wasmtime_pooling_allocation_config_total_core_instances_set(pool, count)
        wasmtime_pooling_allocation_config_total_memories_set(pool, count)
        wasmtime_pooling_allocation_config_total_tables_set(pool, count)
        // Stacks of suspended runs, which there are none of; the thousand of the default make a process slow to copy.
        wasmtime_pooling_allocation_config_total_stacks_set(pool, 1)
        wasmtime_pooling_allocation_config_table_elements_set(pool, maximumTableElements)
        wasmtime_pooling_allocation_config_max_memory_size_set(pool, limits.memoryBytes)
        wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, keepResidentBytes)
        wasmtime_pooling_allocation_config_table_keep_resident_set(pool, 4096)
        wasmtime_pooling_allocation_strategy_set(configuration, pool)
        wasmtime_pooling_allocation_config_delete(pool)
    }

    /// Bounds a fresh store: one instance, one memory, one table.
    func bound(_ store: OpaquePointer) {
        wasmtime_store_limiter(store, Int64(limits.memoryBytes), Int64(Self.maximumTableElements), 1, 1, 1)
    }
}

/// Wasmtime's messages as short printable text.
enum WasmtimeText {
    private static let maximumBytes = 300

    /// The message of `error`, which is deleted.
    static func take(_ error: OpaquePointer) -> String {
        var message = wasm_byte_vec_t()
        wasmtime_error_message(error, &message)
        wasmtime_error_delete(error)
        defer { wasm_byte_vec_delete(&message) }
        return printable(UnsafeBufferPointer(start: message.data, count: message.size))
    }

    /// Module authors choose names that occur in messages: only printable ASCII of them reaches a log.
    static func printable(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(decoding: bytes.prefix(maximumBytes).map { (0x20...0x7E).contains($0) ? $0 : 0x20 }, as: UTF8.self)
    }
}
