import ContractVM
import Primitives
import ProgramInterface
import Testing

@Suite struct `What is accepted as a program` {
    let engine: ProgramEngine

    init() throws { engine = try ProgramEngine() }

    func code(_ bytes: [UInt8]) -> UInt32? {
        do throws(ProgramError) {
            _ = try engine.compile(bytes)
            return nil
        } catch { return error.code }
    }

    @Test func `imports are the three host functions with their exact types`() {
        #expect(code(WasmModule(imports: [.inputLength, .inputRead, .outputWrite]).bytes) == nil)
        #expect(code(WasmModule(imports: [.init(name: "clock", parameters: [], results: [WasmModule.i64])]).bytes) == 1103)
        let elsewhere = WasmModule.Import(module: "env", name: "input_length", parameters: [], results: [WasmModule.i32])
        #expect(code(WasmModule(imports: [elsewhere]).bytes) == 1103)
        #expect(code(WasmModule(imports: [.init(name: "input_length", parameters: [], results: [WasmModule.i64])]).bytes) == 1103)
        #expect(code(WasmModule(imports: [.init(name: "output_write", parameters: [WasmModule.i32], results: [])]).bytes) == 1103)
        let wasi = WasmModule.Import(
            module: "wasi_snapshot_preview1", name: "random_get", parameters: [WasmModule.i32, WasmModule.i32], results: [WasmModule.i32])
        #expect(code(WasmModule(imports: [wasi]).bytes) == 1103)
    }

    @Test func `exports are memory and run, nothing else`() {
        #expect(code(WasmModule().bytes) == nil)
        #expect(code(WasmModule(exportsMemory: false).bytes) == 1104)
        #expect(code(WasmModule(exportsRun: false).bytes) == 1104)
        #expect(code(WasmModule(extraExport: "debug").bytes) == 1104)
        #expect(code(WasmModule(runParameters: [WasmModule.i32]).bytes) == 1104)
        #expect(code(WasmModule(runResults: [], body: []).bytes) == 1104)
        #expect(code(WasmModule(memory: nil, exportsMemory: false, extraExport: "memory").bytes) == 1104)
    }

    @Test func `features whose semantics leave something open are refused`() {
        let v128: [UInt8] = [0xFD, 0x0C] + [UInt8](repeating: 0, count: 16) + Op.drop
        #expect(code(WasmModule(body: v128 + Op.i32(0)).bytes) == 1102, "SIMD")
        #expect(code(WasmModule(memory: [3, 1, 1]).bytes) == 1102, "shared memory")
        #expect(code(WasmModule(memory: [4, 1]).bytes) == 1102, "64-bit memory")
        #expect(code(WasmModule(body: [0x12, 0]).bytes) == 1102, "tail call")
        #expect(code(WasmModule(body: [0xD0, 0x6F] + Op.drop + Op.i32(0)).bytes) == 1102, "reference types")
        #expect(code(WasmModule(body: Op.i32(0) + [0xFE, 0x10, 2, 0]).bytes) == 1102, "atomics")
        #expect(code(WasmModule(body: [0x1F, 0x40, 0, 0x0B] + Op.i32(0)).bytes) == 1102, "exceptions")
    }

    @Test func `floating point is accepted and its NaNs have one bit pattern`() throws {
        // Divides zero by zero in both signs and gives out the bits.
        let zero: [UInt8] = [0x44] + [UInt8](repeating: 0, count: 8)
        let negated: [UInt8] = zero + [0x9A]
        for dividend in [zero, negated] {
            let body = Op.i32(0) + dividend + zero + [0xA3] + [0x39, 3, 0] + Op.i32(0) + Op.i32(8) + Op.call(0) + Op.i32(0)
            let run = try engine.compile(WasmModule(imports: [.outputWrite], body: body).bytes).run([])
            #expect(run.output == [0, 0, 0, 0, 0, 0, 0xF8, 0x7F])
        }
    }

    @Test func `a module is bounded in size and is no text`() throws {
        var limits = ProgramLimits.standard
        let bytes = WasmModule().bytes
        limits.moduleBytes = bytes.count - 1
        #expect(throws: ProgramError.moduleTooLarge) { try ProgramEngine(limits: limits).compile(bytes) }
        limits.moduleBytes = bytes.count
        _ = try ProgramEngine(limits: limits).compile(bytes)
        #expect(code(Array("(module)".utf8)) == 1102)
        #expect(code([]) == 1102)
    }

    @Test func `a program's own code comes out as its refusal, other ends as traps`() throws {
        #expect(throws: ProgramError.programRefused(42)) { try engine.compile(WasmModule(body: Op.i32(42)).bytes).run([]) }
        #expect(throws: ProgramError.unreachable) { try engine.compile(WasmModule(body: Op.unreachable).bytes).run([]) }
        let division = Op.i32(1) + Op.i32(0) + [0x6D]
        #expect(throws: ProgramError.trapped(7)) { try engine.compile(WasmModule(body: division).bytes).run([]) }
    }

    @Test func `random and mutated modules never do more than be refused or run within their limits`() throws {
        var limits = ProgramLimits.standard
        limits.fuel = 100_000
        let engine = try ProgramEngine(limits: limits)
        let seed: UInt64 = 0x9106_7AB5
        var generator = SeededGenerator(seed: seed)
        let base = WasmModule(
            imports: [.inputLength, .inputRead, .outputWrite],
            body: Op.times(10, Op.i32(0) + Op.i32(0) + Op.call(0) + Op.call(1)) + Op.i32(0) + Op.i32(4) + Op.call(2) + Op.i32(0)
        ).bytes
        for round in 0..<1500 {
            var bytes = base
            if round % 10 == 0 {
                bytes = Array(base.prefix(8)) + generator.bytes(Int.random(in: 0..<200, using: &generator))
            } else {
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    bytes[Int.random(in: 8..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
                }
                if round % 7 == 0 { bytes.removeLast(Int.random(in: 1..<20, using: &generator)) }
            }
            do throws(ProgramError) {
                let run = try engine.compile(bytes).run([1, 2, 3, 4])
                #expect(run.fuelUsed <= limits.fuel, "seed \(seed) round \(round)")
            } catch {
                #expect((1100...1199).contains(error.code), "seed \(seed) round \(round)")
            }
        }
    }

    @Test func `codes are stable and names unique`() {
        let errors: [ProgramError] = [
            .invalidLimits(""), .moduleTooLarge, .moduleRefused(""), .importRefused(""), .exportRefused(""), .memoryTooLarge,
            .inputTooLarge, .outOfFuel, .memoryOutOfBounds, .stackOverflow, .unreachable, .trapped(0), .outputTooLarge,
            .outputRepeated, .hostAccessOutOfBounds, .programRefused(0), .engineBusy, .engineFailure(""),
        ]
        #expect(errors.map(\.code) == Array(1100...1117))
        #expect(Set(errors.map(\.name)).count == errors.count)
        #expect(errors.allSatisfy { $0.name.hasPrefix("program.") && !$0.reason.isEmpty })
    }
}
