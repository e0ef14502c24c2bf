import AuthenticatedState
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import SwiftProtobuf
import WireTypes

/// A value of the chain's state with its proof, decoded: what is left to do is hashing.
struct StateClaim {
    private struct Misplaced: Error {}

    private let proof: StateProof
    private let root: Hash32
    private let key: [UInt8]
    private let value: [UInt8]?

    private init(_ proven: WireProvenValue, at key: [UInt8], root: Hash32) throws {
        proof = try StateProof.decode([UInt8](proven.proof))
        (self.key, self.root, value) = (key, root, proven.value.isEmpty ? nil : [UInt8](proven.value))
    }

    /// A value that says itself where it stands.
    private init<Value: SwiftProtobuf.Message>(_ proven: WireProvenValue, root: Hash32, place: (Value) -> [UInt8]?) throws {
        guard let key = place(try Value(strictly: [UInt8](proven.value), limit: Limits.stateValue)) else { throw Misplaced() }
        try self.init(proven, at: key, root: root)
    }

    /// - Throws: if it does not hold: then something else was measured.
    func verify() throws { try proof.verify(root: root, key: key, value: value) }

    /// All that the enclave is shown with a command to run.
    static func all(of work: BenchScene.Work) throws -> [StateClaim] {
        let (shared, root) = (work.command.shared, work.root)
        var claims = [
            try StateClaim(shared.dataset, root: root) { (value: WireDataset) in StateKey.dataset(value.dataset) },
            try StateClaim(shared.program, root: root) { (value: WireProgram) in Hash32(value.codeHash).map(StateKey.program) },
            try StateClaim(shared.punctures, at: StateKey.punctureLog, root: root),
        ]
        for evidence in work.command.assessments {
            claims += [
                try assessment(evidence.assessment, root),
                try StateClaim(evidence.consent, root: root) { (value: WireConsent) in
                    guard let subject = Address(value.subject), let grant = Hash32(value.grant) else { return nil }
                    return StateKey.consent(subject, grant: grant)
                },
                try StateClaim(evidence.subjectKey, root: root) { (value: WireSubjectKey) in
                    guard let subject = Address(value.subject), let vault = Hash32(value.enclave) else { return nil }
                    return StateKey.subjectKey(subject, dataset: value.dataset, enclave: vault, epoch: value.keyEpoch)
                },
            ]
            claims += try evidence.records.map { evidence in
                try StateClaim(evidence.record, root: root) { (value: WireRecord) in
                    guard let owner = Address(value.owner), let record = Hash32(value.record) else { return nil }
                    return StateKey.record(owner, dataset: value.dataset, record: record)
                }
            }
        }
        return claims
    }

    /// All that it is shown with a command to open.
    static func all(of opening: BenchScene.Opening) throws -> [StateClaim] {
        try opening.command.assessments.map { try assessment($0, opening.root) }
            + [StateClaim(opening.command.punctures, at: StateKey.punctureLog, root: opening.root)]
    }

    private static func assessment(_ proven: WireProvenValue, _ root: Hash32) throws -> StateClaim {
        try StateClaim(proven, root: root) { (value: WireAssessment) in Hash32(value.id).map(StateKey.assessment) }
    }
}
