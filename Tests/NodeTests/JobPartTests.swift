import ChainTypes
import Cryptography
import FoundationEssentials
import Node
import Primitives
import Testing
import WireTypes

@Suite struct `What an enclave does about an assessment` {
    private let names = [Hash32(1, 0, 0, 0), Hash32(2, 0, 0, 0), Hash32(3, 0, 0, 0)]

    private func assessment(_ last: UInt8, _ adjust: (inout WireAssessment) -> Void = { _ in }) -> WireAssessment {
        var assessment = WireAssessment()
        assessment.id = Data([UInt8](repeating: 0, count: 31) + [last])
        (assessment.status, assessment.height) = (.pending, 100)
        assessment.request.enclaves = names.map { Data($0.bytes) }
        assessment.demand.confirmations = 2
        adjust(&assessment)
        return assessment
    }

    @Test func `one of the named ones begins, and the others have their turns when it does not`() {
        for last in UInt8(0)..<9 {
            let parts = names.map { JobPart(assessment(last), of: $0, at: 100) }
            #expect(parts.count { $0 == .run } == 1 && parts[Int(last) % 3] == .run, "job \(last)")
            let turns = parts.compactMap { if case .runLater(let height) = $0 { height } else { nil } }
            #expect(turns.sorted() == [100 + JobPart.turn, 100 + 2 * JobPart.turn])
        }
        #expect(names.allSatisfy { JobPart(assessment(1), of: $0, at: 100 + 2 * JobPart.turn) == .run })
    }

    @Test func `whoever is not named has nothing to do, and without names everybody may run`() {
        #expect(JobPart(assessment(0), of: Hash32(9, 0, 0, 0), at: 1_000) == .nothing)
        #expect(JobPart(assessment(0) { $0.request.enclaves = [] }, of: Hash32(9, 0, 0, 0), at: 100) == .run)
    }

    @Test func `the others confirm what one committed to, and it is opened once enough have`() {
        let committed: (inout WireAssessment) -> Void = { assessment in
            assessment.status = .committed
            assessment.enclave = Data(names[0].bytes)
            assessment.terms.outputHash = Data(repeating: 1, count: 32)
            assessment.confirmedBy = [Data(names[0].bytes)]
        }
        #expect(JobPart(assessment(0, committed), of: names[0], at: 101) == .nothing, "it waits for the others")
        #expect(JobPart(assessment(0, committed), of: names[1], at: 101) == .confirm)
        #expect(JobPart(assessment(0, committed), of: Hash32(9, 0, 0, 0), at: 101) == .nothing)
        let confirmed = assessment(0) { assessment in
            committed(&assessment)
            assessment.confirmedBy.append(Data(names[1].bytes))
        }
        #expect(JobPart(confirmed, of: names[0], at: 102) == .open)
        #expect(JobPart(confirmed, of: names[1], at: 102) == .open, "should it hold the same vault")
        #expect(JobPart(assessment(0) { $0.status = .refused }, of: names[0], at: 102) == .nothing)
    }
}
