import AdversarySupport
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import KeySearchSupport
import Primitives
import Testing
import WireTypes

@Suite struct `Results after an erasure` {
    let pair: PairScene
    /// Nobody erases anything of this one.
    let other: SceneSubject

    init() throws {
        pair = try PairScene()
        other = try pair.first.makeSubject()
        try pair.first.enrol([other])
        try pair.first.put(
            DataRecord(["age": .integer(7), "amount": .number(1), "secret": .text("x")], schema: pair.first.schema), of: other)
    }

    private struct Job {
        let request: SceneRequest
        let run: WireRunOutcome
        let target: KeySearch.ResultTarget
    }

    /// A committed run of the first enclave that nobody has opened.
    private func commit(_ subject: SceneSubject) throws -> Job {
        let grant = try pair.first.grant(subject, fields: ["age", "amount"])
        let request = try pair.first.request(grant, fields: ["age"])
        try pair.block()
        let run = try pair.first.run([pair.first.evidence(request, grant)])[0]
        #expect(!run.hasFailure, "\(run.failure.name)")
        pair.first.write(request) { value in
            (value.status, value.enclave, value.commitment) = (.committed, .init(pair.first.enclaveID.bytes), run.commitment)
        }
        try pair.block()
        let target = KeySearch.ResultTarget(
            sidecar: [UInt8](run.sealedResult), job: request.id, recipient: ResultEnvelope.recipient(request.request.recipientKey))
        return Job(request: request, run: run, target: target)
    }

    private func open(_ job: Job, by scene: EnclaveScene, shown: Data? = nil) throws -> WireOpenOutcome {
        var command = WireOpenAssessmentsCommand()
        command.height = pair.node.height
        command.assessments = [try pair.node.prove(StateKey.assessment(job.request.id))]
        command.punctures = try pair.node.prove(StateKey.punctureLog)
        if let shown { command.sidecars = [shown] }
        guard case .openAssessments(let answer) = try scene.driver.perform(.openAssessments(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer.outcomes[0]
    }

    private func erase(_ subject: SceneSubject) throws {
        pair.first.puncture(.record, subject.address, dataset: EnclaveScene.dataset, keyIndex: 3)
        try pair.block()
        try pair.first.provePunctures()
        try pair.first.provePunctures(to: pair.second.driver)
    }

    private func searches() throws -> [KeySearch] { [try searched(pair.small.storage), try searched(pair.secondStorage, seed: 100)] }

    @Test func `of the record open with nothing that any vault still holds`() throws {
        let (closed, opened) = (try commit(pair.small.subject), try commit(pair.small.subject))
        try pair.replicate()
        #expect(try !open(opened, by: pair.first).hasFailure)
        // The control: with either vault's file, both results open now.
        for search in try searches() {
            for job in [closed, opened] { #expect(!search.findings(job.target).isEmpty, "the search is blind") }
        }
        try erase(pair.small.subject)
        for search in try searches() {
            for job in [closed, opened] { #expect(search.findings(job.target) == []) }
        }
        for scene in [pair.first, pair.second] {
            #expect(try open(closed, by: scene, shown: closed.run.sealedResult).failure.name == "enclave.recordErased")
        }
    }

    @Test func `of other records open all the same, by either enclave`() throws {
        let (before, between) = (try commit(other), try commit(other))
        let version = try pair.replicate().version
        try erase(pair.small.subject)
        let later = try commit(other)
        for job in [before, later] {
            let opening = try open(job, by: pair.first)
            #expect(!opening.hasFailure, "\(opening.failure.name)")
            _ = try pair.first.read(job.run.sealedResult, opening.keyBox, job: job.request.id)
        }
        // The replica was told of the run before the erasure; it must be shown the result, and that must open.
        #expect(try open(between, by: pair.second).failure.name == "enclave.notCommitted")
        let opening = try open(between, by: pair.second, shown: between.run.sealedResult)
        #expect(!opening.hasFailure, "\(opening.failure.name)")
        _ = try pair.first.read(between.run.sealedResult, opening.keyBox, job: between.request.id)
        // The maker hears that it is opened, and that the other has opened nothing else.
        try pair.replicate(after: version)
        #expect(try open(before, by: pair.second, shown: before.run.sealedResult).failure.name == "")
    }

    @Test func `reach a replica that was not told of them before`() throws {
        let job = try commit(other)
        // It has the vault, but the run came later than what it took over.
        try erase(pair.small.subject)
        try pair.replicate()
        let opening = try open(job, by: pair.second, shown: job.run.sealedResult)
        #expect(!opening.hasFailure, "\(opening.failure.name)")
        _ = try pair.first.read(job.run.sealedResult, opening.keyBox, job: job.request.id)
    }

    @Test func `stay closed where no key is left, and no box is signed that opens nothing`() throws {
        let first = try pair.replicate()
        let job = try commit(other)
        try erase(pair.small.subject)
        // The second has stepped on without having heard of the run.
        #expect(try open(job, by: pair.second, shown: job.run.sealedResult).failure.name == "enclave.resultKeyGone")
        // Opened before, and asked for again after: the key went with the log.
        let opened = try commit(other)
        #expect(try !open(opened, by: pair.first).hasFailure)
        #expect(try !open(opened, by: pair.first).hasFailure, "until then it is harmless")
        try erase(pair.small.subject)
        #expect(try open(opened, by: pair.first).failure.name == "enclave.resultKeyGone")
        // Once it has heard of it, it opens the first.
        try pair.replicate(after: first.version)
        #expect(try !open(job, by: pair.second, shown: job.run.sealedResult).hasFailure)
    }

    @Test func `survive a restart of either enclave`() throws {
        let job = try commit(other)
        try pair.replicate()
        try erase(pair.small.subject)
        try pair.restartSecond()
        try pair.first.provePunctures(to: pair.second.driver)
        try pair.block()
        #expect(try !open(job, by: pair.second, shown: job.run.sealedResult).hasFailure)
        let enclave = try Enclave(
            platform: MemoryPlatform(), storage: MemoryVaultStorage(try pair.small.storage.contents()), genesis: pair.node.genesis)
        pair.first.driver = .inProcess(enclave)
        try pair.first.start()
        #expect(try !open(job, by: pair.first).hasFailure)
    }

    @Test func `of several enclaves' confirmation open with no vault key once the record is gone`() throws {
        let peer = try SealingPrivateKey(suite: .xwing)
        let tree = RecordKeyTree(subjectKey: try AuthenticatedEncryption.key(pair.small.subject.key))
        let key = AuthenticatedEncryption.randomKey()
        let box = try ConfirmationBox(salt: [UInt8](repeating: 1, count: 32), resultKey: key).seal(
            recordKey: tree.recordKey(3), binding: [1, 2, 3], to: peer.publicKey)
        let opened = try ConfirmationBox(opening: box, recordKey: tree.recordKey(3), binding: [1, 2, 3], with: peer)
        #expect(opened.resultKey == key && opened.salt == [UInt8](repeating: 1, count: 32))
        for (leaf, binding) in [(4, [1, 2, 3]), (3, [1, 2])] as [(UInt32, [UInt8])] {
            #expect(throws: CryptographyError.self) {
                try ConfirmationBox(opening: box, recordKey: tree.recordKey(leaf), binding: binding, with: peer)
            }
        }
        #expect(throws: CryptographyError.self) {
            try ConfirmationBox(opening: box, recordKey: tree.recordKey(3), binding: [1, 2, 3], with: SealingPrivateKey(suite: .xwing))
        }
    }
}
