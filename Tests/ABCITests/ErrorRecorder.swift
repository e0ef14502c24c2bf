import Logging
import Synchronization

/// Keeps the lines of level `error` and above.
struct ErrorRecorder: LogHandler {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private let recorded = Lines()
    var logLevel: Logger.Level = .error
    var metadata: Logger.Metadata = [:]

    var lines: [String] { recorded.all.withLock { $0 } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        recorded.all.withLock { $0.append("\(event.message) \(metadata.merging(event.metadata ?? [:]) { $1 })") }
    }
}
