import Primitives

/// One link of the chain of trust from a genesis to a result.
package struct TrustStep: Sendable, Equatable {
    /// What is looked at, in the order in which each rests on those before.
    package enum Name: String, Sendable, CaseIterable {
        case genesis, validators, header, receipt, state, enclave, evidence, result, request, consent
    }

    package enum Outcome: Sendable, Equatable {
        case holds
        /// Something in the file is false.
        case fails(String)
        /// The file does not hold what this step takes.
        case missing(String)
        /// It rests on a step that does not hold, so nothing can be said.
        case unjudged(Name)
    }

    package let name: Name
    package let outcome: Outcome
    /// What this step shows, with what was found; where it does not hold, what it would show.
    package let proves: String
    /// Whom or what one has to believe for it.
    package let restsOn: String

    package init(_ name: Name, _ outcome: Outcome, proves: String, restsOn: String) {
        (self.name, self.outcome, self.proves, self.restsOn) = (name, outcome, proves, restsOn)
    }

    package var fails: Bool { if case .fails = outcome { true } else { false } }
}

/// Why a step does not hold.
enum TrustFailure: Error {
    case fails(String)
    case missing(String)
    case rests(TrustStep.Name)

    init(_ error: any Error) {
        switch error {
        case let error as TrustFailure: self = error
        case let error as any CodedError: self = .fails(error.text)
        default: self = .fails("\(error)")
        }
    }
}

/// Collects the steps of one verification.
struct TrustSteps {
    private(set) var steps: [TrustStep] = []

    /// Does one step; its value where it holds.
    /// - Parameters:
    ///   - purpose: what the step would show, where it does not hold.
    ///   - body: throws why it does not hold; else the value, and what was found.
    mutating func step<Value>(
        _ name: TrustStep.Name, showing purpose: String, restsOn: String, _ body: () throws -> (Value, String)
    ) -> Value? {
        do {
            let (value, found) = try body()
            steps.append(TrustStep(name, .holds, proves: found, restsOn: restsOn))
            return value
        } catch {
            let outcome: TrustStep.Outcome =
                switch TrustFailure(error) {
                case .fails(let reason): .fails(reason)
                case .missing(let what): .missing(what)
                case .rests(let name): .unjudged(name)
                }
            steps.append(TrustStep(name, outcome, proves: purpose, restsOn: restsOn))
            return nil
        }
    }
}

extension Optional {
    /// The value of the step `name`, without which nothing can be said.
    func resting(on name: TrustStep.Name) throws -> Wrapped {
        guard let self else { throw TrustFailure.rests(name) }
        return self
    }
}
