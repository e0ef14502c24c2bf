import ArgumentParser
import Cryptography
import Foundation
import JupiterClient
import Primitives

extension Address: ExpressibleByArgument {
    package init?(argument: String) {
        guard let address = try? Address(text: argument) else { return nil }
        self = address
    }
}

extension Hash32: ExpressibleByArgument {
    @usableFromInline package init?(argument: String) { self.init(hex: argument) }
}

extension Wallet.KeyType: ExpressibleByArgument {}
extension Wallet.Sealing: ExpressibleByArgument {}

/// Files that commands read and write for people: not secrets.
enum PlainFile {
    static func read(_ path: String, limit: Int = 64 << 20) throws -> [UInt8] {
        if path == "-" { return [UInt8](FileHandle.standardInput.readDataToEndOfFile().prefix(limit)) }
        guard let data = FileManager.default.contents(atPath: path), data.count <= limit else { throw CommandError.fileUnreadable(path) }
        return [UInt8](data)
    }

    static func json(_ path: String) throws -> JSONValue {
        do { return try JSONValue(parsing: read(path)) } catch let error as ClientError where error.code == 1501 {
            throw CommandError.badArgument("\(path) is not JSON")
        }
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        guard !FileManager.default.fileExists(atPath: path) else { throw CommandError.fileExists(path) }
        do { try Data(bytes).write(to: URL(fileURLWithPath: path)) } catch { throw CommandError.fileUnreadable(path) }
    }
}

/// Times and amounts for people.
enum Display {
    static func time(_ milliseconds: UInt64) -> String {
        ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(milliseconds) / 1000))
    }

    static func amount(_ micro: UInt64) -> String {
        let fraction = String(micro % 1_000_000)
        return "\(micro / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction) JUPT"
    }

    /// Milliseconds since 1970, now.
    static var now: UInt64 { UInt64(Date().timeIntervalSince1970 * 1000) }
}
