/// A sum whose rounding errors are summed apart (Neumaier 1974): its error does not grow with the number of terms.
public struct CompensatedSum {
    private var sum = 0.0
    private var correction = 0.0

    /// The sum of nothing: 0.
    public init() {}

    /// Adds `term`.
    public mutating func add(_ term: Double) {
        let next = sum + term
        let isSmaller = (term < 0 ? -term : term) <= (sum < 0 ? -sum : sum)
        correction += isSmaller ? (sum - next) + term : (term - next) + sum
        sum = next
    }

    /// The sum of all terms so far.
    public var value: Double { sum + correction }
}
