import Attestation
import ChainTypes
import Cryptography
import FoundationEssentials
import Modules
import Primitives
import WireTypes

/// What executing one block gave.
package struct ExecutionResult {
    package let writes: [(key: [UInt8], value: [UInt8]?)]
    /// The accounts among them.
    package let accounts: [Address: WireAccount]
    package let receipts: [WireReceipt]
    package let erasedSidecars: [Hash32]
    /// What happened to the block as a whole: epochs, convictions, refunds, expiries.
    package let events: [WireEvent]
    /// Of the block after this one.
    package let plan: EpochPlan
}

/// Executes blocks: a pure function of (committed state, block) to (writes, receipts).
package struct BlockExecutor: Sendable {
    package let genesis: Genesis
    private let anchors: TrustAnchors

    /// - Parameter anchors: the vendors' roots; only tests have others than the pinned ones.
    package init(genesis: Genesis, anchors: TrustAnchors = .pinned) { (self.genesis, self.anchors) = (genesis, anchors) }

    /// The state of block 0: allocations and totals.
    package func genesisWrites() -> [(key: [UInt8], value: [UInt8]?)] {
        var balances: [Address: UInt64] = [:]
        for allocation in genesis.wire.allocations {
            // `Genesis` has checked the addresses and that the sum stays inside 64 bits.
            if let address = Address(allocation.account) { balances[address, default: 0] += allocation.amount }
        }
        let supply = balances.values.reduce(0, +)
        var writes: [(key: [UInt8], value: [UInt8]?)] = balances.map { address, amount in
            var account = WireAccount()
            account.balance = amount
            return (StateKey.account(address), account.encoded())
        }
        writes.append((StateKey.supply, withUnsafeBytes(of: supply.bigEndian) { Array($0) }))
        var state = ModuleState(EmptyState())
        TrustEpochs.begin(genesis, &state)
        AdmissionModule.begin(genesis, &state)
        RecoveryModule.begin(genesis, &state)
        _ = state.keep()
        return writes + state.writes
    }

    /// The plan of the block after block `height`, whose state `committed` is; 0 is the genesis.
    package func plan(after height: UInt64, on committed: any CommittedState) throws -> EpochPlan {
        var state = ModuleState(committed)
        return try TrustEpochs.plan(after: height, genesis, &state)
    }

    /// Those of `candidates` that a proposal may hold on the state of its parent, in their order.
    package func admissibleEvidence(
        _ candidates: [[UInt8]], context: BlockContext, on committed: any CommittedState
    ) throws -> [[UInt8]] {
        try TrustEvidence.admissible(candidates, by: evidenceRule, in: context, genesis, on: committed)
    }

    /// Evidence of an engine that judges offences itself is its judgement; of our own, the votes that convict.
    private var evidenceRule: TrustEvidence.Rule {
        switch genesis.wire.consensus {
        case .cometbft: TrustEvidence.convict
        case .simplex, .UNRECOGNIZED: TrustEvidence.punish
        }
    }

    /// Whether a proposal may hold exactly this evidence on the state of its parent.
    package func isValidEvidence(_ evidence: [[UInt8]], context: BlockContext, on committed: any CommittedState) throws -> Bool {
        try evidence.count <= Limits.evidencePerBlock
            && admissibleEvidence(evidence, context: context, on: committed).count == evidence.count
    }

    /// Executes `transactions` and `evidence` as block `context.height` on top of `parent`, whose state `committed` is.
    ///
    /// Evidence that is not valid is passed over: no quorum of honest validators makes it final.
    /// - Throws: only what stops the chain: unreadable state, or a header that contradicts it. A refused transaction is a receipt.
    package func execute(
        _ transactions: [SignedTransaction], evidence: [[UInt8]] = [], parent: Hash32, context: BlockContext,
        on committed: any CommittedState
    ) throws -> ExecutionResult {
        var state = ModuleState(committed)
        // Those of the parent's state, by which the proposal was judged: an epoch's last block has the rules of its epoch.
        let parameters = try TrustEpochs.parameters(&state)
        RecentBlocks.record(parent: parent, of: context.height, &state)
        try TrustEpochs.begin(context, genesis, &state)
        try Deadlines.sweep(context, &state)
        try ErasureSweep.run(&state)
        try ErasureCertificates.run(context, &state)
        try GovernanceModule.expire(context, &state)
        for bytes in evidence.prefix(Limits.evidencePerBlock) { _ = try evidenceRule(bytes, context, genesis, &state) }
        let events = state.keep()
        var receipts: [WireReceipt] = []
        receipts.reserveCapacity(transactions.count)
        for (index, transaction) in transactions.enumerated() {
            receipts.append(try execute(transaction, index: index, context: context, parameters, &state))
        }
        let plan = try TrustEpochs.plan(after: context.height, genesis, &state)
        return ExecutionResult(
            writes: state.writes, accounts: state.accounts, receipts: receipts, erasedSidecars: state.erasedSidecars, events: events,
            plan: plan)
    }

    private func execute(
        _ transaction: SignedTransaction, index: Int, context: BlockContext, _ parameters: WireParameters, _ state: inout ModuleState
    ) throws -> WireReceipt {
        var receipt = WireReceipt()
        receipt.transactionID = .init(transaction.id.bytes)
        receipt.height = context.height
        receipt.index = UInt32(index)
        let account = try state.account(transaction.sender)
        do {
            try AccountsModule.check(
                transaction, account: account, height: context.height, genesis: genesis, allowGap: false, parameters: parameters)
        } catch {
            // Without a valid nonce and fee the transaction has no effect at all.
            receipt.code = error.code
            return receipt
        }
        try AccountsModule.charge(transaction, account: account, &state)
        receipt.fee = transaction.fee
        _ = state.keep()
        do {
            for (position, message) in transaction.body.messages.enumerated() {
                let scope = MessageContext(
                    block: context, genesis: genesis, transaction: transaction, index: position, parameters: parameters,
                    anchors: anchors)
                try ModuleRouter.apply(message, scope, &state)
            }
            receipt.events = state.keep()
        } catch let refusal as Refusal {
            state.forget()
            receipt.code = refusal.code
        }
        return receipt
    }
}

/// Before the genesis.
private struct EmptyState: CommittedState {
    func value(_ key: [UInt8]) throws -> [UInt8]? { nil }
}
