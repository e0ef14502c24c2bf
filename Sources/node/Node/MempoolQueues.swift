import ChainTypes
import Cryptography
import Engine
import Primitives
import WireTypes

/// Bounds of a mempool.
package struct MempoolLimits: Sendable, Equatable {
    /// Bytes of transactions with their sidecars.
    package var bytes: Int
    package var transactions: Int
    package var transactionsPerSender: Int

    package init(bytes: Int = 256 << 20, transactions: Int = 50_000, transactionsPerSender: Int = 5_000) {
        (self.bytes, self.transactions, self.transactionsPerSender) = (bytes, transactions, transactionsPerSender)
    }

    /// Room that only withdrawals of consent may use, on top.
    package var withdrawals: Int { max(transactions / 10, 16) }
}

/// The transactions that wait, in the order they may execute: a plain value, without clock, lock or I/O.
///
/// Senders take turns, one transaction each, so nobody fills a block alone; a sender's own go by nonce without gaps.
/// Withdrawals of consent go before all others and have room of their own.
struct MempoolQueues {
    struct Entry {
        let submitted: SubmittedTransaction
        let size: Int
        var inFlight = false
        /// How often the application left it out of a proposal.
        var returns = 0
    }

    private struct Sender {
        /// The nonce that may execute next, after what is in flight.
        var next: UInt64
        var waiting: [UInt64: Hash32] = [:]
        var inFlight = 0
        /// Whether it stands in `ready`.
        var isReady = false
    }

    /// A transaction left out so often will not make it.
    private static let maximumReturns = 5

    let limits: MempoolLimits
    private(set) var entries: [Hash32: Entry] = [:]
    private(set) var bytes = 0
    private(set) var withdrawalCount = 0
    private var senders: [Address: Sender] = [:]
    private var ready = Fifo<Address>()
    private var withdrawals = Fifo<Hash32>()
    private var expiring: [UInt64: Set<Hash32>] = [:]
    /// No transaction expires before this height.
    private var earliestExpiry = UInt64.max
    private var readySenders = 0
    private var waitingWithdrawals = 0

    init(limits: MempoolLimits) { self.limits = limits }

    var count: Int { entries.count }

    /// Whether and how much can be proposed now: withdrawals, and senders whose next transaction is here.
    ///
    /// Transactions behind a gap do not count, or anybody could keep an idle chain busy with them.
    var backlog: Int { waitingWithdrawals + readySenders }

    /// The nonce that a new transaction of `sender` should have, where this pool knows better than the state.
    func pendingNonce(_ sender: Address) -> UInt64? {
        guard let queue = senders[sender] else { return nil }
        var nonce = queue.next
        while queue.waiting[nonce] != nil { nonce += 1 }
        return nonce
    }

    func knows(_ sender: Address) -> Bool { senders[sender] != nil }

    /// - Parameter nonce: the sender's next nonce in the state; used for a sender the pool does not know yet.
    mutating func insert(_ submitted: SubmittedTransaction, stateNonce nonce: UInt64) throws {
        let transaction = submitted.transaction
        guard entries[transaction.id] == nil else { throw TransactionError.alreadyKnown }
        let size = transaction.bytes.count + submitted.sidecars.reduce(0) { $0 + $1.count }
        if transaction.isFreeWithdrawal {
            guard withdrawalCount < limits.withdrawals || hasRoom(for: size) else { throw NodeError.mempoolFull }
            withdrawalCount += 1
            waitingWithdrawals += 1
            withdrawals.append(transaction.id)
        } else {
            guard hasRoom(for: size) else { throw NodeError.mempoolFull }
            try queue(transaction, stateNonce: nonce)
        }
        entries[transaction.id] = Entry(submitted: submitted, size: size)
        bytes += size
        expiring[transaction.validUntil, default: []].insert(transaction.id)
        earliestExpiry = min(earliestExpiry, transaction.validUntil)
    }

    private func hasRoom(for size: Int) -> Bool {
        entries.count - withdrawalCount < limits.transactions && bytes + size <= limits.bytes
    }

