/// What a run gave.
package struct ProgramRun: Sendable, Equatable {
    /// The bytes of the program's one `output_write`; empty if it made none.
    package let output: [UInt8]
    /// The fuel the run took; the same for the same program and input on every machine.
    package let fuelUsed: UInt64

    package init(output: [UInt8], fuelUsed: UInt64) {
        self.output = output
        self.fuelUsed = fuelUsed
    }
}
