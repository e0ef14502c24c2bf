import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import LocalFederation
import Primitives
import WireTypes

/// An attempt that must fail, and the code it failed with.
struct RefusedAttempt: Sendable {
    let name: String
    /// The code that the rules give.
    let expected: UInt32
    let code: UInt32
    let errorName: String

    var held: Bool { code == expected }
}

/// Ten attempts on the first locality's data, each of which must be refused with its own code.
struct Refusals: Sendable {
    private let stage: DemoStage
    private let locality: DemoChain
    private let hostileHost: EnclaveProxy?

    init(stage: DemoStage, hostileHost: EnclaveProxy?) {
        self.stage = stage
        self.hostileHost = hostileHost
        locality = stage.localities[0]
    }

    /// Special grants of willing subjects: one is used up, one withdrawn, one runs out by itself, one names an unpublished program.
    private struct Props {
        let silent: Subject
        let willing: Subject
        let exhausted: (subject: Subject, grant: Hash32)
        let withdrawn: (subject: Subject, grant: Hash32)
        let expiring: (subject: Subject, grant: Hash32, until: UInt64)
        let unpublished: (subject: Subject, grant: Hash32, program: Hash32)
    }

    func run() async throws -> [RefusedAttempt] {
        stage.progress.begin("attempts refused", total: 10)
        let props = try await prepare()
        var lender = try await locality.client.builder(for: stage.terms.lender.signingKey)
        var done: [RefusedAttempt] = []
        func note(_ attempt: RefusedAttempt) {
            done.append(attempt)
            stage.progress.update(done.count)
        }
        note(try await request("no consent", 300, &lender, props.silent, SecureRandom.hash()))
        note(
            try await request("wrong purpose", 308, &lender, props.willing, props.willing.lenderGrant) {
                $0.purpose = DemoTerms.otherPurpose
            })
        note(
            try await request("field outside scope", 309, &lender, props.willing, props.willing.lenderGrant) {
                $0.fields = ConsentScopes.sorted($0.fields + ["telephone"])
            })
        note(try await request("revoked consent", 302, &lender, props.withdrawn.subject, props.withdrawn.grant))
        note(try await request("uses exhausted", 303, &lender, props.exhausted.subject, props.exhausted.grant))
        note(
            try await request("unpublished program", 450, &lender, props.unpublished.subject, props.unpublished.grant) {
                $0.program = .init(props.unpublished.program.bytes)
            })
        note(try await replay())
        note(try await tampered(&lender, props.willing))
        note(try staleState())
        while try await locality.client.status().time < props.expiring.until { try await Task.sleep(for: .milliseconds(100)) }
        note(try await request("expired consent", 304, &lender, props.expiring.subject, props.expiring.grant))
        stage.progress.end()
        return done
    }

    // MARK: Preparation

    private func prepare() async throws -> Props {
        let members = stage.population.members(of: 0).map { stage.population.subjects[$0] }
        let willing = members.filter(\.grants)
        guard let silent = members.first(where: { !$0.grants }), willing.count >= 5 else {
            throw DemoError.badData("too few subjects for the refusals")
        }
        let now = try await locality.client.status().time
        let program = SecureRandom.hash()
        let props = Props(
            silent: silent, willing: willing[0], exhausted: (willing[1], SecureRandom.hash()), withdrawn: (willing[2], SecureRandom.hash()),
            expiring: (willing[3], SecureRandom.hash(), now + 4_000), unpublished: (willing[4], SecureRandom.hash(), program))
        try await give(props.exhausted.subject, props.exhausted.grant, now) { $0.maximumUses = 1 }
        try await give(props.withdrawn.subject, props.withdrawn.grant, now)
        try await give(props.expiring.subject, props.expiring.grant, now) { $0.validUntil = props.expiring.until }
        try await give(props.unpublished.subject, props.unpublished.grant, now) { $0.programs = [.init(program.bytes)] }
        // The one use that there is.
        var lender = try await locality.client.builder(for: stage.terms.lender.signingKey)
        try await locality.client.commit(
            lender.sign(.requestAssessment(plainRequest(props.exhausted.subject, props.exhausted.grant, now))))
        let subject = try await locality.client.builder(for: props.withdrawn.subject.wallet.signingKey)
        try await locality.client.commit(subject.withdrawal(grant: props.withdrawn.grant, version: 1))
        return props
    }

