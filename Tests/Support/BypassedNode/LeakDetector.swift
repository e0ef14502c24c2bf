import Foundation

/// Looks for known secrets in bytes that a host gets to see, in every form in which bytes usually come to light.
///
/// Forms: as they are and reversed, each raw, in hexadecimal (both cases) and in base64 (both alphabets, at any alignment).
package struct LeakDetector {
    /// A secret in the open.
    package struct Finding: Hashable, Sendable, CustomStringConvertible {
        package let secret: String
        package let form: String
        package let place: String
        package var description: String { "\(secret) (\(form)) in \(place)" }
    }

    /// Shorter secrets would be found by chance.
    package static let minimumBytes = 8

    private struct Needle {
        let secret: String
        let form: String
        let bytes: [UInt8]
    }

    private var needles: [Needle] = []
    private var secrets: Set<[UInt8]> = []
    /// Needles by their first two bytes; nothing else is compared.
    private var byStart: [UInt16: [Int]] = [:]
    private var begins = [Bool](repeating: false, count: 1 << 16)

    package init() {}

    /// How many different secrets are looked for.
    package var count: Int { secrets.count }

    /// Looks for `bytes` from now on.
    package mutating func add(_ name: String, _ bytes: [UInt8]) {
        precondition(bytes.count >= Self.minimumBytes, "\(name) would be found by chance")
        guard secrets.insert(bytes).inserted else { return }
        for (form, needle) in Self.forms(of: bytes) {
            let start = UInt16(needle[0]) << 8 | UInt16(needle[1])
            byStart[start, default: []].append(needles.count)
            begins[Int(start)] = true
            needles.append(Needle(secret: name, form: form, bytes: needle))
        }
    }

    /// Every form of `bytes` with its name.
    package static func forms(of bytes: [UInt8]) -> [(name: String, bytes: [UInt8])] {
        var forms: [(String, [UInt8])] = []
        for (order, ordered) in [("", bytes), ("reversed ", Array(bytes.reversed()))] {
            forms.append((order + "raw", ordered))
            for digits in ["0123456789abcdef", "0123456789ABCDEF"] {
                let digits = Array(digits.utf8)
                forms.append((order + "hex", ordered.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }))
            }
            for offset in 0..<3 {
                let text = base64(ordered, offset: offset)
                forms.append((order + "base64", text))
                forms.append((order + "base64url", text.map { $0 == 0x2B ? 0x2D : $0 == 0x2F ? 0x5F : $0 }))
            }
        }
        return forms
    }

    /// The characters that `bytes` alone decide when `offset` other bytes stand before them.
    private static func base64(_ bytes: [UInt8], offset: Int) -> [UInt8] {
        let text = Array(Data([UInt8](repeating: 0, count: offset) + bytes).base64EncodedString().utf8)
        return Array(text[((offset * 8 + 5) / 6)..<((offset + bytes.count) * 8 / 6)])
    }

    /// Every secret in `bytes`, each form once.
    package func findings(in bytes: [UInt8], place: String) -> [Finding] {
        guard bytes.count >= 2 else { return [] }
        var found: Set<Finding> = []
        bytes.withUnsafeBufferPointer { buffer in
            begins.withUnsafeBufferPointer { begins in
                for position in 0..<(buffer.count - 1) {
                    let start = UInt16(buffer[position]) << 8 | UInt16(buffer[position + 1])
                    guard begins[Int(start)], let candidates = byStart[start] else { continue }
                    for index in candidates where buffer[position...].starts(with: needles[index].bytes) {
                        found.insert(Finding(secret: needles[index].secret, form: needles[index].form, place: place))
                    }
                }
            }
        }
        return found.sorted { $0.description < $1.description }
    }
}

/// Everything that an enclave let its host see, to be searched once all secrets are known.
package final class HostTranscript {
    private var entries: [(place: String, bytes: [UInt8])] = []

    package init() {}

    package var bytes: Int { entries.reduce(0) { $0 + $1.bytes.count } }

    package func append(_ place: String, _ bytes: [UInt8]) { entries.append((place, bytes)) }

    /// What `detector` finds: in each entry, and across the borders of entries from one place.
    package func findings(_ detector: LeakDetector) -> [LeakDetector.Finding] {
        let places = Dictionary(grouping: entries, by: \.place).mapValues { $0.flatMap(\.bytes) }
        return places.sorted { $0.key < $1.key }.flatMap { detector.findings(in: $0.value, place: $0.key) }
    }
}
