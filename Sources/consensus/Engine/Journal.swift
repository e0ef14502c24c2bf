import ChainTypes
import Dispatch
import Glibc
import Primitives
import Simplex
import WireTypes

/// What an engine keeps in its write-ahead log, and when old entries may go.
struct Journal: ~Copyable {
    /// `nil` for a validator that decides alone, or a node that only follows: nothing it signs is shown before it is durable elsewhere.
    private var log: WriteAheadLog?
    /// What a restart in this epoch needs, beside payloads.
    private var entries: [LogEntry] = []
    /// Of epochs that the ledger has still to come to: it was put back behind what was signed.
    private var later: [LogEntry] = []
    private var finalView: UInt64 = 0
    private var head: UInt64
    /// The first epoch that this validator may vote in.
    private var votesFrom: UInt64 = 0
    /// Zero for a validator's first log.
    private(set) var name = Hash32.zero

    /// So much may wait in memory for the next vote.
    private static let pendingBytes = 16 << 20
    /// A log larger than this is rewritten without what is over.
    private static let compactedBytes = 64 << 20
    /// Blocks that erase come together: the log is written anew for all of them, at most this often.
    private static let timeBetweenErasures = DispatchTimeInterval.seconds(5)

    /// The greatest height of a payload that the log has ever held since it was opened.
    private var highest: UInt64 = 0
    /// A payload up to this height may hold sidecars that are erased. Those above the head stay until it is decided which of them count.
    private var erasedUpTo: UInt64?
    /// When the log may next be written anew for an erasure, and the head that it was last written anew at.
    private var nextErasure = DispatchTime.now()
    private var compactedAt: UInt64?

    struct Opened: ~Copyable {
        var journal: Journal
        let entries: [LogEntry]
        let payloads: [BlockPayload]
        /// The first epoch that the validator may vote in.
        let votesFrom: UInt64
    }

    /// Opens the log of `engine`, whose ledger stands at `head`.
    ///
    /// A validator's log is made together with its key. When it is missing or damaged, votes may be forgotten: the validator does not vote
    /// until the chain tells from which epoch on it may.
    static func open(_ engine: SimplexEngine, head: BlockReference, plan: EpochPlan) throws -> Opened {
        let past = engine.history.certificate.map { [LogEntry.certificate($0)] } ?? []
        guard let path = engine.settings.logPath, let own = engine.keys.own else {
            let journal = Journal(log: nil, head: head.height)
            // Without a log only one who decides alone may vote.
            let isAlone = plan.validators.members.count == 1
            return Opened(journal: journal, entries: past, payloads: [], votesFrom: isAlone ? 0 : .max)
        }
        var records: [LogRecord] = []
        let known = engine.settings.knownLog ?? .zero
        let log = try openLog(path, engine.genesis.hash, own, known: known, isSynced: engine.settings.isLogSynced, &records)
        var journal = Journal(log: log, head: head.height)
        let recovered = Self.recover(records, head: head, epoch: plan.epoch)
        // Under another name than the chain's it may be a copy, whatever it says itself; what the chain says may not be noted here yet.
        let votesFrom = min(recovered.votesFrom, engine.settings.votesFrom)
        (journal.votesFrom, journal.name) = (recovered.name == known ? votesFrom : .max, recovered.name)
        for entry in past + recovered.entries { journal.keep(entry) }
        for case .entry(let entry) in records where entry.epoch > plan.epoch { journal.later.append(entry) }
        // What an erasure asked for before a crash may not have been done yet.
        journal.highest = recovered.highest
        journal.erasedUpTo = recovered.highest > 0 ? recovered.highest : nil
        return Opened(
            journal: journal, entries: past + recovered.entries, payloads: recovered.payloads, votesFrom: journal.votesFrom)
    }

    private static func openLog(
        _ path: String, _ chain: Hash32, _ own: Hash32, known: Hash32, isSynced: Bool, _ records: inout [LogRecord]
    ) throws(WriteAheadLogError) -> WriteAheadLog {
        do {
            let log = try WriteAheadLog(path, chain: chain, validator: own, isSynced: isSynced, records: &records)
            // A first log of a validator that has another one by now was restored from a copy.
            let isFirst = !records.contains { if case .name = $0 { true } else { false } }
            if known == .zero || !isFirst { return log }
        } catch {
            switch error {
            case .missing, .corrupt: break
            default: throw error
            }
        }
        // Kept for whoever wants to know what happened, until something is erased, which may be in it, or the next start.
        rename(path, WriteAheadLog.old(path))
        var generator = SystemRandomNumberGenerator()
        let name = Hash32(generator.next(), generator.next(), generator.next(), generator.next())
        try WriteAheadLog.create(path, chain: chain, validator: own, name: name)
        records = []
        return try WriteAheadLog(path, chain: chain, validator: own, isSynced: isSynced, records: &records)
    }

