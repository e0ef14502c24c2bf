import ChainTypes
import Cryptography
import FoundationEssentials
import Hummingbird
import Node
import Primitives
import SwiftProtobuf
import WireTypes

/// Erasures and how far they are (docs/spec/erasure.md).
extension Handlers {
    var erasureRoutes: [Route] {
        [
            Route(.get, "/v1/erasures") { request, _ in
                guard let text = request.text("subject"), let subject = try? Address(text: text) else {
                    throw APIError.badParameter("subject")
                }
                let limit = try request.number("limit", default: 100, in: 1...1_000)
                let after = try request.number("after", default: 0, in: 0...Int.max)
                return try await reading { try erasures(of: subject, after: UInt64(after), limit: limit) }
            },
            Route(.get, "/v1/erasures/{id}") { _, context in
                let id = try context.hash("id")
                return try await reading {
                    guard let erasure = try erasure(id) else { throw NodeError.notFound("the erasure") }
                    return try .json(erasure)
                }
            },
        ]
    }

    private struct ErasuresView: Encodable {
        let erasures: [ErasureView]
        /// The sequence to go on after; `nil` at the end.
        let next: String?
    }

    private func erasures(of subject: Address, after: UInt64, limit: Int) throws -> Response {
        let start = after == 0 ? nil : StateKey.erasures(of: subject, sequence: after)
        let keys = try view.ledger.keys(prefix: StateKey.erasures(of: subject), after: start, limit: limit)
        let list = try keys.compactMap { key in try view.value(key).flatMap { Hash32($0) }.flatMap { try erasure($0) } }
        return try .json(ErasuresView(erasures: list, next: keys.count == limit ? list.last.map { String($0.sequence) } : nil))
    }

    private func erasure(_ id: Hash32) throws -> ErasureView? {
        try view.value(StateKey.erasure(id)).map {
            ErasureView(try WireErasure(serializedBytes: $0), restsOn: ErasureBasis(view.genesis))
        }
    }
}

struct ErasureView: Encodable {
    struct Acknowledgement: Encodable {
        let enclave: String
        let sequence, vaultVersion, recoveryEpoch, height: UInt64
    }
    struct Export: Encodable {
        let grant, recipient: String
        let height: UInt64
    }
    let id: String
    let subject: String
    let kind: String
    let dataset: String?
    let record: String?
    let sequence: UInt64
    let status: String
    let height: UInt64
    let time: UInt64
    let deadline: UInt64
    let records: UInt32
    /// Ciphertexts are still to be let go of.
    let sweeping: Bool
    let vaults: [String]
    let acknowledgements: [Acknowledgement]
    let suspended: [String]
    let exports: [Export]
    let recoveryEpoch: UInt64
    let shareHolders: [String]
    let completedHeight: UInt64?
    /// What it rests on once it is complete.
    let restsOn: String

    init(_ wire: WireErasure, restsOn basis: ErasureBasis) {
        restsOn = basis.rawValue
        (id, subject) = (Hex.encode(wire.id), address(wire.subject))
        kind =
            switch wire.kind {
            case .record: "record"
            case .dataset: "dataset"
            case .subject: "subject"
            case .unspecified, .UNRECOGNIZED: "unknown"
            }
        dataset = wire.dataset.isEmpty ? nil : wire.dataset
        (record, sequence) = (hash(wire.record), wire.sequence)
        status =
            switch wire.status {
            case .pending: "pending"
            case .complete: "complete"
            case .unspecified, .UNRECOGNIZED: "unknown"
            }
        (height, time, deadline, records, sweeping) = (wire.height, wire.time, wire.deadline, wire.records, wire.sweeping)
        vaults = wire.vaults.map { Hex.encode($0) }
        acknowledgements = wire.acknowledgements.map {
            Acknowledgement(
                enclave: Hex.encode($0.enclave), sequence: $0.sequence, vaultVersion: $0.vaultVersion, recoveryEpoch: $0.recoveryEpoch,
                height: $0.height)
        }
        suspended = wire.suspended.map { Hex.encode($0) }
        exports = wire.exports.map { Export(grant: Hex.encode($0.grant), recipient: address($0.recipient), height: $0.height) }
        (recoveryEpoch, shareHolders) = (wire.recoveryEpoch, wire.shareHolders.map { address($0) })
        completedHeight = wire.completedHeight == 0 ? nil : wire.completedHeight
    }
}
