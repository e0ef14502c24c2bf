import Foundation
import Primitives

/// A planted value in every form it could leak in.
struct Canary {
    let name: String
    let forms: [[UInt8]]

    /// Text: raw, hexadecimal in both cases, base64 in its three alignments, JSON-escaped.
    init(name: String, text: String) {
        let bytes = Array(text.utf8)
        let escaped = text.utf16.map { String(format: "\\u%04x", $0) }.joined()
        self.name = name
        forms = Self.encodings(bytes) + [Array(escaped.utf8), Array(escaped.uppercased().replacing("\\U", with: "\\u").utf8)]
    }

    /// A number: its eight bytes in both orders, in those encodings too, and its decimal text.
    init(name: String, number: Double) {
        let little = withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
        self.name = name
        // Fewer digits than printed: a rounded form would be a leak as well.
        let digits = "\(number)".prefix(12)
        forms = Self.encodings(little) + Self.encodings(little.reversed()) + [Array(digits.utf8)]
    }

    private static func encodings(_ bytes: [UInt8]) -> [[UInt8]] {
        let hex = Hex.encode(bytes)
        return [bytes, Array(hex.utf8), Array(hex.uppercased().utf8)] + (0..<3).flatMap { shift in base64(bytes, shift: shift) }
    }

    /// What base64 shows of `bytes` when `shift` other bytes come before: the part that depends on them alone, in both alphabets.
    private static func base64(_ bytes: [UInt8], shift: Int) -> [[UInt8]] {
        let text = Array(Data([UInt8](repeating: 0, count: shift) + bytes).base64EncodedString().utf8.filter { $0 != UInt8(ascii: "=") })
        let first = shift == 0 ? 0 : shift + 1
        let whole = (shift + bytes.count) * 8 / 6
        let plain = Array(text[first..<whole])
        let web = plain.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
        return plain == web ? [plain] : [plain, web]
    }

    /// Whether `bytes` hold any of the forms.
    func isFound(in bytes: [UInt8]) -> Bool { isFound(in: Data(bytes)) }

    func isFound(in data: Data) -> Bool { forms.contains { data.firstRange(of: Data($0)) != nil } }
}

/// Places that were searched, each as named bytes.
struct SearchedPlace {
    let name: String
    let parts: [(name: String, bytes: Data)]

    /// Where `canary` turned up.
    func findings(_ canary: Canary) -> [String] {
        parts.filter { canary.isFound(in: $0.bytes) }.map { "\(canary.name) in \(name): \($0.name)" }
    }
}
