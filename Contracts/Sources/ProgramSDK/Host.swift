#if arch(wasm32)
    // The three functions of module "jupiter": all that a program can reach (docs/spec/programs.md §1). Without `@_extern(c)`
    // beside it, `@_extern(wasm)` adds two parameters to the import's type.

    @_extern(wasm, module: "jupiter", name: "input_length") @_extern(c)
    func jupiterInputLength() -> Int32

    @_extern(wasm, module: "jupiter", name: "input_read") @_extern(c)
    func jupiterInputRead(_ pointer: UnsafeMutableRawPointer, _ offset: Int32, _ length: Int32)

    @_extern(wasm, module: "jupiter", name: "output_write") @_extern(c)
    func jupiterOutputWrite(_ pointer: UnsafeRawPointer, _ length: Int32)

    /// The host, as Swift sees it.
    enum Host {
        /// The whole input, in memory that is never given back: the instance ends with the run.
        static func input() -> UnsafeRawBufferPointer {
            let length = jupiterInputLength()
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(length), alignment: 8)
            if let start = buffer.baseAddress, length > 0 { jupiterInputRead(start, 0, length) }
            return UnsafeRawBufferPointer(buffer)
        }

        /// Writes the output; the host takes one write a run.
        static func write(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { buffer in
                if let start = buffer.baseAddress { jupiterOutputWrite(start, Int32(buffer.count)) }
            }
        }
    }
#endif
