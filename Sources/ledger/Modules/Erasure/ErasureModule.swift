import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Erasure: one entry of the puncture log, one certificate that fills as vaults sign, and ciphertexts let go of (docs/spec/erasure.md).
package enum ErasureModule {
    /// How long vaults have to sign, in milliseconds of block time: a day.
    package static let timeToAcknowledge: UInt64 = 86_400_000

    /// Erases one record of the sender: its leaf is punctured, its ciphertext let go of at once.
    package static func eraseRecord(_ message: WireEraseRecord, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard let id = Hash32(message.record), message.dataset.utf8.count <= Limits.identifier else { throw Refusal.recordsMalformed }
        let key = StateKey.record(context.sender, dataset: message.dataset, record: id)
        guard let record: WireRecord = try state.message(key) else { throw Refusal.recordsUnknown }
        guard record.status == .live else { throw Refusal.recordsErased }
        let holding = try HoldingsState.of(context.sender, in: message.dataset, &state) ?? WireHolding()
        guard !holding.erasing else { throw Refusal.erasureInProgress }
        var puncture = WirePuncture()
        (puncture.kind, puncture.dataset) = (.record, message.dataset)
        (puncture.keyEpoch, puncture.keyIndex) = (record.keyEpoch, record.keyIndex)
        var erasure = begin(puncture, context)
        (erasure.record, erasure.records) = (message.record, 1)
        erasure.exports = try KeyGrantsModule.exports(of: context.sender, dataset: message.dataset, record: id, &state)
        erasure.vaults = vaults(of: holding.keys.filter { $0.keyEpoch == record.keyEpoch })
        try RecordsModule.letGo(record, &state)
        try HoldingsState.erased(in: message.dataset, of: context.sender, &state)
        try append(puncture, &erasure, &state)
    }

    /// Erases all records of the sender in a dataset, and the keys.
    package static func eraseDataset(_ message: WireEraseDataset, _ context: MessageContext, _ state: inout ModuleState) throws {
        guard (1...Limits.identifier).contains(message.dataset.utf8.count) else { throw Refusal.recordsMalformed }
        var holdings = try HoldingsState.of(context.sender, &state)
        guard let position = holdings.datasets.firstIndex(where: { $0.dataset == message.dataset }) else { throw Refusal.erasureNothing }
        guard !holdings.datasets[position].erasing else { throw Refusal.erasureInProgress }
        guard isAnythingLeft(holdings.datasets[position]) else { throw Refusal.erasureNothing }
        var puncture = WirePuncture()
        (puncture.kind, puncture.dataset) = (.dataset, message.dataset)
        // A vault that holds none of them must know which keys are meant, should one reach it later.
        puncture.keyEpoch = holdings.datasets[position].keys.map(\.keyEpoch).max() ?? 0
        try erase([position], &holdings, puncture, context, &state)
    }

    /// Erases everything of the sender, for good: no vault takes a key of this account again.
    package static func eraseSubject(_ context: MessageContext, _ state: inout ModuleState) throws {
        var holdings = try HoldingsState.of(context.sender, &state)
        guard !holdings.datasets.contains(where: \.erasing) else { throw Refusal.erasureInProgress }
        let positions = holdings.datasets.indices.filter { isAnythingLeft(holdings.datasets[$0]) }
        guard !positions.isEmpty else { throw Refusal.erasureNothing }
        var puncture = WirePuncture()
        puncture.kind = .subject
        try erase(positions, &holdings, puncture, context, &state)
        let log: WirePunctureLog? = try state.message(StateKey.punctureLog)
        Amounts.write(log?.count ?? 0, StateKey.erasedSubject(context.sender), &state)
    }

    private static func isAnythingLeft(_ holding: WireHolding) -> Bool { holding.live > 0 || !holding.keys.allSatisfy(\.destroyed) }

    /// The keys are gone at once; the records follow over the next blocks (`ErasureSweep`).
    private static func erase(
        _ positions: [Int], _ holdings: inout WireHoldings, _ puncture: WirePuncture, _ context: MessageContext, _ state: inout ModuleState
    ) throws {
        var erasure = begin(puncture, context)
        erasure.sweeping = true
        erasure.exports = try KeyGrantsModule.exports(
            of: context.sender, dataset: puncture.kind == .dataset ? puncture.dataset : nil, record: nil, &state)
        erasure.vaults = vaults(of: positions.flatMap { holdings.datasets[$0].keys })
        for position in positions {
            holdings.datasets[position].erasing = true
            HoldingsState.destroyKeys(&holdings.datasets[position])
        }
        state.set(StateKey.holdings(context.sender), holdings)
        try ErasureSweep.schedule(context.identifier, from: positions.min() ?? 0, &state)
        try append(puncture, &erasure, &state)
    }

    private static func begin(_ puncture: WirePuncture, _ context: MessageContext) -> WireErasure {
        var erasure = WireErasure()
        erasure.id = .init(context.identifier.bytes)
        erasure.subject = .init(context.sender.bytes)
        (erasure.kind, erasure.dataset) = (puncture.kind, puncture.dataset)
        erasure.status = .pending
        (erasure.height, erasure.time) = (context.block.height, context.block.time)
        erasure.deadline = context.block.time + timeToAcknowledge
        return erasure
    }

    /// Gives the puncture its place in the log and writes the certificate's beginning.
    private static func append(_ puncture: WirePuncture, _ erasure: inout WireErasure, _ state: inout ModuleState) throws {
        guard var log = PunctureChain(try state.message(StateKey.punctureLog)), let id = Hash32(erasure.id),
            let subject = Address(erasure.subject)
        else { throw Refusal.recordsMalformed }
        var puncture = puncture
        (puncture.sequence, puncture.subject, puncture.erasure) = (log.count + 1, erasure.subject, erasure.id)
        let entry = puncture.encoded()
        log.append(entry)
        erasure.sequence = log.count
        state.set(StateKey.punctureLog, log.wire)
        state.set(StateKey.puncture(log.count), bytes: entry)
        state.set(StateKey.punctureHash(log.count), bytes: log.hash.bytes)
        state.set(StateKey.erasure(id), erasure)
        state.set(StateKey.erasures(of: subject, sequence: log.count), bytes: id.bytes)
        state.emit("erasure.begun", id: id.bytes, account: subject, amount: log.count)
    }

    private static func vaults(of keys: [WireHeldKey]) -> [Data] {
        // What was destroyed before has its own certificate.
        Set(keys.filter { !$0.destroyed }.map(\.vault)).sorted { $0.lexicographicallyPrecedes($1) }
    }
}

