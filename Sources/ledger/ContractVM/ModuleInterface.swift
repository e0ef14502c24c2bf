import CWasmtime
import ProgramInterface

/// What a program may import and must export.
enum ModuleInterface {
    static let importModule = "jupiter"
    static let memoryExport = "memory"
    static let runExport = "run"

    /// Throws unless `module` imports nothing but host functions of their exact types, and exports exactly `memory` and `run`.
    static func check(_ module: OpaquePointer) throws(ProgramError) {
        try checkImports(module)
        try checkExports(module)
    }

    private static func checkImports(_ module: OpaquePointer) throws(ProgramError) {
        var imports = wasm_importtype_vec_t()
        wasmtime_module_imports(module, &imports)
        defer { wasm_importtype_vec_delete(&imports) }
        for entry in UnsafeBufferPointer(start: imports.data, count: imports.size) {
            let from = text(wasm_importtype_module(entry))
            let name = text(wasm_importtype_name(entry))
            guard from == importModule, let function = HostFunction(rawValue: name) else { throw .importRefused("\(from).\(name)") }
            guard FunctionType(wasm_importtype_type(entry)) == function.type else {
                throw .importRefused("\(from).\(name) with another type")
            }
        }
    }

    private static func checkExports(_ module: OpaquePointer) throws(ProgramError) {
        var exports = wasm_exporttype_vec_t()
        wasmtime_module_exports(module, &exports)
        defer { wasm_exporttype_vec_delete(&exports) }
        var hasMemory = false
        var hasRun = false
        for entry in UnsafeBufferPointer(start: exports.data, count: exports.size) {
            let name = text(wasm_exporttype_name(entry))
            let type = wasm_exporttype_type(entry)
            switch name {
            case memoryExport:
                guard wasm_externtype_kind(type) == UInt8(WASM_EXTERN_MEMORY) else { throw .exportRefused("memory is no memory") }
                hasMemory = true
            case runExport:
                guard FunctionType(type) == FunctionType(parameters: [], results: [UInt8(WASM_I32)]) else {
                    throw .exportRefused("run has another type")
                }
                hasRun = true
            default: throw .exportRefused("\(name) is neither")
            }
        }
        guard hasMemory else { throw .exportRefused("memory is missing") }
        guard hasRun else { throw .exportRefused("run is missing") }
    }

    private static func text(_ bytes: UnsafePointer<wasm_byte_vec_t>?) -> String {
        guard let bytes else { return "" }
        return WasmtimeText.printable(UnsafeBufferPointer(start: bytes.pointee.data, count: bytes.pointee.size))
    }
}

/// The parameters and results of a function, as Wasm's value kinds.
struct FunctionType: Equatable {
    let parameters: [UInt8]
    let results: [UInt8]

    init(parameters: [UInt8], results: [UInt8]) {
        self.parameters = parameters
        self.results = results
    }

    /// The type of an import or export; `nil` if that is no function.
    init?(_ type: OpaquePointer?) {
        guard let type, let function = wasm_externtype_as_functype_const(type) else { return nil }
        parameters = Self.kinds(wasm_functype_params(function))
        results = Self.kinds(wasm_functype_results(function))
    }

    private static func kinds(_ types: UnsafePointer<wasm_valtype_vec_t>?) -> [UInt8] {
        guard let types else { return [] }
        return UnsafeBufferPointer(start: types.pointee.data, count: types.pointee.size).map { wasm_valtype_kind($0) }
    }

    /// Calls `body` with a Wasmtime function type of this shape.
    func withWasmtimeType<R>(_ body: (OpaquePointer?) -> R) -> R {
        var parameters = Self.vector(parameters)
        var results = Self.vector(results)
        let type = wasm_functype_new(&parameters, &results)  // takes both vectors
        defer { wasm_functype_delete(type) }
        return body(type)
    }

    private static func vector(_ kinds: [UInt8]) -> wasm_valtype_vec_t {
        var vector = wasm_valtype_vec_t()
        let types: [OpaquePointer?] = kinds.map { wasm_valtype_new($0) }
        types.withUnsafeBufferPointer { wasm_valtype_vec_new(&vector, $0.count, $0.baseAddress) }
        return vector
    }
}
