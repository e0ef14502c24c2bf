import Synchronization

/// Numbers about a node, in the text format of Prometheus (exposition format 0.0.4).
package final class Metrics: Sendable {
    /// A number that only rises.
    package final class Counter: Sendable {
        private let count = Atomic<UInt64>(0)
        package func add(_ amount: Int = 1) { count.wrappingAdd(UInt64(max(amount, 0)), ordering: .relaxed) }
        package var value: UInt64 { count.load(ordering: .relaxed) }
    }

    /// Counts of values below bounds, and their sum.
    package final class Histogram: Sendable {
        private struct State {
            var counts: [UInt64]
            var sum = 0.0
        }

        fileprivate let bounds: [Double]
        private let state: Mutex<State>

        fileprivate init(bounds: [Double]) {
            self.bounds = bounds
            state = Mutex(State(counts: [UInt64](repeating: 0, count: bounds.count + 1)))
        }

        package func observe(_ value: Double) {
            let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
            state.withLock {
                $0.counts[bucket] += 1
                $0.sum += value
            }
        }

        fileprivate var snapshot: (counts: [UInt64], sum: Double) { state.withLock { ($0.counts, $0.sum) } }
    }

    /// How long something took of late, and altogether.
    package struct Summary: Sendable {
        /// Each a share of the newest values, and the value that this share does not exceed; not a number without any.
        package var quantiles: [(share: Double, value: Double)]
        package var sum: Double
        package var count: UInt64

        package init(quantiles: [(share: Double, value: Double)], sum: Double, count: UInt64) {
            (self.quantiles, self.sum, self.count) = (quantiles, sum, count)
        }
    }

    private enum Source: Sendable {
        case counter(Counter)
        case gauge(@Sendable () -> Double)
        case histogram(Histogram)
        case summary(@Sendable () -> Summary)
    }

    private struct Metric: Sendable {
        let name: String
        let help: String
        let labels: [(String, String)]
        let source: Source
    }

    private let metrics = Mutex<[Metric]>([])

    package init() {}

    /// Registers a counter; its name ends in `_total`.
    package func counter(_ name: String, _ help: String, labels: [(String, String)] = []) -> Counter {
        let counter = Counter()
        add(name, help, labels, .counter(counter))
        return counter
    }

    /// Registers a number that is read when somebody asks.
    package func gauge(_ name: String, _ help: String, labels: [(String, String)] = [], read: @escaping @Sendable () -> Double) {
        add(name, help, labels, .gauge(read))
    }

    /// Registers a histogram of seconds.
    package func histogram(
        _ name: String, _ help: String, labels: [(String, String)] = [],
        bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    ) -> Histogram {
        let histogram = Histogram(bounds: bounds)
        add(name, help, labels, .histogram(histogram))
        return histogram
    }

    /// Registers a summary that is read when somebody asks.
    package func summary(_ name: String, _ help: String, read: @escaping @Sendable () -> Summary) {
        add(name, help, [], .summary(read))
    }

    private func add(_ name: String, _ help: String, _ labels: [(String, String)], _ source: Source) {
        precondition(name.hasPrefix("jupiter_"), "names of metrics begin with the product's")
        metrics.withLock { $0.append(Metric(name: name, help: help, labels: labels, source: source)) }
    }

    /// The names that are registered, each once.
    package var names: [String] {
        metrics.withLock { $0.reduce(into: []) { names, metric in if !names.contains(metric.name) { names.append(metric.name) } } }
    }

    /// All metrics as text.
    package var text: String {
        let all = metrics.withLock { $0 }
        var lines: [String] = []
        for name in names {
            let family = all.filter { $0.name == name }
            guard let first = family.first else { continue }
            lines.append("# HELP \(name) \(first.help)")
            lines.append("# TYPE \(name) \(Self.type(first.source))")
            for metric in family { lines.append(contentsOf: Self.samples(metric)) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func type(_ source: Source) -> String {
        switch source {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        case .summary: "summary"
        }
    }

    private static func samples(_ metric: Metric) -> [String] {
        switch metric.source {
        case .counter(let counter): return ["\(metric.name)\(labels(metric.labels)) \(counter.value)"]
        case .gauge(let read): return ["\(metric.name)\(labels(metric.labels)) \(number(read()))"]
        case .histogram(let histogram):
            let (counts, sum) = histogram.snapshot
            var cumulative: UInt64 = 0
            var lines: [String] = []
            for (bound, count) in zip(histogram.bounds, counts) {
                cumulative += count
                lines.append("\(metric.name)_bucket\(labels(metric.labels + [("le", number(bound))])) \(cumulative)")
            }
            let total = counts.reduce(0, +)
            lines.append("\(metric.name)_bucket\(labels(metric.labels + [("le", "+Inf")])) \(total)")
            lines.append("\(metric.name)_sum\(labels(metric.labels)) \(number(sum))")
            lines.append("\(metric.name)_count\(labels(metric.labels)) \(total)")
            return lines
        case .summary(let read):
            let summary = read()
            return summary.quantiles.map { share, value in
                "\(metric.name)\(labels(metric.labels + [("quantile", number(share))])) \(number(value))"
            } + ["\(metric.name)_sum \(number(summary.sum))", "\(metric.name)_count \(summary.count)"]
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    /// Label values are escaped as the format demands: backslash, quote, line feed.
    private static func labels(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { name, value in
            let escaped = value.reduce(into: "") { text, character in
                switch character {
                case "\\": text += "\\\\"
                case "\"": text += "\\\""
                case "\n": text += "\\n"
                default: text.append(character)
                }
            }
            return "\(name)=\"\(escaped)\""
        }
        return "{" + pairs.joined(separator: ",") + "}"
    }
}
