import Foundation
import Logging
import Synchronization

/// Log lines on standard error: for people, or one JSON object a line for machines.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let isJSON: Bool

    /// A logger that writes to standard error.
    package static func logger(_ label: String, level: String, json: Bool) -> Logger {
        Logger(label: label) { LineLogHandler(label: $0, level: Logger.Level(rawValue: level) ?? .info, json: json) }
    }

    init(label: String, level: Logger.Level, json: Bool) { (self.label, logLevel, isJSON) = (label, level, json) }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let time = Date.now.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
        var fields = [("time", time), ("level", event.level.rawValue), ("logger", label), ("message", "\(event.message)")]
        fields += all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let line = isJSON ? Self.json(fields) : Self.text(fields)
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    private static func text(_ fields: [(String, String)]) -> String {
        let values = fields.dropFirst(4).map { "\($0.0)=\(oneLine($0.1))" }
        let head = "\(fields[0].1) \(fields[1].1.uppercased()) \(oneLine(fields[3].1))"
        return values.isEmpty ? head : head + " " + values.joined(separator: " ")
    }

    /// Outside text must not be able to begin a line of its own.
    private static func oneLine(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) })
    }

    private static func json(_ fields: [(String, String)]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let quoted = { (text: String) in (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\"" }
        return "{" + fields.map { quoted($0.0) + ":" + quoted($0.1) }.joined(separator: ",") + "}"
    }
}
