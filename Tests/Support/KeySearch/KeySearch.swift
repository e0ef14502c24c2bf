import Crypto
import Cryptography
import Foundation
import Primitives

/// Someone who has every file there is and tries every key in them.
///
/// Files are opened as far as what is in them allows: everything that looks like a key is tried on everything that is sealed, and what
/// comes out is searched in turn, until nothing new comes out.
package struct KeySearch {
    /// Turns what is known into more: replicas' and recovery packages' formats can be added here.
    package typealias Opener = @Sendable (_ parts: [Part], _ keys: Set<Data>) -> [Part]

    package struct Part: Sendable {
        package let name: String
        package let bytes: Data
        /// It was sealed, and a key among the files opened it.
        package let isOpened: Bool

        package init(name: String, bytes: Data, isOpened: Bool = false) {
            (self.name, self.bytes, self.isOpened) = (name, bytes, isOpened)
        }

        /// Every file below `folder` that is not empty.
        package static func files(below folder: String) throws -> [Part] {
            try FileManager.default.subpathsOfDirectory(atPath: folder).sorted().compactMap { path in
                guard let bytes = FileManager.default.contents(atPath: folder + "/" + path), !bytes.isEmpty else { return nil }
                return Part(name: path, bytes: bytes)
            }
        }
    }

    /// What shall be opened: one record's ciphertext, and where in its tree the key is.
    package struct Target {
        let box: [UInt8]
        let associated: [UInt8]
        let leaf: UInt32

        package init(box: [UInt8], associated: [UInt8], leaf: UInt32) { (self.box, self.associated, self.leaf) = (box, associated, leaf) }

        /// The 32-byte strings that open the record: the key at the top of its tree and those on the way down to the leaf.
        package static func path(to leaf: UInt32, under subjectKey: SymmetricKey) throws -> [[UInt8]] {
            let whole = RecordKeyTree(subjectKey: subjectKey)
            var keys = [subjectKey.withUnsafeBytes { [UInt8]($0) }]
            for level in 1...RecordKeyTree.depth {
                let width = UInt32(1) << UInt32(4 * (RecordKeyTree.depth - level))
                // Without its neighbour, the node on the way at this level is one of those that are left.
                var tree = whole
                try tree.puncture(leaf ^ width)
                guard let node = tree.nodes.first(where: { $0.level == level && $0.index == leaf / width }) else { continue }
                keys.append(node.key.withUnsafeBytes { [UInt8]($0) })
            }
            return keys
        }

        func opens(with key: SymmetricKey) -> Bool {
            (try? AuthenticatedEncryption.open(box, key: key, context: .record, associated: associated)) != nil
        }
    }

    /// Files up to this size, and whatever was opened, are tried as keys at every place. In larger ones `places` looks for the very keys that
    /// would open the record: the leaf and the six nodes above it.
    private static let everyPlace = 32 << 10

    package private(set) var parts: [Part]

    package init(_ parts: [Part]) { self.parts = parts }

    /// Opens all that can be opened with what is there.
    package mutating func openAll(_ openers: [Opener] = [vaults]) {
        var known = Set(parts.map(\.bytes))
        var new = parts
        var keys: Set<Data> = []
        while !new.isEmpty {
            keys.formUnion(
                new.flatMap { Self.written($0.bytes) } + new.filter { $0.bytes.count <= 8 << 10 }.flatMap { Self.windows($0.bytes) })
            new = openers.flatMap { $0(parts, keys) }.filter { known.insert($0.bytes).inserted }
            parts += new
        }
    }

    package static let vaults: Opener = { parts, keys in
        parts.flatMap { part in
            VaultFileReader.open(part.bytes, keys: keys).map { Part(name: "opened \(part.name)", bytes: Data($0), isOpened: true) }
        }
    }

    /// Where a key of the record is: any 32 bytes that open it, as the leaf itself or as a node above it at any height.
    package func findings(_ target: Target) -> [String] {
        var tried: Set<Data> = []
        var found: [String] = []
        for part in parts where part.isOpened || part.bytes.count <= Self.everyPlace {
            let candidates = Self.windows(part.bytes) + Self.written(part.bytes)
            for key in candidates where tried.insert(key).inserted {
                if Self.opens(target, with: key) { found.append(part.name) }
            }
        }
        return found
    }

    /// Where a key of the result is: any 32 bytes that open it, as its own key or as a vault's result secret of any of the last steps.
    package func findings(_ target: ResultTarget) -> [String] {
        var tried: Set<Data> = []
        var found: [String] = []
        for part in parts where part.isOpened || part.bytes.count <= Self.everyPlace {
            for key in Self.windows(part.bytes) where tried.insert(key).inserted && target.opens(with: key) { found.append(part.name) }
        }
        return found
    }

    /// Where these bytes are, raw or written as text; for what is known to be a key or a ciphertext.
    package func places(of bytes: [UInt8]) -> [String] {
        let hex = Hex.encode(bytes)
        let forms = [Data(bytes), Data(hex.utf8), Data(hex.uppercased().utf8), Data(Data(bytes).base64EncodedString().utf8)]
        return parts.filter { part in forms.contains { part.bytes.firstRange(of: $0) != nil } }.map(\.name)
    }

    private static func opens(_ target: Target, with bytes: Data) -> Bool {
        let key = SymmetricKey(data: bytes)
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
    private static func windows(_ bytes: Data) -> [Data] {
        let bytes = [UInt8](bytes)
        guard bytes.count >= 32 else { return [] }
        var counts = [Int](repeating: 0, count: 256)
        var distinct = 0
        var keys: [Data] = []
        for (position, byte) in bytes.enumerated() {
            if counts[Int(byte)] == 0 { distinct += 1 }
            counts[Int(byte)] += 1
            if position >= 32 {
                let leaving = Int(bytes[position - 32])
                counts[leaving] -= 1
                if counts[leaving] == 0 { distinct -= 1 }
            }
            if position >= 31, distinct >= 20 { keys.append(Data(bytes[(position - 31)...position])) }
        }
        return keys
    }

    /// Keys written as 64 hexadecimal digits.
    private static func written(_ bytes: Data) -> [Data] {
        var keys: [Data] = []
        var run: [UInt8] = []
        for byte in bytes + [0] {
            if byte < 128, Character(UnicodeScalar(byte)).isHexDigit {
                run.append(byte)
            } else {
                for start in stride(from: 0, through: run.count - 64, by: 1) {
                    if let secret = Hex.decode(String(decoding: run[start..<start + 64], as: UTF8.self)) {
                        keys.append(Data(secret))
                    }
                }
                run = []
            }
        }
        return keys
    }
}
