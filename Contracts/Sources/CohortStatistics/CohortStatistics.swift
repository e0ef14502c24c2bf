import ProgramSDK

/// Count, mean, sample variance and histogram of one numeric column over a cohort.
///
/// The result is exact and open to differencing: two cohorts that differ in one person tell that person's value. The enclave
/// enforces a minimum cohort; noise is another program's.
///
/// Takes a batch of exactly one column, integers or numbers; absent values are not counted. Parameters: `histogram_low` <
/// `histogram_high` (numbers), `histogram_bins` (integer, 1…64). Bins have equal widths; each holds its lower edge, the last
/// also its upper; values outside are in no bin.
public func describeCohort(_ input: ProgramInput) throws(ProgramFailure) -> ProgramOutput {
    guard input.columns.count == 1, let column = input.columns.first else { throw .missingColumn }
    var histogram = try Histogram(input)
    var sum = CompensatedSum()
    var count = 0
    for row in 0..<input.rowCount {
        guard let value = try column.number(row) else { continue }
        sum.add(value)
        histogram.add(value)
        count += 1
    }
    guard count >= 2 else { throw .tooFewValues }
    let mean = sum.value / Double(count)
    // The second pass: squares about the mean, less the square of what rounding left of the first moment (Chan, Golub, LeVeque
    // 1983, eq. 1.7).
    var squares = CompensatedSum()
    var rest = CompensatedSum()
    for row in 0..<input.rowCount {
        guard let value = try column.number(row) else { continue }
        let difference = value - mean
        squares.add(difference * difference)
        rest.add(difference)
    }
    let variance = (squares.value - rest.value * rest.value / Double(count)) / Double(count - 1)
    guard mean.isFinite, variance.isFinite else { throw .notFinite }
    var output = ProgramOutput()
    output.integer("count", Int64(count))
    output.number("mean", mean)
    output.number("variance", variance)
    output.integers("histogram", histogram.counts)
    output.number("histogram_low", histogram.low)
    output.number("histogram_high", histogram.high)
    return output
}

/// Counts values in bins of equal width.
struct Histogram {
    static let maximumBins = 64

    let low: Double
    let high: Double
    private let width: Double
    private(set) var counts: [Int64]

    init(_ input: ProgramInput) throws(ProgramFailure) {
        low = try input.number("histogram_low")
        high = try input.number("histogram_high")
        let bins = try input.integer("histogram_bins")
        guard bins >= 1, bins <= Int64(Self.maximumBins) else { throw .invalidParameter }
        width = (high - low) / Double(bins)
        guard low < high, width.isFinite, width > 0 else { throw .invalidParameter }
        counts = [Int64](repeating: 0, count: Int(bins))
    }

    mutating func add(_ value: Double) {
        guard value >= low, value <= high else { return }
        let bin = Int((value - low) / width)
        counts[bin < counts.count ? bin : counts.count - 1] += 1
    }
}

#if arch(wasm32)
    /// What the module exports.
    @_expose(wasm, "run") @_cdecl("program_run")
    public func run() -> Int32 { Program.run(describeCohort) }
#endif