    private mutating func queue(_ transaction: SignedTransaction, stateNonce: UInt64) throws {
        let nonce = transaction.nonce
        var sender = senders[transaction.sender] ?? Sender(next: stateNonce)
        guard nonce >= sender.next else { throw TransactionError.replayed }
        // The first of a nonce stays: replacing would let a sender make the others check signatures for nothing.
        guard sender.waiting[nonce] == nil else { throw TransactionError.replayed }
        guard sender.waiting.count + sender.inFlight < limits.transactionsPerSender else { throw NodeError.senderQueueFull }
        guard nonce - sender.next < UInt64(limits.transactionsPerSender) else { throw TransactionError.nonceGap }
        sender.waiting[nonce] = transaction.id
        offer(transaction.sender, &sender)
        senders[transaction.sender] = sender
    }

    /// Lets the sender stand in line when its next nonce is here.
    private mutating func offer(_ address: Address, _ sender: inout Sender) {
        guard !sender.isReady, sender.waiting[sender.next] != nil else { return }
        sender.isReady = true
        readySenders += 1
        ready.append(address)
    }

    /// The next candidates within `bounds`; they stay in flight until put back or committed.
    mutating func take(_ bounds: ProposalBounds) -> [SubmittedTransaction] {
        var room = bounds
        var taken: [SubmittedTransaction] = []
        taken.reserveCapacity(min(bounds.transactions, entries.count))
        while let id = withdrawals.popFirst() {
            guard let entry = entries[id], !entry.inFlight else { continue }
            guard fits(entry, &room) else {
                withdrawals.prepend(id)
                break
            }
            taken.append(entry.submitted)
            waitingWithdrawals -= 1
            entries[id]?.inFlight = true
        }
        while let address = ready.popFirst() {
            guard var sender = senders[address], sender.isReady else { continue }
            sender.isReady = false
            readySenders -= 1
            guard let id = sender.waiting[sender.next], let entry = entries[id] else {
                senders[address] = sender
                continue
            }
            guard fits(entry, &room) else {
                sender.isReady = true
                readySenders += 1
                senders[address] = sender
                ready.prepend(address)
                break
            }
            taken.append(entry.submitted)
            entries[id]?.inFlight = true
            sender.waiting[sender.next] = nil
            sender.next += 1
            sender.inFlight += 1
            offer(address, &sender)
            senders[address] = sender
        }
        return taken
    }

    private func fits(_ entry: Entry, _ room: inout ProposalBounds) -> Bool {
        let bytes = entry.submitted.transaction.bytes.count + 6
        let sidecarBytes = entry.size - entry.submitted.transaction.bytes.count
        guard room.transactions >= 1, room.bytes >= bytes, room.sidecarBytes >= sidecarBytes else { return false }
        room = ProposalBounds(
            bytes: room.bytes - bytes, transactions: room.transactions - 1, sidecarBytes: room.sidecarBytes - sidecarBytes)
        return true
    }

    /// What the application left out waits again, unless it was left out too often.
    mutating func putBack(_ transactions: [SubmittedTransaction]) {
        for submitted in transactions.reversed() {
            let id = submitted.transaction.id
            guard giveBack(submitted.transaction) else { continue }
            entries[id]?.returns += 1
            if let returns = entries[id]?.returns, returns >= Self.maximumReturns { remove(id) }
        }
    }

    /// What a block held that will not become final waits again.
    mutating func release(_ transactions: [SubmittedTransaction]) {
        for submitted in transactions.reversed() { _ = giveBack(submitted.transaction) }
    }

    /// Lets a transaction in flight wait again; answers whether it was in flight.
    private mutating func giveBack(_ transaction: SignedTransaction) -> Bool {
        guard entries[transaction.id]?.inFlight == true else { return false }
        entries[transaction.id]?.inFlight = false
        if transaction.isFreeWithdrawal {
            waitingWithdrawals += 1
            withdrawals.prepend(transaction.id)
        } else if var sender = senders[transaction.sender] {
            sender.inFlight -= 1
            sender.waiting[transaction.nonce] = transaction.id
            sender.next = min(sender.next, transaction.nonce)
            settle(transaction.sender, &sender)
            senders[transaction.sender] = sender
        }
        return true
    }

