import AdversarySupport
import ChainTypes
import Cryptography
import EnclaveProtocol
import Foundation
import Primitives
import SwiftProtobuf
import WireTypes

/// A random walk of a hostile node: true and false grants, requests and acceptances, hidden headers, old and broken messages.
///
/// Beside it stands what a just enclave may do; whatever the enclave answers is held against that.
final class HostileSession {
    struct GrantFacts {
        let grant: SceneGrant
        /// Signed by the subject, and covering what the session's requests ask for.
        let covers: Bool
        var isActive = true
    }

    struct JobFacts {
        let request: SceneRequest
        let grant: Int
        /// Signed by the requester as it stands in the state.
        let isRightful: Bool
        var isPending = true
        /// What the chain accepted of this enclave, for the true recipient.
        var accepted: Data?
    }

    /// What certified state says.
    struct World {
        var grants: [GrantFacts] = []
        var jobs: [Hash32: JobFacts] = [:]
        var order: [Hash32] = []
    }

    let hostile: HostileScene
    private var generator: SeededGenerator
    /// The newest state, and the state under the newest header that the enclave was shown.
    var latest = World()
    var shown = World()
    private var decided: [Hash32: (commitment: Data, sealed: Data)] = [:]
    private var uses: [Int: Set<Hash32>] = [:]
    private(set) var opened: Set<Hash32> = []
    private var messages: [[UInt8]] = []
    private var saved: [WireRunAssessmentsCommand] = []
    private(set) var steps: [String] = []
    /// Every promise that was broken.
    private(set) var violations: [String] = []

    var decidedCount: Int { decided.count }

    init(_ hostile: HostileScene, seed: UInt64) {
        self.hostile = hostile
        generator = SeededGenerator(seed: seed)
        observe()
    }

    // MARK: What the enclave answers

    /// Keeps what is sent and judges what is answered, from the enclave's next answer on.
    private func observe() {
        guard case .bytes(let exchange) = hostile.scene.driver else { return }
        hostile.scene.driver = .bytes { [unowned self] message in
            messages.append(message)
            let bytes = try exchange(message)
            judge(try WireEnclaveResponse(strictly: bytes, limit: EnclaveFraming.maximumBytes))
            return bytes
        }
    }

    func judge(_ response: WireEnclaveResponse) {
        switch response.answer {
        case .runAssessments(let answer): for outcome in answer.outcomes where !outcome.hasFailure { judge(run: outcome) }
        case .openAssessments(let answer): for outcome in answer.outcomes where !outcome.hasFailure { judge(opening: outcome) }
        default: break
        }
    }

    private func judge(run outcome: WireRunOutcome) {
        guard let id = Hash32(outcome.id), let job = shown.jobs[id] else { return violate("a run of no job") }
        if let earlier = decided[id] {
            if earlier != (outcome.commitment, outcome.sealedResult) { violate("two answers to \(id)") }
            return
        }
        decided[id] = (outcome.commitment, outcome.sealedResult)
        let grant = shown.grants[job.grant]
        uses[job.grant, default: []].insert(id)
        if !job.isRightful { violate("a run that its requester did not ask for") }
        if !grant.covers { violate("a run without a covering grant") }
        if !grant.isActive { violate("a run after a withdrawal that was shown") }
        if !job.isPending { violate("a run of a job that is not pending") }
        if uses[job.grant]?.count ?? 0 > Int(grant.grant.scope.maximumUses) { violate("more uses than granted") }
    }

    private func judge(opening outcome: WireOpenOutcome) {
        guard let id = Hash32(outcome.id), let job = shown.jobs[id] else { return violate("an opening of no job") }
        if job.accepted == nil || job.accepted != decided[id]?.commitment { violate("an opening without an accepted commitment") }
        opened.insert(id)
        guard let box = try? SealedBox(outcome.keyBox),
            let key = try? hostile.scene.recipient.open(box, context: .keyBox, associated: id.bytes)
        else { return violate("an opening to somebody else") }
        hostile.learn("result key of \(id)", key)
    }

    private func violate(_ promise: String) { violations.append("\(promise), after step \(steps.count): \(steps.last ?? "none")") }

    // MARK: What the host does

