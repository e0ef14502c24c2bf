import Foundation
import Synchronization

/// Shows how far a demo is: bars on a terminal, a line at the end of each step elsewhere.
final class Progress: Sendable {
    private struct State {
        var title = ""
        var total = 0
        var counts: [String: Int] = [:]
        var hasBar = false
        var lastDrawn = ContinuousClock.now
    }

    private static let width = 30
    private let start = ContinuousClock.now
    private let isTerminal: Bool
    private let isQuiet: Bool
    private let state = Mutex(State())

    init(quiet: Bool) {
        isQuiet = quiet
        isTerminal = Console.isTerminal && !quiet
    }

    /// Seconds since the demo began.
    var seconds: Double {
        let elapsed = ContinuousClock.now - start
        return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    }

    /// Begins a step of `total` parts, counted per source: each locality counts for itself.
    func begin(_ title: String, total: Int) {
        finish()
        state.withLock { $0 = State(title: title, total: total) }
        draw(force: true)
    }

    /// `source` has done `count` parts of the step.
    func update(_ count: Int, of source: String = "") {
        state.withLock { $0.counts[source] = max(count, $0.counts[source] ?? 0) }
        draw(force: false)
    }

    /// The step is done.
    func end() {
        guard !isQuiet else { return }
        let line = state.withLock { state in
            let text = "\(state.title): \(state.total)"
            state.hasBar = false
            state.title = ""
            return text
        }
        write((isTerminal ? "\r\u{1B}[K" : "") + stamp + line + "\n")
    }

    /// One line of its own.
    func note(_ text: String) {
        finish()
        if !isQuiet { write(stamp + text + "\n") }
    }

    /// Leaves the line of an unfinished bar.
    func finish() {
        let hadBar = state.withLock { state in
            defer { state.hasBar = false }
            return state.hasBar
        }
        if hadBar { write("\n") }
    }

    private var stamp: String { String(format: "[%5.1f s] ", seconds) }

    private func draw(force: Bool) {
        guard isTerminal else { return }
        let bar = state.withLock { state -> String? in
            let now = ContinuousClock.now
            guard force || now - state.lastDrawn > .milliseconds(60), !state.title.isEmpty, state.total > 0 else { return nil }
            state.lastDrawn = now
            state.hasBar = true
            let done = min(state.counts.values.reduce(0, +), state.total)
            let filled = done * Self.width / state.total
            let cells = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
            return "\(cells) \(done)/\(state.total)  \(state.title)"
        }
        if let bar { write("\r\u{1B}[K" + stamp + bar) }
    }

    private func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}
