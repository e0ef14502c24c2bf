import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// The account through which a node's services act on its own chain.
///
/// Nonces follow the mempool, so nothing has to be remembered across restarts.
package struct OperatorAccount: Sendable {
    /// Heights for which its transactions are valid.
    static let window: UInt64 = 2_000

    private let key: SigningKey
    private let view: ChainView
    private let mempool: Mempool
    private let intake: TransactionIntake
    private let turn = Turn()

    package init(key: SigningKey, view: ChainView, mempool: Mempool, intake: TransactionIntake) {
        (self.key, self.view, self.mempool, self.intake) = (key, view, mempool, intake)
    }

    package var address: Address { key.address }

    /// Signs and takes in one transaction of `messages` with the sidecars that they commit to.
    ///
    /// Callers take turns: two at once would take the same nonce.
    /// - Returns: the transaction and the last height that may hold it.
    func submit(_ messages: [WireMessage], sidecars: [[UInt8]] = []) async throws -> (id: Hash32, validUntil: UInt64) {
        await turn.begin()
        do {
            let taken = try await signAndSubmit(messages, sidecars)
            await turn.end()
            return taken
        } catch {
            await turn.end()
            throw error
        }
    }

    private func signAndSubmit(
        _ messages: [WireMessage], _ sidecars: [[UInt8]]
    ) async throws -> (id: Hash32, validUntil: UInt64) {
        let head = view.head
        let (height, parameters) = (head.height, head.plan.parameters)
        var body = WireTransactionBody()
        body.chainID = view.chainID
        body.sender = .init(key.address.bytes)
        body.nonce = try mempool.pendingNonce(key.address)
        body.validFrom = height
        body.validUntil = height + min(Self.window, parameters.maximumValidityWindow)
        body.fee = parameters.minimumFee
        body.messages = messages
        let submitted = try SubmittedTransaction(SignedTransaction(signing: body, with: key), sidecars: sidecars)
        try await intake.submit(submitted)
        return (submitted.transaction.id, body.validUntil)
    }

    /// Tells the peers once more of a transaction that still waits; whether it does.
    func tellAgain(_ id: Hash32) -> Bool { intake.tellAgain(id) }
}

/// Lets one caller in at a time, in the order of their coming.
private actor Turn {
    private var isTaken = false
    private var waiting = Fifo<CheckedContinuation<Void, Never>>()

    func begin() async {
        guard isTaken else {
            isTaken = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func end() {
        guard let next = waiting.popFirst() else {
            isTaken = false
            return
        }
        next.resume()
    }
}
