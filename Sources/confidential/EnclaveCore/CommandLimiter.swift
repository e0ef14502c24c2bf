import EnclaveProtocol
import Primitives
import WireTypes

/// What one node may ask of an enclave in a time. A node that works stays far below.
package struct CommandLimits: Sendable {
    /// An amount that may be used at once, and how much comes back each second.
    package struct Rate: Sendable {
        package var burst: UInt64
        package var perSecond: UInt64

        package init(burst: UInt64, perSecond: UInt64) { (self.burst, self.perSecond) = (burst, perSecond) }
    }

    package var commands: Rate
    package var bytes: Rate
    /// Proofs, signatures and ciphertexts that did not hold: each costs work, and tells a prober one thing.
    package var brokenEvidence: Rate

    package init(commands: Rate, bytes: Rate, brokenEvidence: Rate) {
        (self.commands, self.bytes, self.brokenEvidence) = (commands, bytes, brokenEvidence)
    }

    package static let standard = CommandLimits(
        commands: Rate(burst: 2_000, perSecond: 500), bytes: Rate(burst: 512 << 20, perSecond: 128 << 20),
        brokenEvidence: Rate(burst: 1_024, perSecond: 8))
}

/// Counts what was asked: token buckets, with the time as a parameter.
package struct CommandLimiter: Sendable {
    private struct Bucket {
        let rate: CommandLimits.Rate
        /// Thousandths, so that a millisecond gives a whole number.
        private var left: UInt64
        private var since: UInt64 = 0

        init(_ rate: CommandLimits.Rate) {
            self.rate = rate
            left = rate.burst * 1_000
        }

        mutating func refill(at time: UInt64) {
            guard time > since else { return }
            let (back, overflow) = (time - since).multipliedReportingOverflow(by: rate.perSecond)
            left = overflow ? rate.burst * 1_000 : min(rate.burst * 1_000, left + min(back, rate.burst * 1_000))
            since = time
        }

        var isEmpty: Bool { left < 1_000 }
        func has(_ amount: UInt64) -> Bool { left >= min(amount, rate.burst) * 1_000 }
        mutating func take(_ amount: UInt64) { left -= min(left, min(amount, rate.burst) * 1_000) }
    }

    private var commands: Bucket
    private var bytes: Bucket
    private var broken: Bucket

    package init(_ limits: CommandLimits) {
        (commands, bytes, broken) = (Bucket(limits.commands), Bucket(limits.bytes), Bucket(limits.brokenEvidence))
    }

    /// Whether a message of `bytes` is taken at `time`, in milliseconds; counts it if so.
    /// - Parameter bringsEvidence: whether it has proofs or signatures to check.
    package mutating func admit(bytes count: Int, bringsEvidence: Bool, at time: UInt64) -> Bool {
        commands.refill(at: time)
        bytes.refill(at: time)
        broken.refill(at: time)
        let size = UInt64(clamping: count)
        guard commands.has(1), bytes.has(size), !bringsEvidence || !broken.isEmpty else { return false }
        commands.take(1)
        bytes.take(size)
        return true
    }

    /// Counts evidence that did not hold.
    package mutating func count(broken number: Int, at time: UInt64) {
        broken.refill(at: time)
        broken.take(UInt64(clamping: number))
    }
}

extension WireEnclaveRequest {
    /// Whether the command brings evidence to check; what is no command counts as if.
    var bringsEvidence: Bool {
        switch command {
        case .status, .attest, .backup, .loadProgram: false
        default: true
        }
    }
}

extension WireEnclaveResponse.OneOf_Answer {
    /// How many proofs, signatures or ciphertexts did not hold.
    var brokenEvidence: Int {
        switch self {
        case .failure(let failure): failure.isBrokenEvidence ? 1 : 0
        case .enrol(let answer): answer.outcomes.count { $0.failure.isBrokenEvidence }
        case .runAssessments(let answer): answer.outcomes.count { $0.failure.isBrokenEvidence }
        case .openAssessments(let answer): answer.outcomes.count { $0.failure.isBrokenEvidence }
        case .runSubscription(let answer): answer.outcome.failure.isBrokenEvidence ? 1 : 0
        case .openSubscription(let answer): answer.outcome.failure.isBrokenEvidence ? 1 : 0
        default: 0
        }
    }
}

extension WireEnclaveFailure {
    private static let codes: Set<UInt32> = Set(
        [
            EnclaveError.tamperedCiphertext, .badProof, .badGrantSignature, .badRequestSignature, .wrongChain, .badEnrolment,
            .otherSession, .malformedCommand, .badRecoveryPlan,
        ]
        .map(\.code))

    /// Codes 700–799 are the light client's.
    fileprivate var isBrokenEvidence: Bool { Self.codes.contains(code) || (700...799).contains(code) }
}
