/// The steps of an appraisal, for a person who wants to follow it. Recording changes no outcome and costs nothing when off.
package struct AppraisalTrail: Sendable {
    package struct Step: Sendable, Equatable {
        package enum Outcome: String, Sendable { case passed, failed, noted }

        package let check: String
        package let outcome: Outcome
        package let detail: String
    }

    package private(set) var steps: [Step] = []
    private let isRecording: Bool

    package init(recording: Bool) { isRecording = recording }

    /// Records nothing.
    package static var none: AppraisalTrail { AppraisalTrail(recording: false) }

    /// Throws `error` unless `condition` holds.
    mutating func check(
        _ name: String, _ condition: Bool, _ error: AttestationError, _ detail: () -> String
    ) throws(AttestationError) {
        guard condition else {
            record(name, .failed) { error.reason }
            throw error
        }
        record(name, .passed, detail)
    }

    /// Runs `body` as one step: what it throws is the step's failure.
    mutating func step<T>(_ name: String, _ body: () throws(AttestationError) -> (T, String)) throws(AttestationError) -> T {
        do {
            let (value, detail) = try body()
            record(name, .passed) { detail }
            return value
        } catch {
            record(name, .failed) { error.reason }
            throw error
        }
    }

    /// Records something that a reader should know and that decides nothing.
    mutating func note(_ name: String, _ detail: @autoclosure () -> String) { record(name, .noted, detail) }

    private mutating func record(_ name: String, _ outcome: Step.Outcome, _ detail: () -> String) {
        guard isRecording else { return }
        steps.append(Step(check: name, outcome: outcome, detail: detail()))
    }
}
