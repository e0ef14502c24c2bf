import Crypto
import Cryptography
import Foundation
import Primitives
import Synchronization

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

    /// Files up to this size, and whatever was opened, are tried as keys at every place. In larger ones `places` looks for the very keys that
    /// would open the record: the leaf and the six nodes above it.
    private let everyPlace: Int

    package private(set) var parts: [Part]

    package init(_ parts: [Part], everyPlace: Int = 32 << 10) { (self.parts, self.everyPlace) = (parts, everyPlace) }

    /// Opens all that can be opened with what is there.
    package mutating func openAll(_ openers: [Opener] = [vaults]) {
        var known = Set(parts.map(\.bytes))
        var new = parts
        var keys: Set<Data> = []
        while !new.isEmpty {
            let small = new.filter { $0.bytes.count <= min(everyPlace, 8 << 10) }
            keys.formUnion(new.flatMap { Self.written($0.bytes) } + small.flatMap { Self.windows($0.bytes) })
            new = openers.flatMap { $0(parts, keys) }.filter { known.insert($0.bytes).inserted }
            parts += new
        }
    }

    package static let vaults: Opener = { parts, keys in
        parts.flatMap { part in
            VaultFileReader.open(part.bytes, keys: keys).map { Part(name: "opened \(part.name)", bytes: Data($0), isOpened: true) }
        }
    }

    /// Where a key of one of the records is: any 32 bytes that open it, as the leaf itself or as a node above it at any height.
    package func findings(_ targets: [Target]) -> [String] {
        let leaves = Dictionary(grouping: targets, by: \.leaf)
        return tryAll { key in
            leaves.contains { leaf, targets in
                Target.candidates(for: leaf, from: key).contains { record in targets.contains { $0.opens(with: record) } }
            }
        }
    }

    package func findings(_ target: Target) -> [String] { findings([target]) }

    /// Where a key of the result is: any 32 bytes that open it, as its own key or as a vault's result secret of any of the last steps.
    package func findings(_ target: ResultTarget) -> [String] { tryAll { target.opens(with: $0) } }

    /// What was opened, without the files: much less to look through, and where keys are as long as there are any.
    package var onlyOpened: KeySearch { KeySearch(parts.filter(\.isOpened)) }

    /// How many keys one processor tries at a time.
    private static let keysAtATime = 256

    /// The parts with a key that does, each as often as there are such keys. Every key is tried once, on all processors.
    private func tryAll(_ opens: @Sendable (Data) -> Bool) -> [String] {
        var tried: Set<Data> = []
        var candidates: [(part: Int, key: Data)] = []
        for (index, part) in parts.enumerated() where part.isOpened || part.bytes.count <= everyPlace {
            let keys = Self.windows(part.bytes) + Self.written(part.bytes)
            candidates += keys.filter { tried.insert($0).inserted }.map { (index, $0) }
        }
        let found = Mutex<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: (candidates.count + Self.keysAtATime - 1) / Self.keysAtATime) { [candidates] round in
            let mine = candidates.dropFirst(round * Self.keysAtATime).prefix(Self.keysAtATime).filter { opens($0.key) }
            if !mine.isEmpty { found.withLock { $0 += mine.map(\.part) } }
        }
        return found.withLock { $0.sorted().map { parts[$0].name } }
    }

    /// Where these bytes are, raw or written as text; for what is known to be a key or a ciphertext.
    package func places(of bytes: [UInt8]) -> [String] {
        let hex = Hex.encode(bytes)
        let forms = [Data(bytes), Data(hex.utf8), Data(hex.uppercased().utf8), Data(Data(bytes).base64EncodedString().utf8)]
        return parts.filter { part in forms.contains { part.bytes.firstRange(of: $0) != nil } }.map(\.name)
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
