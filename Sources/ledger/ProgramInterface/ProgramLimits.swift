/// What one run of a program may use. Part of the protocol: every enclave that runs a program runs it under the same limits,
/// or results and refusals would differ.
package struct ProgramLimits: Sendable, Equatable {
    /// Fuel of one run, of which at least one unit must be left. About one unit an executed instruction; one a byte for bulk memory instructions, for reading input and
    /// for writing output.
    package var fuel: UInt64
    /// The largest linear memory, in bytes; a multiple of 64 KiB. Growing beyond it fails inside the program.
    package var memoryBytes: Int
    /// The native stack a run may use, in bytes. Every thread that calls `CompiledProgram.run` must have this much left.
    package var stackBytes: Int
    /// The longest input, in bytes.
    package var inputBytes: Int
    /// The longest output, in bytes.
    package var outputBytes: Int
    /// The largest module, in bytes of Wasm. Compilation is not metered: this bounds it.
    package var moduleBytes: Int

    package init(fuel: UInt64, memoryBytes: Int, stackBytes: Int, inputBytes: Int, outputBytes: Int, moduleBytes: Int) {
        self.fuel = fuel
        self.memoryBytes = memoryBytes
        self.stackBytes = stackBytes
        self.inputBytes = inputBytes
        self.outputBytes = outputBytes
        self.moduleBytes = moduleBytes
    }

    /// The limits of programs in the enclave (docs/spec/programs.md §7).
    package static let standard = ProgramLimits(
        fuel: 200_000_000, memoryBytes: 16 << 20, stackBytes: 256 << 10, inputBytes: 8 << 20, outputBytes: 64 << 10,
        moduleBytes: 1 << 20)

    /// Wasmtime aborts the process on a configuration that contradicts itself, hence the ranges.
    package func validate() throws(ProgramError) {
        guard fuel > 0, fuel <= UInt64(Int64.max) else { throw .invalidLimits("fuel") }
        guard (65_536...1 << 30).contains(memoryBytes), memoryBytes % 65_536 == 0 else { throw .invalidLimits("memoryBytes") }
        guard (16 << 10...1 << 20).contains(stackBytes) else { throw .invalidLimits("stackBytes") }
        guard (0...1 << 30).contains(inputBytes) else { throw .invalidLimits("inputBytes") }
        guard (0...1 << 30).contains(outputBytes) else { throw .invalidLimits("outputBytes") }
        guard (8...64 << 20).contains(moduleBytes) else { throw .invalidLimits("moduleBytes") }
    }
}
