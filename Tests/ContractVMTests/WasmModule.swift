/// Assembles small Wasm modules by hand: only what the tests need of the binary format (WebAssembly 1.0 §5).
struct WasmModule {
    struct Import {
        var module = "jupiter"
        var name: String
        var parameters: [UInt8]
        var results: [UInt8]

        static let inputLength = Import(name: "input_length", parameters: [], results: [i32])
        static let inputRead = Import(name: "input_read", parameters: [i32, i32, i32], results: [])
        static let outputWrite = Import(name: "output_write", parameters: [i32, i32], results: [])
    }

    static let i32: UInt8 = 0x7F
    static let i64: UInt8 = 0x7E
    static let f64: UInt8 = 0x7C

    var imports: [Import] = []
    /// The memory's limits as encoded: flags, minimum, maximum if the flags say so.
    var memory: [UInt8]? = [0, 1]
    var exportsMemory = true
    var exportsRun = true
    var extraExport: String?
    var runParameters: [UInt8] = []
    var runResults: [UInt8] = [i32]
    /// The instructions of `run`, without the final `end`; one i32 local has index 0 (after the parameters).
    var body: [UInt8] = Op.i32(0)
    var extraSections: [UInt8] = []

    /// Index of `run` among the functions: imports come first.
    var runIndex: UInt8 { UInt8(imports.count) }

    var bytes: [UInt8] {
        var types = imports.map { Self.type($0.parameters, $0.results) }
        types.append(Self.type(runParameters, runResults))
        var exports: [[UInt8]] = []
        if exportsMemory { exports.append(Self.name("memory") + [2, 0]) }
        if exportsRun { exports.append(Self.name("run") + [0, runIndex]) }
        if let extraExport { exports.append(Self.name(extraExport) + [0, runIndex]) }
        let code = [1, 1, Self.i32] + body + [0x0B]
        var module: [UInt8] = [0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00]
        module += Self.section(1, Self.vector(types))
        let importEntries = imports.enumerated().map { Self.name($1.module) + Self.name($1.name) + [0, UInt8($0)] }
        if !imports.isEmpty { module += Self.section(2, Self.vector(importEntries)) }
        module += Self.section(3, [1, runIndex])
        if let memory { module += Self.section(5, [1] + memory) }
        module += Self.section(7, Self.vector(exports))
        module += Self.section(10, [1] + Self.unsigned(code.count) + code)
        return module + extraSections
    }

    static func section(_ id: UInt8, _ content: [UInt8]) -> [UInt8] { [id] + unsigned(content.count) + content }
    static func name(_ text: String) -> [UInt8] { unsigned(text.utf8.count) + Array(text.utf8) }
    static func vector(_ items: [[UInt8]]) -> [UInt8] { unsigned(items.count) + items.flatMap(\.self) }

    static func type(_ parameters: [UInt8], _ results: [UInt8]) -> [UInt8] {
        [0x60] + unsigned(parameters.count) + parameters + unsigned(results.count) + results
    }

    /// LEB128.
    static func unsigned(_ value: Int) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        repeat {
            let low = UInt8(rest & 0x7F)
            rest >>= 7
            bytes.append(rest == 0 ? low : low | 0x80)
        } while rest != 0
        return bytes
    }

    static func signed(_ value: Int) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while true {
            let low = UInt8(rest & 0x7F)
            rest >>= 7
            let isLast = (rest == 0 && low & 0x40 == 0) || (rest == -1 && low & 0x40 != 0)
            bytes.append(isLast ? low : low | 0x80)
            if isLast { return bytes }
        }
    }
}

/// Instructions.
enum Op {
    static func i32(_ value: Int) -> [UInt8] { [0x41] + WasmModule.signed(value) }
    static func call(_ function: UInt8) -> [UInt8] { [0x10, function] }
    static let unreachable: [UInt8] = [0x00]
    static let drop: [UInt8] = [0x1A]
    static let getLocal: [UInt8] = [0x20, 0]
    static let setLocal: [UInt8] = [0x21, 0]
    static let add: [UInt8] = [0x6A]
    static let load: [UInt8] = [0x28, 2, 0]
    static let store: [UInt8] = [0x36, 2, 0]
    static let grow: [UInt8] = [0x40, 0]
    static let fill: [UInt8] = [0xFC, 0x0B, 0]

    /// Repeats `body` until the fuel is gone.
    static func forever(_ body: [UInt8]) -> [UInt8] { [0x03, 0x40] + body + [0x0C, 0, 0x0B] + unreachable }
    /// Runs `body` `count` times, counting in local 0.
    static func times(_ count: Int, _ body: [UInt8]) -> [UInt8] {
        i32(count) + setLocal + [0x03, 0x40] + body + getLocal + i32(-1) + add + [0x22, 0] + [0x0D, 0, 0x0B]
    }
}