    private enum Step: CaseIterable {
        case grant, request, run, accept, acceptFalsely, open, withdraw, refund, hide, show, save, runSaved, replay, mutate, mix, restart,
            serve
    }

    /// All steps, those more often on which the others depend.
    private static let weighted = Step.allCases + [.grant, .request, .request, .run, .run, .run, .accept, .open, .open, .show, .serve]

    func walk(_ count: Int) throws {
        for _ in 0..<count { try step(Self.weighted[below(Self.weighted.count)]) }
    }

    private func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(max(1, bound))) }

    /// A job, more often one of the newest.
    private func job() -> Hash32? {
        guard !latest.order.isEmpty else { return nil }
        let count = latest.order.count
        return below(3) == 0 ? latest.order[below(count)] : latest.order[count - 1 - below(min(3, count))]
    }

    /// Ends a block; the enclave is shown it, unless it is hidden.
    private func block(isHidden: Bool = false) throws {
        try hostile.node.block()
        if !isHidden { try show() }
    }

    private func show() throws {
        // Before it is asked: an answer may come under the new header already.
        let before = shown
        shown = latest
        do { try hostile.scene.catchUp() } catch {
            shown = before
            throw error
        }
    }

    private func step(_ step: Step) throws {
        steps.append("\(step)")
        do {
            switch step {
            case .grant: try grant()
            case .request: try request()
            case .run: try run()
            case .accept: try accept(falsely: false)
            case .acceptFalsely: try accept(falsely: true)
            case .open: try open()
            case .withdraw, .hide: try withdraw(isHidden: step == .hide)
            case .refund: try refund()
            case .show: try show()
            case .save: if let command = try runCommand() { saved.append(command) }
            case .runSaved: if !saved.isEmpty { _ = try hostile.answer(.runAssessments(saved[below(saved.count)])) }
            case .replay: if !messages.isEmpty { _ = try hostile.exchange(messages[below(messages.count)]) }
            case .mutate: if !messages.isEmpty { try mutate() }
            case .mix: try mix()
            case .restart: try restart()
            case .serve: try serve()
            }
        } catch is Refusal {}
    }

    private func grant() throws {
        let kind = below(8)
        let grant = try hostile.scene.grant(
            hostile.subject, fields: ["age", "amount"], signedBy: kind == 0 ? hostile.scene.requester : nil
        ) { scope in
            scope.maximumUses = UInt32(1 + self.below(3))
            if kind == 1 { scope.purpose = "DirectMarketing" }
        }
        latest.grants.append(GrantFacts(grant: grant, covers: kind > 1))
        steps[steps.count - 1] += " kind \(kind), \(grant.scope.maximumUses) uses"
        try block()
    }

    private func request() throws {
        guard !latest.grants.isEmpty else { return }
        let index = below(3) == 0 ? below(latest.grants.count) : latest.grants.count - 1
        let facts = latest.grants[index]
        let kind = below(10)
        // The chain's count goes back to one every time: the vault's own has to hold.
        let request = try hostile.scene.request(
            facts.grant, fields: kind == 0 ? ["age", "secret"] : ["age"], use: 1, signedBy: kind == 1 ? hostile.subject.wallet : nil)
        if kind == 2 { hostile.scene.write(request) { $0.request.deadline += 1 } }
        if !facts.isActive { hostile.scene.write(facts.grant) { $0.status = .withdrawn } }
        latest.jobs[request.id] = JobFacts(request: request, grant: index, isRightful: kind > 2)
        latest.order.append(request.id)
        steps[steps.count - 1] += " of grant \(index), kind \(kind)"
        try block(isHidden: below(5) == 0)
    }

    /// A true command for one to three jobs.
    private func runCommand() throws -> WireRunAssessmentsCommand? {
        guard !latest.order.isEmpty else { return nil }
        var command = WireRunAssessmentsCommand()
        command.shared = try hostile.scene.sharedEvidence()
        for _ in 0...below(3) {
            guard let id = job(), let facts = latest.jobs[id] else { continue }
            command.assessments.append(try hostile.scene.evidence(facts.request, latest.grants[facts.grant].grant))
        }
        return command
    }

    private func run() throws {
        if below(4) > 0 { try show() }
        guard let command = try runCommand() else { return }
        let answer = try hostile.answer(.runAssessments(command))
        steps[steps.count - 1] += " " + HostileScene.names(answer).joined(separator: " ")
    }

    private func accept(falsely: Bool) throws {
        guard let id = job(), let facts = latest.jobs[id], let commitment = decided[id]?.commitment else { return }
        let kind = falsely ? below(3) : 3
        let thief = try SealingPrivateKey(suite: .x25519, secretBytes: generator.bytes(32))
        hostile.scene.write(facts.request) { value in
            value.status = .committed
            value.enclave = kind == 0 ? Data(repeating: 3, count: 32) : .init(self.hostile.scene.enclaveID.bytes)
            value.commitment = kind == 1 ? Data(repeating: 4, count: 32) : commitment
            if kind == 2 { value.request.recipientKey = thief.publicKey.wire }
        }
        latest.jobs[id]?.isPending = false
        // Under another's name it is still this enclave's own run, for the requester who signed.
        latest.jobs[id]?.accepted = kind == 0 || kind == 3 ? commitment : nil
        steps[steps.count - 1] += " kind \(kind)"
        try block(isHidden: below(5) == 0)
    }

    private func open() throws {
        if below(4) > 0 { try show() }
        guard let id = job() else { return }
        var command = WireOpenAssessmentsCommand()
        command.height = hostile.node.height
        command.assessments = [try hostile.node.prove(StateKey.assessment(id))]
        command.punctures = try hostile.node.prove(StateKey.punctureLog)
        _ = try hostile.answer(.openAssessments(command))
    }

    private func withdraw(isHidden: Bool) throws {
        guard !latest.grants.isEmpty, below(3) == 0 else { return }
        let index = below(latest.grants.count)
        hostile.scene.write(latest.grants[index].grant) { $0.status = .withdrawn }
        latest.grants[index].isActive = false
        steps[steps.count - 1] += " grant \(index)"
        try block(isHidden: isHidden)
    }

    private func refund() throws {
        guard let id = job(), let facts = latest.jobs[id], below(3) == 0 else { return }
        hostile.scene.write(facts.request) { $0.status = .refunded }
        latest.jobs[id]?.isPending = false
        latest.jobs[id]?.accepted = nil
        try block()
    }

    /// An earlier message with some of its bytes changed, cut off or doubled.
    private func mutate() throws {
        var bytes = messages[below(messages.count)]
        for _ in 0...below(4) where !bytes.isEmpty {
            let position = below(bytes.count)
            switch below(5) {
            case 0: bytes.removeLast(below(bytes.count))
            case 1: bytes.insert(contentsOf: bytes[position..<min(bytes.count, position + 32)], at: position)
            default: bytes[position] ^= UInt8(1 + below(255))
            }
        }
        _ = try hostile.exchange(bytes)
    }

    /// One job's evidence with parts of another's.
    private func mix() throws {
        guard var command = try runCommand(), let other = try runCommand()?.assessments.first else { return }
        for index in command.assessments.indices {
            switch below(5) {
            case 0: command.assessments[index].consent = other.consent
            case 1: command.assessments[index].grantTransaction = other.grantTransaction
            case 2: command.assessments[index].requestTransaction = other.requestTransaction
            case 3: command.assessments[index].assessment = other.assessment
            default: command.shared.height = UInt64(below(Int(hostile.node.height) + 2))
            }
        }
        _ = try hostile.answer(.runAssessments(command))
    }

    private func restart() throws {
        guard below(3) == 0 else { return }
        try hostile.restart()
        observe()
        // It serves only once its anchor is proven, which this host sometimes puts off.
        if below(2) == 0 { try serve() }
    }

    /// Lets the enclave serve if it does not.
    func serve() throws {
        guard case .status(let status) = try hostile.answer(.status(WireStatusCommand())), !status.serving else { return }
        try hostile.scene.announce()
        try show()
        _ = try hostile.scene.driver.perform(.proveAnchor(hostile.scene.anchorProof()))
        try hostile.scene.provePunctures()
        _ = try hostile.load(SpyProgram.code)
    }
}
