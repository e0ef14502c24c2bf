/// Bech32m text (BIP 350): five bits a character and a checksum that finds any four wrong characters.
package enum Bech32m {
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    /// BIP 350: the constant that tells bech32m from bech32.
    private static let constant: UInt32 = 0x2bc8_30a3
    /// BIP 173: longer texts lose the checksum's promise.
    private static let maximumLength = 90

    package static func encode(prefix: String, _ bytes: [UInt8]) -> String {
        let data = regroup(bytes, from: 8, to: 5, pad: true) ?? []
        let check = checksum(Array(prefix.utf8), data)
        let text = (data + check).map { alphabet[Int($0)] }
        return prefix + "1" + String(decoding: text, as: UTF8.self)
    }

    /// The prefix and the bytes; `nil` for any text that `encode` could not have written (either case, not mixed).
    package static func decode(_ text: String) -> (prefix: String, bytes: [UInt8])? {
        guard let (prefix, values) = decodeValues(text), let bytes = regroup(values, from: 5, to: 8, pad: false) else { return nil }
        return (prefix, bytes)
    }

    /// The prefix and the five-bit values: the form of BIP 350's own vectors.
    package static func decodeValues(_ text: String) -> (prefix: String, values: [UInt8])? {
        let characters = Array(text.utf8)
        guard characters.count <= maximumLength, characters.allSatisfy({ (33...126).contains($0) }) else { return nil }
        let lower = text.lowercased()
        guard text == lower || text == text.uppercased() else { return nil }
        let folded = Array(lower.utf8)
        guard let separator = folded.lastIndex(of: UInt8(ascii: "1")), separator >= 1, folded.count - separator > 6 else { return nil }
        let prefix = Array(folded[..<separator])
        var values: [UInt8] = []
        for character in folded[(separator + 1)...] {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            values.append(UInt8(value))
        }
        guard polymod(expand(prefix) + values) == constant else { return nil }
        return (String(decoding: prefix, as: UTF8.self), Array(values.dropLast(6)))
    }

    private static func expand(_ prefix: [UInt8]) -> [UInt8] { prefix.map { $0 >> 5 } + [0] + prefix.map { $0 & 31 } }

    private static func polymod(_ values: [UInt8]) -> UInt32 {
        let generator: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
        var check: UInt32 = 1
        for value in values {
            let top = check >> 25
            check = (check & 0x1ff_ffff) << 5 ^ UInt32(value)
            for bit in 0..<5 where (top >> UInt32(bit)) & 1 == 1 { check ^= generator[bit] }
        }
        return check
    }

    private static func checksum(_ prefix: [UInt8], _ data: [UInt8]) -> [UInt8] {
        let check = polymod(expand(prefix) + data + [0, 0, 0, 0, 0, 0]) ^ constant
        return (0..<6).map { UInt8(truncatingIfNeeded: check >> UInt32(5 * (5 - $0))) & 31 }
    }

    private static func regroup(_ input: [UInt8], from: Int, to: Int, pad: Bool) -> [UInt8]? {
        var buffer: UInt32 = 0
        var bits = 0
        var output: [UInt8] = []
        for value in input {
            guard value >> UInt8(from - 1) <= 1 || from == 8 else { return nil }
            buffer = (buffer << UInt32(from) | UInt32(value)) & 0xfff
            bits += from
            while bits >= to {
                bits -= to
                output.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)) & UInt8((1 << to) - 1))
            }
        }
        if pad {
            if bits > 0 { output.append(UInt8(truncatingIfNeeded: buffer << UInt32(to - bits)) & UInt8((1 << to) - 1)) }
        } else {
            // Left-over bits must be fewer than a group and zero, or two texts would mean one address.
            guard bits < from, buffer & ((1 << UInt32(bits)) - 1) == 0 else { return nil }
        }
        return output
    }
}