    private func give(
        _ subject: Subject, _ grant: Hash32, _ now: UInt64, _ change: (inout WireConsentScope) -> Void = { _ in }
    ) async throws {
        var scope = stage.terms.lenderScope(chainID: locality.chainID, now: now)
        change(&scope)
        var builder = try await locality.client.builder(for: subject.wallet.signingKey)
        try await locality.client.commit(builder.sign(DemoTerms.grant(grant, scope)))
    }

    private func plainRequest(_ subject: Subject, _ grant: Hash32, _ now: UInt64) -> WireRequestAssessment {
        stage.terms.request(subject: subject.wallet.address, grant: grant, deadline: now + 5 * 60_000)
    }

    // MARK: Attempts

    /// A request that the chain must refuse.
    private func request(
        _ name: String, _ expected: UInt32, _ lender: inout TransactionBuilder, _ subject: Subject, _ grant: Hash32,
        _ change: (inout WireRequestAssessment) -> Void = { _ in }
    ) async throws -> RefusedAttempt {
        var request = plainRequest(subject, grant, try await locality.client.status().time)
        change(&request)
        let transaction = try lender.sign(.requestAssessment(request))
        return try await attempt(name, expected) { try await locality.client.commit(transaction) }
    }

    /// The bureau's own signed transaction, committed before, once more.
    private func replay() async throws -> RefusedAttempt {
        var bureau = try await locality.client.builder(for: stage.terms.bureau.signingKey)
        var transfer = WireTransfer()
        transfer.to = .init(stage.terms.lender.address.bytes)
        transfer.amount = 1
        let transaction = try bureau.sign(.transfer(transfer))
        try await locality.client.commit(transaction)
        return try await attempt("replayed transaction", 122) { try await locality.client.commit(transaction) }
    }

    /// The host flips one bit of a record's ciphertext on its way into the enclave.
    private func tampered(_ lender: inout TransactionBuilder, _ subject: Subject) async throws -> RefusedAttempt {
        guard let hostileHost else { throw DemoError.unexpected("there is no hostile host") }
        hostileHost.tamper { command in
            guard case .runAssessments(var run) = command else { return }
            for position in run.assessments.indices {
                for record in run.assessments[position].records.indices {
                    var sidecar = [UInt8](run.assessments[position].records[record].sidecar)
                    if !sidecar.isEmpty { sidecar[sidecar.count - 1] ^= 1 }
                    run.assessments[position].records[record].sidecar = .init(sidecar)
                }
            }
            command = .runAssessments(run)
        }
        defer { hostileHost.tamper(nil) }
        let now = try await locality.client.status().time
        let transaction = try lender.sign(.requestAssessment(plainRequest(subject, subject.lenderGrant, now)))
        try await locality.client.commit(transaction)
        let id = transaction.transaction.messageIdentifier(0)
        return try await attempt("tampered ciphertext", 801) {
            for _ in 0..<600 {
                if let job = try await locality.client.assessment(id) {
                    if job.status == .refused {
                        throw NodeRefusal(code: job.refusalCode, name: "enclave.tamperedCiphertext", reason: "", status: 200)
                    }
                    guard job.status == .pending else { return }
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw DemoError.unexpected("the enclave did not answer about tampered ciphertext")
        }
    }

    /// The host shows the enclave a run of earlier: all of it valid once, under a header that is no longer the newest.
    private func staleState() throws -> RefusedAttempt {
        guard let hostileHost, let run = hostileHost.lastRun else { throw DemoError.unexpected("the host has seen no run") }
        let name = "stale state shown to the enclave"
        do {
            guard case .runAssessments(let answer) = try hostileHost.perform(.runAssessments(run)) else {
                throw DemoError.unexpected("the enclave answered something else")
            }
            guard let failure = answer.outcomes.first(where: \.hasFailure)?.failure else { throw DemoError.notRefused(name) }
            return RefusedAttempt(name: name, expected: 800, code: failure.code, errorName: failure.name)
        } catch let refusal as Refusal {
            return RefusedAttempt(name: name, expected: 800, code: refusal.code, errorName: refusal.name)
        }
    }

    private func attempt(_ name: String, _ expected: UInt32, _ body: () async throws -> Void) async throws -> RefusedAttempt {
        do { try await body() } catch let refusal as NodeRefusal {
            return RefusedAttempt(name: name, expected: expected, code: refusal.code, errorName: refusal.name)
        }
        throw DemoError.notRefused(name)
    }
}