extension Refusal {
    package static let erasureNothing = Refusal(470, "erasure.nothing", "the sender has nothing there, or all of it is erased")
    package static let erasureInProgress = Refusal(
        471, "erasure.inProgress", "the sender's records are being erased; wait until their ciphertexts are gone")
    package static let erasureKeyDestroyed = Refusal(
        472, "erasure.keyDestroyed", "this key was destroyed; enrol one with another epoch")
    package static let erasureTooManyHoldings = Refusal(
        473, "erasure.tooManyHoldings", "a subject has at most 1,024 datasets, and 64 keys for each")
    package static let erasureBadAcknowledgement = Refusal(
        474, "erasure.badAcknowledgement", "the acknowledgement names an entry or a hash that the puncture log does not have")
    package static let erasureAcknowledged = Refusal(
        475, "erasure.acknowledged", "the enclave has acknowledged this or more already")
    package static let erasureSubjectErased = Refusal(
        477, "erasure.subjectErased", "everything of this account was erased, for good; keys are enrolled by another account")
    package static let erasureErased = Refusal(
        476, "erasure.erased", "the data that the result was made from is erased; the requester is refunded")

    package static let allErasure: [Refusal] = [
        erasureNothing, erasureInProgress, erasureKeyDestroyed, erasureTooManyHoldings, erasureBadAcknowledgement, erasureAcknowledged,
        erasureErased, erasureSubjectErased,
    ]
}
