/// The frame of every program: `Program.run` is what its exported `run` returns.
public enum Program {
    /// Applies `body` to an encoded batch: a program without its host, for native tests.
    public static func output(
        for input: [UInt8], _ body: (ProgramInput) throws(ProgramFailure) -> ProgramOutput
    ) throws(ProgramFailure) -> [UInt8] {
        try input.withUnsafeBufferPointer { (bytes) throws(ProgramFailure) in
            try body(ProgramInput(UnsafeRawBufferPointer(bytes))).bytes
        }
    }

    #if arch(wasm32)
        /// Reads the input, applies `body`, writes the output. Zero, or the code of the failure.
        public static func run(_ body: (ProgramInput) throws(ProgramFailure) -> ProgramOutput) -> Int32 {
            do throws(ProgramFailure) {
                Host.write(try body(ProgramInput(Host.input())).bytes)
                return 0
            } catch {
                return error.code
            }
        }
    #endif
}
