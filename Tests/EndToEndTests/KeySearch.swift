import Crypto
import Cryptography
import Foundation
import Primitives

/// Someone who has every file there is and tries every key in them.
///
/// Files are opened as far as what is in them allows: everything that looks like a key is tried on everything that is sealed, and what
/// comes out is searched in turn, until nothing new comes out.
struct KeySearch {
    /// Turns what is known into more: replicas' and recovery packages' formats can be added here.
    typealias Opener = (_ parts: [Part], _ keys: Set<SymmetricKey>) -> [Part]

    struct Part {
        let name: String
        let bytes: Data
        /// It was sealed, and a key among the files opened it.
        var isOpened = false
    }

    /// What shall be opened: one record's ciphertext, and where in its tree the key is.
    struct Target {
        let box: [UInt8]
        let associated: [UInt8]
        let leaf: UInt32

        func opens(with key: SymmetricKey) -> Bool {
            (try? AuthenticatedEncryption.open(box, key: key, context: .record, associated: associated)) != nil
        }
    }

    /// Files up to this size, and whatever was opened, are tried as keys at every place. In larger ones `places` looks for the very keys that
    /// would open the record: the leaf and the six nodes above it.
    private static let everyPlace = 32 << 10

    private(set) var parts: [Part]

    init(_ parts: [Part]) { self.parts = parts }

    /// Opens all that can be opened with what is there.
    mutating func openAll(_ openers: [Opener] = [vaults]) {
        var known = Set(parts.map(\.bytes))
        var new = parts
        var keys: Set<SymmetricKey> = []
        while !new.isEmpty {
            keys.formUnion(
                new.flatMap { Self.written($0.bytes) } + new.filter { $0.bytes.count <= 8 << 10 }.flatMap { Self.windows($0.bytes) })
            new = openers.flatMap { $0(parts, keys) }.filter { known.insert($0.bytes).inserted }
            parts += new
        }
    }

    static let vaults: Opener = { parts, keys in
        parts.flatMap { part in
            VaultFileReader.open(part.bytes, keys: keys).map { Part(name: "opened \(part.name)", bytes: Data($0), isOpened: true) }
        }
    }

    /// Where a key of the record is: any 32 bytes that open it, as the leaf itself or as a node above it at any height.
    func findings(_ target: Target) -> [String] {
        var tried: Set<Data> = []
        var found: [String] = []
        for part in parts where part.isOpened || part.bytes.count <= Self.everyPlace {
            let candidates = Self.windows(part.bytes) + Self.written(part.bytes)
            for key in candidates where tried.insert(key.withUnsafeBytes { Data($0) }).inserted {
                if Self.opens(target, with: key) { found.append(part.name) }
            }
        }
        return found
    }

    /// Where these bytes are, raw or written as text; for what is known to be a key or a ciphertext.
    func places(of bytes: [UInt8]) -> [String] {
        let hex = Hex.encode(bytes)
        let forms = [Data(bytes), Data(hex.utf8), Data(hex.uppercased().utf8), Data(Data(bytes).base64EncodedString().utf8)]
        return parts.filter { part in forms.contains { part.bytes.firstRange(of: $0) != nil } }.map(\.name)
    }

    private static func opens(_ target: Target, with key: SymmetricKey) -> Bool {
        for level in 0...RecordKeyTree.depth {
            let index = target.leaf >> UInt32(4 * (RecordKeyTree.depth - level))
            guard let tree = try? RecordKeyTree(nodes: [.init(level: level, index: index, key: key)]),
                let record = try? tree.recordKey(target.leaf)
            else { continue }
            if target.opens(with: record) { return true }
        }
        return false
    }

    /// Every 32 bytes in a row that could be random: a key of 32 random bytes has fewer than 20 different ones once in 10⁹.
    private static func windows(_ bytes: Data) -> [SymmetricKey] {
        let bytes = [UInt8](bytes)
        guard bytes.count >= 32 else { return [] }
        var counts = [Int](repeating: 0, count: 256)
        var distinct = 0
        var keys: [SymmetricKey] = []
        for (position, byte) in bytes.enumerated() {
            if counts[Int(byte)] == 0 { distinct += 1 }
            counts[Int(byte)] += 1
            if position >= 32 {
                let leaving = Int(bytes[position - 32])
                counts[leaving] -= 1
                if counts[leaving] == 0 { distinct -= 1 }
            }
            if position >= 31, distinct >= 20 { keys.append(SymmetricKey(data: bytes[(position - 31)...position])) }
        }
        return keys
    }

    /// Keys written as 64 hexadecimal digits.
    private static func written(_ bytes: Data) -> [SymmetricKey] {
        var keys: [SymmetricKey] = []
        var run: [UInt8] = []
        for byte in bytes + [0] {
            if byte < 128, Character(UnicodeScalar(byte)).isHexDigit {
                run.append(byte)
            } else {
                for start in stride(from: 0, through: run.count - 64, by: 1) {
                    if let secret = Hex.decode(String(decoding: run[start..<start + 64], as: UTF8.self)) {
                        keys.append(SymmetricKey(data: secret))
                    }
                }
                run = []
            }
        }
        return keys
    }
}