    /// These are in a block of another validator: in flight, and known from now on if they were not.
    mutating func hold(_ transactions: [SubmittedTransaction]) {
        for submitted in transactions {
            let transaction = submitted.transaction
            if let entry = entries[transaction.id] {
                guard !entry.inFlight else { continue }
                entries[transaction.id]?.inFlight = true
                if transaction.isFreeWithdrawal { waitingWithdrawals -= 1 }
            } else {
                let size = transaction.bytes.count + submitted.sidecars.reduce(0) { $0 + $1.count }
                entries[transaction.id] = Entry(submitted: submitted, size: size, inFlight: true)
                bytes += size
                if transaction.isFreeWithdrawal { withdrawalCount += 1 }
                expiring[transaction.validUntil, default: []].insert(transaction.id)
                earliestExpiry = min(earliestExpiry, transaction.validUntil)
            }
            guard !transaction.isFreeWithdrawal else { continue }
            let nonce = transaction.nonce
            var sender = senders[transaction.sender] ?? Sender(next: nonce)
            // Another transaction of this nonce can only fail now; it leaves when this one is final.
            if sender.waiting[nonce] == transaction.id { sender.waiting[nonce] = nil }
            sender.inFlight += 1
            sender.next = max(sender.next, nonce + 1)
            settle(transaction.sender, &sender)
            senders[transaction.sender] = sender
        }
    }

    /// Puts the sender in line or out of it, after its next nonce has changed.
    private mutating func settle(_ address: Address, _ sender: inout Sender) {
        if sender.isReady, sender.waiting[sender.next] == nil {
            sender.isReady = false
            readySenders -= 1
        }
        offer(address, &sender)
    }

    /// Forgets what block `height` holds and what can no longer be in a later one.
    ///
    /// - Returns: senders with waiting transactions and none in flight: their nonce is to be read from the state again.
    mutating func committed(_ transactions: [SignedTransaction], height: UInt64) -> Set<Address> {
        var touched: Set<Address> = []
        for transaction in transactions {
            remove(transaction.id, isCommitted: true)
            if let sender = senders[transaction.sender], sender.inFlight == 0 { touched.insert(transaction.sender) }
        }
        if earliestExpiry <= height {
            for expired in expiring.keys.filter({ $0 <= height }) { expiring[expired]?.forEach { remove($0) } }
            earliestExpiry = expiring.keys.min() ?? .max
        }
        return touched
    }

    /// Corrects a sender's next nonce to that of the state, when nothing of it is in flight.
    mutating func setNonce(_ nonce: UInt64, of address: Address) {
        guard var sender = senders[address], sender.inFlight == 0, sender.next != nonce else { return }
        for stale in sender.waiting.keys.filter({ $0 < nonce }) {
            if let id = sender.waiting[stale] { remove(id) }
        }
        guard let remaining = senders[address] else { return }
        sender = remaining
        sender.next = nonce
        settle(address, &sender)
        senders[address] = sender
    }

    private mutating func remove(_ id: Hash32, isCommitted: Bool = false) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        let transaction = entry.submitted.transaction
        bytes -= entry.size
        expiring[transaction.validUntil]?.remove(id)
        if expiring[transaction.validUntil]?.isEmpty == true { expiring[transaction.validUntil] = nil }
        if transaction.isFreeWithdrawal {
            withdrawalCount -= 1
            if !entry.inFlight { waitingWithdrawals -= 1 }
            return
        }
        guard var sender = senders[transaction.sender] else { return }
        if entry.inFlight {
            sender.inFlight -= 1
        } else {
            sender.waiting[transaction.nonce] = nil
            if isCommitted { sender.next = max(sender.next, transaction.nonce + 1) }
        }
        let isIdle = sender.waiting.isEmpty && sender.inFlight == 0
        if isIdle, sender.isReady { readySenders -= 1 }
        senders[transaction.sender] = isIdle ? nil : sender
    }
}
