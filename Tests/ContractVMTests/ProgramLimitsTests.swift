import ContractVM
import ProgramInterface
import Testing

@Suite struct `Limits of a run` {
    func run(_ module: WasmModule, _ input: [UInt8] = [], _ change: (inout ProgramLimits) -> Void = { _ in }) throws -> ProgramRun {
        var limits = ProgramLimits.standard
        change(&limits)
        return try ProgramEngine(limits: limits).compile(module.bytes).run(input)
    }

    @Test func `fuel is counted exactly and alike in every run`() throws {
        let module = WasmModule(body: Op.times(1000, Op.i32(1) + Op.drop) + Op.i32(0))
        let program = try ProgramEngine().compile(module.bytes)
        let used = try program.run([]).fuelUsed
        #expect(used > 5000)
        for _ in 0..<100 { #expect(try program.run([]).fuelUsed == used) }
        // One unit must be left.
        #expect(try run(module) { $0.fuel = used + 1 }.fuelUsed == used)
        for missing in 0..<20 { #expect(throws: ProgramError.outOfFuel) { try run(module) { $0.fuel = used - UInt64(missing) } } }
    }

    @Test func `a loop without end runs out of fuel`() {
        #expect(throws: ProgramError.outOfFuel) { try run(WasmModule(body: Op.forever([]))) { $0.fuel = 1_000_000 } }
    }

    @Test func `filling memory and reading input cost a unit a byte`() throws {
        let fill = { (count: Int) in WasmModule(body: Op.i32(0) + Op.i32(7) + Op.i32(count) + Op.fill + Op.i32(0)) }
        #expect(try run(fill(60_000)).fuelUsed - run(fill(10_000)).fuelUsed == 50_000)
        let read = { (count: Int) in
            WasmModule(imports: [.inputRead], body: Op.i32(0) + Op.i32(0) + Op.i32(count) + Op.call(0) + Op.i32(0))
        }
        let input = [UInt8](repeating: 1, count: 60_000)
        #expect(try run(read(60_000), input).fuelUsed - run(read(10_000), input).fuelUsed == 50_000)
        #expect(throws: ProgramError.outOfFuel) { try run(read(60_000), input) { $0.fuel = 59_999 } }
        let loop = WasmModule(imports: [.inputRead], body: Op.forever(Op.i32(0) + Op.i32(0) + Op.i32(60_000) + Op.call(0)))
        #expect(throws: ProgramError.outOfFuel) { try run(loop, input) { $0.fuel = 10_000_000 } }
    }

    @Test func `memory grows to the limit and not beyond`() throws {
        // Returns the old size in pages, or -1 if refused.
        let grow = { (pages: Int) in WasmModule(body: Op.i32(pages) + Op.grow) }
        #expect(throws: ProgramError.programRefused(1)) { try run(grow(15)) { $0.memoryBytes = 16 * 65_536 } }
        #expect(throws: ProgramError.programRefused(-1)) { try run(grow(16)) { $0.memoryBytes = 16 * 65_536 } }
        let large = WasmModule(memory: [0, 17])
        #expect(throws: ProgramError.memoryTooLarge) { try run(large) { $0.memoryBytes = 16 * 65_536 } }
    }

    @Test func `memory out of bounds traps`() {
        #expect(throws: ProgramError.memoryOutOfBounds) { try run(WasmModule(body: Op.i32(65_533) + Op.load)) }
        #expect(throws: ProgramError.memoryOutOfBounds) { try run(WasmModule(body: Op.i32(-4) + Op.load)) }
        #expect(throws: ProgramError.programRefused(0x0101_0101)) {
            try run(WasmModule(body: Op.i32(65_532) + Op.i32(1) + Op.i32(4) + Op.fill + Op.i32(65_532) + Op.load))
        }
    }

    @Test(arguments: [64 << 10, 256 << 10, 512 << 10, 1 << 20])
    func `unbounded recursion overflows the stack, on a thread of Swift concurrency too`(stackBytes: Int) async throws {
        let module = WasmModule(body: Op.call(0))
        #expect(throws: ProgramError.stackOverflow) { try run(module) { $0.stackBytes = stackBytes } }
        let failure = await Task.detached {
            do throws(ProgramError) {
                var limits = ProgramLimits.standard
                limits.stackBytes = stackBytes
                _ = try ProgramEngine(limits: limits).compile(module.bytes).run([])
                return ProgramError?.none
            } catch { return error }
        }.value
        #expect(failure == .stackOverflow)
    }

    @Test func `input and output are bounded`() throws {
        let write = { (count: Int) in
            WasmModule(imports: [.outputWrite], body: Op.i32(0) + Op.i32(count) + Op.call(0) + Op.i32(0))
        }
        #expect(try run(write(100)) { $0.outputBytes = 100 }.output == [UInt8](repeating: 0, count: 100))
        #expect(throws: ProgramError.outputTooLarge) { try run(write(101)) { $0.outputBytes = 100 } }
        #expect(try run(WasmModule(), [1, 2, 3]) { $0.inputBytes = 3 }.output == [])
        #expect(throws: ProgramError.inputTooLarge) { try run(WasmModule(), [1, 2, 3, 4]) { $0.inputBytes = 3 } }
    }

    @Test func `a second output is refused, even an empty one`() {
        let write = Op.i32(0) + Op.i32(0) + Op.call(0)
        #expect(throws: ProgramError.outputRepeated) { try run(WasmModule(imports: [.outputWrite], body: write + write + Op.i32(0))) }
    }

    @Test func `host functions refuse ranges outside memory and input`() throws {
        let read = { (pointer: Int, offset: Int, count: Int) in
            WasmModule(imports: [.inputRead], body: Op.i32(pointer) + Op.i32(offset) + Op.i32(count) + Op.call(0) + Op.i32(0))
        }
        let input: [UInt8] = [1, 2, 3, 4]
        #expect(try run(read(65_532, 0, 4), input).output == [])
        #expect(try run(read(65_536, 4, 0), input).output == [])
        for (pointer, offset, count) in [(65_533, 0, 4), (0, 1, 4), (0, 5, 0), (-1, 0, 1), (0, -1, 2), (0, 0, -1), (-4, -4, 8)] {
            #expect(throws: ProgramError.hostAccessOutOfBounds) { try run(read(pointer, offset, count), input) }
        }
        let write = { (pointer: Int, count: Int) in
            WasmModule(imports: [.outputWrite], body: Op.i32(pointer) + Op.i32(count) + Op.call(0) + Op.i32(0))
        }
        #expect(throws: ProgramError.hostAccessOutOfBounds) { try run(write(65_500, 37)) }
        #expect(throws: ProgramError.hostAccessOutOfBounds) { try run(write(-1, 2)) }
        #expect(throws: ProgramError.outputTooLarge) { try run(write(0, -1)) }
    }

    @Test func `input arrives as it was given`() throws {
        let body =
            Op.i32(16) + Op.i32(0) + Op.call(0) + Op.call(1) + Op.i32(16) + Op.call(0) + Op.call(2) + Op.i32(0)
        let echo = WasmModule(imports: [.inputLength, .inputRead, .outputWrite], body: body)
        let program = try ProgramEngine().compile(echo.bytes)
        for count in [0, 1, 255, 40_000] {
            let input = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            #expect(try program.run(input).output == input)
        }
    }

    @Test func `limits out of range are refused before Wasmtime sees them`() {
        let changes: [(inout ProgramLimits) -> Void] = [
            { $0.fuel = 0 }, { $0.fuel = .max }, { $0.memoryBytes = 0 }, { $0.memoryBytes = 65_537 }, { $0.stackBytes = 2 << 20 },
            { $0.stackBytes = 0 }, { $0.inputBytes = -1 }, { $0.outputBytes = -1 }, { $0.moduleBytes = 0 },
        ]
        for change in changes {
            var limits = ProgramLimits.standard
            change(&limits)
            #expect { try ProgramEngine(limits: limits) } throws: { ($0 as? ProgramError)?.code == 1100 }
        }
    }
}

@Suite struct `Instances` {
    @Test func `every run starts from the module, whatever the last one did`() throws {
        // Returns what it finds in memory, after filling all of it, so a trace of another run would show as a refusal.
        let body = Op.i32(40_000) + Op.load + Op.i32(0) + Op.i32(0x5A) + Op.i32(65_536) + Op.fill
        let program = try ProgramEngine().compile(WasmModule(body: body).bytes)
        for _ in 0..<200 { #expect(try program.run([]).output == []) }
        // The same when the runs before it trapped.
        let trapping = try program.engine.compile(WasmModule(body: body + Op.unreachable).bytes)
        for _ in 0..<100 {
            #expect(throws: ProgramError.unreachable) { try trapping.run([]) }
            #expect(try program.run([]).output == [])
        }
    }

    @Test func `many tasks run one program at once`() async throws {
        let echo = WasmModule(
            imports: [.inputRead, .outputWrite],
            body: Op.i32(0) + Op.i32(0) + Op.i32(8) + Op.call(0) + Op.i32(0) + Op.i32(8) + Op.call(1) + Op.i32(0))
        let program = try ProgramEngine().compile(echo.bytes)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for task in 0..<100 {
                group.addTask {
                    for run in 0..<50 {
                        let input = [UInt8](repeating: UInt8(truncatingIfNeeded: task &* 50 &+ run), count: 8)
                        if try program.run(input).output != input { return false }
                    }
                    return true
                }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
    }
}