    private init(log: consuming WriteAheadLog?, head: UInt64) {
        self.log = log
        self.head = head
    }

    private static func recover(
        _ records: [LogRecord], head: BlockReference, epoch: UInt64
    ) -> (entries: [LogEntry], payloads: [BlockPayload], highest: UInt64, votesFrom: UInt64, name: Hash32) {
        var entries: [LogEntry] = []
        var highest: UInt64 = 0
        var payloads: [Hash32: BlockPayload] = [:]
        var (votesFrom, name) = (UInt64(0), Hash32.zero)
        for record in records {
            switch record {
            case .entry(let entry): if entry.epoch == epoch { entries.append(entry) }
            case .payload(let bytes):
                guard let payload = try? BlockPayload(decoding: bytes) else { continue }
                highest = max(highest, payload.header.height)
                if payload.header.height > head.height { payloads[payload.header.hash] = payload }
            case .name(let found): name = found
            case .votesFrom(let epoch): votesFrom = epoch
            }
        }
        return (entries, payloads.values.sorted { $0.header.height < $1.header.height }, highest, votesFrom, name)
    }

    private var bytes = 0
    /// Whether anything is signed since the last `sync`.
    private var hasVotes = false

    mutating func append(_ entry: LogEntry) {
        keep(entry)
        log?.append(.entry(entry))
        if case .vote = entry { hasVotes = true }
    }

    mutating func append(_ payload: BlockPayload) {
        highest = max(highest, payload.header.height)
        log?.append(.payload(payload.encoded))
    }

    /// The chain has said from when on this validator may vote again; durable with the next `sync`.
    mutating func votes(from epoch: UInt64) {
        votesFrom = epoch
        log?.append(.votesFrom(epoch))
    }

    private mutating func keep(_ entry: LogEntry) {
        entries.append(entry)
        if case .certificate(let certificate) = entry, certificate.kind == .finalise, certificate.view > finalView {
            finalView = certificate.view
            let final = finalView
            // Nobody votes in or before a final view again.
            entries.removeAll { $0.view < final || ($0.view == final && !$0.isFinalisation) }
        }
    }

    mutating func sync() throws {
        bytes = try log?.sync() ?? 0
        hasVotes = false
    }

    /// Makes what this validator signed durable, with everything appended before it; does nothing while it signed nothing.
    ///
    /// Certificates and payloads wait for the next vote. The log keeps its order, so only those after the last vote can be lost, and then
    /// the replica is where it was before they came: it votes on as if the network had been slower, remembers all that it signed, and
    /// gets them from others again. What is committed is in the ledger, whatever the log says.
    mutating func syncVotes() throws {
        if hasVotes || (log?.pendingBytes ?? 0) > Self.pendingBytes { try sync() }
    }

    mutating func committed(_ height: UInt64, erasesSidecars: Bool) {
        head = max(head, height)
        // A block that is not final yet may hold them once more.
        if erasesSidecars { erasedUpTo = max(highest, head) }
    }

    /// Nothing of the epoch before is of use in `epoch`.
    mutating func begin(epoch: UInt64, payloads: PayloadStore) throws {
        guard entries.contains(where: { $0.epoch < epoch }) else { return }
        entries.removeAll { $0.epoch < epoch }
        later.removeAll { $0.epoch < epoch }
        finalView = 0
        for case .certificate(let certificate) in entries where certificate.kind == .finalise {
            finalView = max(finalView, certificate.view)
        }
        try compact(payloads)
    }

    mutating func tidy(payloads: PayloadStore) throws {
        if bytes > Self.compactedBytes { return try compact(payloads) }
        guard log != nil, erasedUpTo != nil, compactedAt != head, nextErasure <= .now() else { return }
        nextErasure = .now() + Self.timeBetweenErasures
        try compact(payloads)
        try log?.removeOld()
    }

    private mutating func compact(_ payloads: PayloadStore) throws {
        let identity: [LogRecord] = name == .zero ? [] : [.name(name), .votesFrom(votesFrom)]
        let records = identity + (entries + later).map(LogRecord.entry) + payloads.above(head).map { .payload($0.encoded) }
        bytes = try log?.compact(records) ?? 0
        hasVotes = false
        compactedAt = head
        if let last = erasedUpTo, last <= head { erasedUpTo = nil }
    }
}

extension LogEntry {
    var epoch: UInt64 {
        switch self {
        case .vote(let vote): vote.epoch
        case .certificate(let certificate): certificate.epoch
        }
    }

    var view: UInt64 {
        switch self {
        case .vote(let vote): vote.ballot.view
        case .certificate(let certificate): certificate.view
        }
    }

    var isFinalisation: Bool {
        if case .certificate(let certificate) = self { return certificate.kind == .finalise }
        return false
    }
}
