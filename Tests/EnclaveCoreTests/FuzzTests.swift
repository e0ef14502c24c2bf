import AdversarySupport
import ChainTypes
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import Primitives
import Testing
import WireTypes

@Suite struct `Whatever the host sends (fuzz)` {
    /// Real requests of every kind.
    func requests(_ small: SmallScene) throws -> [[UInt8]] {
        let grant = try small.grant { $0.maximumUses = 1_000_000 }
        let request = try small.request(grant)
        var run = WireRunAssessmentsCommand()
        run.shared = try small.scene.sharedEvidence()
        run.assessments = [try small.scene.evidence(request, grant)]
        var subscription = WireRunSubscriptionCommand()
        subscription.shared = run.shared
        subscription.contributions = [try small.scene.contribution(grant)]
        var open = WireOpenAssessmentsCommand()
        open.height = small.node.height
        open.assessments = [run.assessments[0].assessment]
        open.punctures = run.shared.punctures
        var enrol = WireEnrolCommand()
        enrol.enrolments = [try small.scene.enrolment(try small.scene.makeSubject())]
        var headers = WireImportHeadersCommand()
        headers.headers = Array(small.node.headers.suffix(2))
        var program = WireLoadProgramCommand()
        program.code = .init(SpyProgram.code)
        var confirm = WireConfirmAssessmentsCommand()
        (confirm.shared, confirm.assessments) = (run.shared, run.assessments)
        confirm.assessments[0].sealedResult = .init(repeating: 7, count: 64)
        let commands: [WireEnclaveRequest.OneOf_Command] = [
            .runAssessments(run), .confirmAssessments(confirm), .runSubscription(subscription), .openAssessments(open), .enrol(enrol),
            .importHeaders(headers),
            .loadProgram(program), .status(WireStatusCommand()), .attest(WireAttestCommand()), .backup(WireBackupCommand()),
            .proveAnchor(try small.scene.anchorProof()), .provePunctures(try small.scene.puncturesCommand()),
        ]
        return commands.map { command in
            var request = WireEnclaveRequest()
            request.id = 1
            request.command = command
            return request.encoded()
        }
    }

    @Test func `is answered, and never shakes the enclave`() throws {
        let small = try SmallScene()
        let good = try requests(small)
        guard case .inProcess(let enclave) = small.scene.driver else { return }
        let seed: UInt64 = 0xF022
        var generator = SeededGenerator(seed: seed)
        for round in 0..<3_000 {
            var bytes = good[round % good.count]
            switch round % 7 {
            case 0: bytes = generator.bytes(Int(generator.next() % 400))
            case 1: bytes.removeLast(Int(generator.next() % UInt64(bytes.count)))
            default:
                for _ in 0...(generator.next() % 4) where !bytes.isEmpty {
                    bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
                }
            }
            let answer = try? WireEnclaveResponse(strictly: enclave.handle(bytes), limit: EnclaveFraming.maximumBytes)
            #expect(answer?.answer != nil, "seed \(seed) round \(round)")
        }
        #expect(enclave.status.serving)
    }

    @Test func `in bulk is bounded`() throws {
        let small = try SmallScene()
        var run = WireRunAssessmentsCommand()
        run.shared.height = small.node.height
        run.assessments = [WireAssessmentEvidence](repeating: WireAssessmentEvidence(), count: EnclaveLimits.assessments + 1)
        #expect(throws: Refusal(816, "", "")) { try small.scene.driver.perform(.runAssessments(run)) }
        run.shared = try small.scene.sharedEvidence()
        var confirm = WireConfirmAssessmentsCommand()
        (confirm.shared, confirm.assessments) = (run.shared, run.assessments)
        #expect(throws: Refusal(816, "", "")) { try small.scene.driver.perform(.confirmAssessments(confirm)) }
        var enrol = WireEnrolCommand()
        enrol.enrolments = [WireSealedMessage](repeating: WireSealedMessage(), count: EnclaveLimits.enrolments + 1)
        #expect(throws: Refusal(816, "", "")) { try small.scene.driver.perform(.enrol(enrol)) }
        var program = WireLoadProgramCommand()
        program.code = .init(repeating: 0, count: (1 << 20) + 1)
        #expect(throws: Refusal(816, "", "")) { try small.scene.driver.perform(.loadProgram(program)) }
    }
}
