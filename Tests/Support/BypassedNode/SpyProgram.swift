import DataModel

/// A program that gives everything it is shown to whoever reads its output: its input's bytes as a list of integers.
///
/// Assembled by hand (WebAssembly 1.0 §5): a data segment with the head of a "JPO1" output, the input read behind it.
package enum SpyProgram {
    /// Integers in its output, eight input bytes each.
    package static let integers = 128
    private static let field = "seen"

    package static var outputSchema: OutputSchema {
        get throws { try OutputSchema(fields: [OutputSchema.Field(field, .integers, maximumCount: UInt32(integers))]) }
    }

    /// The bytes the program was shown (zeros follow them).
    package static func seen(_ output: [UInt8]) throws -> [UInt8] {
        guard case .integers(let list)? = try ProgramOutput.decode(output)[field] else { return [] }
        return list.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    }

    /// The output of a run over the input `bytes`.
    package static func output(seeing bytes: [UInt8]) -> [UInt8] {
        head + bytes + [UInt8](repeating: 0, count: 8 * integers - bytes.count)
    }

    private static var head: [UInt8] {
        var head = ProgramOutput.magic + [1, 0, UInt8(field.utf8.count)] + Array(field.utf8) + [OutputType.integers.rawValue]
        head += withUnsafeBytes(of: UInt32(integers).littleEndian) { Array($0) }
        return head
    }

    package static var code: [UInt8] {
        let start = head.count
        // input_read(start, 0, input_length()); output_write(0, start + 8 * integers); return 0
        return module(
            constant(start) + constant(0) + [0x10, 0, 0x10, 1] + constant(0) + constant(start + 8 * integers) + [0x10, 2] + constant(0))
    }

    /// A program that refuses its input with what it saw: the low 32 bits of its last eight bytes; its code has the name `canary` besides.
    package static func refusingCode(named canary: String) -> [UInt8] {
        let start = head.count
        // input_read(start, 0, input_length()); return load(start + input_length() - 8)
        let body =
            constant(start) + constant(0) + [0x10, 0, 0x10, 1, 0x10, 0] + constant(start - 8) + [0x6A, 0x28, 0, 0]
        return module(body) + section(0, name("name") + [0] + unsigned(canary.utf8.count + 1) + name(canary))
    }

    /// A module whose `run` is `body`.
    private static func module(_ body: [UInt8]) -> [UInt8] {
        let i32: UInt8 = 0x7F
        let types = vector([[0x60, 0, 1, i32], [0x60, 3, i32, i32, i32, 0], [0x60, 2, i32, i32, 0]])
        let imports = vector([
            name("jupiter") + name("input_length") + [0, 0], name("jupiter") + name("input_read") + [0, 1],
            name("jupiter") + name("output_write") + [0, 2],
        ])
        let function = [0] + body + [0x0B]
        let exports = vector([name("memory") + [2, 0], name("run") + [0, 3]])
        let data = [1, 0] + constant(0) + [0x0B] + unsigned(head.count) + head
        var module: [UInt8] = [0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00]
        module += section(1, types) + section(2, imports) + section(3, [1, 0]) + section(5, [1, 0, 1]) + section(7, exports)
        return module + section(10, [1] + unsigned(function.count) + function) + section(11, data)
    }

    private static func section(_ id: UInt8, _ content: [UInt8]) -> [UInt8] { [id] + unsigned(content.count) + content }
    private static func name(_ text: String) -> [UInt8] { unsigned(text.utf8.count) + Array(text.utf8) }
    private static func vector(_ items: [[UInt8]]) -> [UInt8] { unsigned(items.count) + items.flatMap(\.self) }
    private static func constant(_ value: Int) -> [UInt8] { [0x41] + signed(value) }

    private static func unsigned(_ value: Int) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + unsigned(value >> 7)
    }

    private static func signed(_ value: Int) -> [UInt8] {
        (-64..<64).contains(value) ? [UInt8(value & 0x7F)] : [UInt8(value & 0x7F) | 0x80] + signed(value >> 7)
    }
}
