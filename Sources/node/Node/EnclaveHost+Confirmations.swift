import ChainTypes
import EnclaveProtocol
import FoundationEssentials
import Primitives
import Synchronization
import WireTypes

/// What an enclave has to do about an assessment as the state shows it.
package enum JobPart: Equatable {
    case run
    /// Another of the named enclaves has the first turn; this one goes on without it from that height.
    case runLater(UInt64)
    case confirm
    /// As many as are demanded have come to the result: whoever holds its vault may open it.
    case open
    case nothing

    /// Heights for which each of the named enclaves has the first turn.
    package static let turn: UInt64 = 12

    package init(_ assessment: WireAssessment, of enclave: Hash32, at height: UInt64) {
        let names = assessment.request.enclaves.compactMap { Hash32($0) }
        switch assessment.status {
        case .pending:
            guard !names.isEmpty else {
                self = .run
                return
            }
            guard let own = names.firstIndex(of: enclave), let id = Hash32(assessment.id) else {
                self = .nothing
                return
            }
            // The job's id decides who begins, so that the work is spread and no two do it for nothing.
            let first = Int(id.bytes[31]) % names.count
            let start = assessment.height + Self.turn * UInt64((own + names.count - first) % names.count)
            self = height >= start ? .run : .runLater(start)
        case .committed where assessment.hasTerms && names.contains(enclave) && !assessment.confirmedBy.contains(Data(enclave.bytes)):
            self = .confirm
        case .committed where assessment.confirmedBy.count >= Int(assessment.demand.confirmations) || !assessment.hasTerms: self = .open
        default: self = .nothing
        }
    }
}

extension EnclaveHost {
    /// Lets the enclave come to the result that another has committed to, and posts what it says.
    func confirm(_ group: Group, _ members: [(Hash32, WireAssessment)], _ builder: EvidenceBuilder) async throws {
        try await load(group.program, builder)
        let runs = try await onThread { try builder.command(group, members) }
        var command = WireConfirmAssessmentsCommand()
        (command.shared, command.assessments) = (runs.shared, runs.assessments)
        let whole = command
        let answer = try await perform { try $0.confirmAssessments(whole) }
        for outcome in answer.outcomes {
            guard let id = Hash32(outcome.id), members.contains(where: { $0.0 == id }) else { continue }
            await post(id, builder) { message in
                if outcome.hasFailure {
                    message.refuseAssessment.id = outcome.id
                    message.refuseAssessment.enclave = .init(builder.enclave.bytes)
                    message.refuseAssessment.code = outcome.failure.code
                    message.refuseAssessment.signature = outcome.signature
                } else {
                    message.confirmAssessment.id = outcome.id
                    message.confirmAssessment.enclave = .init(builder.enclave.bytes)
                    message.confirmAssessment.outputHash = outcome.outputHash
                    message.confirmAssessment.signature = outcome.signature
                }
                return []
            } isFinal: {
                !outcome.hasFailure || self.isFinal(outcome.failure, signature: outcome.signature)
            }
        }
        let answered = Set(answer.outcomes.compactMap { Hash32($0.id) })
        retry(members.map(\.0).filter { !answered.contains($0) }, builder)
    }
}
