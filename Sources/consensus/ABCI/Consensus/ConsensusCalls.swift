import ChainTypes
import Cryptography
import Engine
import FoundationEssentials
import LightClient
import Primitives
import SwiftProtobuf
import WireTypes

/// What a block gave, between its finalisation and its commit: nothing of it is durable.
package struct FinalizedBlock: Sendable {
    package let payload: BlockPayload
    package let outcome: BlockOutcome
}

/// The calls of the consensus connection over an `Application`, one at a time.
///
/// Everything that the engine compares between nodes is a function of the application's head and of the request.
package struct ConsensusCalls: ~Copyable {
    /// What the calls need beside the application.
    package struct Parts: Sendable {
        package var genesis: Genesis
        package var application: any Application
        /// The errors of transactions' signatures, in their order; may work in parallel.
        package var checkSignatures: @Sendable ([SubmittedTransaction]) -> [TransactionError?]
        /// The newest blocks that the node keeps; 0 for all.
        package var keptBlocks: UInt64
        /// Called after each durable commit.
        package var onCommit: @Sendable (CommittedBlock) -> Void

        package init(
            genesis: Genesis, application: any Application, keptBlocks: UInt64 = 0,
            checkSignatures: @escaping @Sendable ([SubmittedTransaction]) -> [TransactionError?],
            onCommit: @escaping @Sendable (CommittedBlock) -> Void
        ) {
            (self.genesis, self.application, self.keptBlocks) = (genesis, application, keptBlocks)
            (self.checkSignatures, self.onCommit) = (checkSignatures, onCommit)
        }
    }

    let parts: Parts
    private var order: CallOrder
    private var finalized: FinalizedBlock?

    package init(_ parts: Parts) {
        self.parts = parts
        order = CallOrder(height: parts.application.head.height)
    }

    private var head: ApplicationHead { parts.application.head }

    /// Answers a call of the consensus connection; `nil` for one of another connection.
    /// - Throws: `ABCIError`, and what stops the application.
    package mutating func answer(_ request: ABCIRequest.OneOf_Kind) throws -> ABCIResponse? {
        switch request {
        case .initChain(let request): ABCIResponse(.initChain(try initChain(request)))
        case .prepareProposal(let request): ABCIResponse(.prepareProposal(try prepareProposal(request)))
        case .processProposal(let request): ABCIResponse(.processProposal(try processProposal(request)))
        case .extendVote(let request): ABCIResponse(.extendVote(try extendVote(request)))
        case .verifyVoteExtension(let request): ABCIResponse(.verifyVoteExtension(try verifyVoteExtension(request)))
        case .finalizeBlock(let request): ABCIResponse(.finalizeBlock(try finalizeBlock(request)))
        case .commit: ABCIResponse(.commit(try commit()))
        default: nil
        }
    }

    // MARK: The beginning

    /// May be repeated until the first block is committed. The genesis's validators replace those of the engine's own genesis.
    private mutating func initChain(_ request: ABCIInitChainRequest) throws -> ABCIInitChainResponse {
        guard request.chainID == parts.genesis.chainID else { throw ABCIError.wrongChain }
        guard request.initialHeight <= 1 else { throw ABCIError.wrongInitialHeight }
        let validators = ValidatorUpdates.updates(parts.genesis.validators)
        try ValidatorUpdates.check(request.validators)
        try ValidatorUpdates.check(validators)
        try order.admit(.initChain)
        finalized = nil
        var response = ABCIInitChainResponse()
        response.consensusParams = CometParameters.block(parts.genesis.parameters)
        // Without it the engine's headers would state version 0.
        response.consensusParams.version.app = UInt64(BlockMaker.applicationVersion)
        response.validators = validators
        response.appHash = .init(CometBlock.commitment(head).bytes)
        return response
    }

    // MARK: Proposals

    private mutating func prepareProposal(_ request: ABCIPrepareProposalRequest) throws -> ABCIPrepareProposalResponse {
        try order.admit(.consider(height: request.height))
        let context = try context(request.time, request.proposerAddress)
        let candidates = checked(request.txs)
        let chosen = try parts.application.prepareProposal(BlockContent(ProposalChoice.ordered(candidates.valid)), context: context)
        var response = ABCIPrepareProposalResponse()
        response.txs = ProposalChoice.fitting(chosen.transactions, limit: request.maxTxBytes).map { Data($0) }
        return response
    }

    private mutating func processProposal(_ request: ABCIProcessProposalRequest) throws -> ABCIProcessProposalResponse {
        try order.admit(.consider(height: request.height))
        var response = ABCIProcessProposalResponse()
        response.status = try isAcceptable(request) ? .accept : .reject
        return response
    }

    private mutating func isAcceptable(_ request: ABCIProcessProposalRequest) throws -> Bool {
        // What a proposer chooses is no error of ours, but a reason to refuse the proposal.
        guard let context = try? context(request.time, request.proposerAddress) else { return false }
        let candidates = checked(request.txs)
        guard candidates.areAllValid else { return false }
        return try parts.application.processProposal(BlockContent(candidates.valid), context: context)
    }

    /// Votes carry nothing beside the block.
    private mutating func extendVote(_ request: ABCIExtendVoteRequest) throws -> ABCIExtendVoteResponse {
        try order.admit(.consider(height: request.height))
        return ABCIExtendVoteResponse()
    }

    private mutating func verifyVoteExtension(_ request: ABCIVerifyVoteExtensionRequest) throws -> ABCIVerifyVoteExtensionResponse {
        try order.admit(.consider(height: request.height))
        var response = ABCIVerifyVoteExtensionResponse()
        response.status = request.voteExtension.isEmpty ? .accept : .reject
        return response
    }

    // MARK: Decided blocks

    /// Executes a decided block, whether it was shown before or not. What is no transaction has a result and no place in Jupiter's block.
    private mutating func finalizeBlock(_ request: ABCIFinalizeBlockRequest) throws -> ABCIFinalizeBlockResponse {
        let parent = ParentState(head)
        let context = try context(request.time, request.proposerAddress)
        try order.admit(.finalizeBlock(height: request.height))
        finalized = nil
        let candidates = checked(request.txs)
        let evidence = CometBlock.convictions(request.misbehavior, among: request.misbehavior.isEmpty ? [] : try validatorKeys())
        let payload = try BlockMaker.payload(BlockContent(candidates.valid, evidence: evidence), context, after: parent)
        let header = payload.header
        let outcome = try parts.application.finalizeBlock(payload.content, hash: header.hash, context: BlockContext(header))
        finalized = FinalizedBlock(payload: payload, outcome: outcome)
        var response = ABCIFinalizeBlockResponse()
        response.events = [TransactionResults.block(header, outcome)]
        response.txResults = TransactionResults.results(candidates.candidates, receipts: outcome.receipts)
        // Returned for H, a set votes from H + 2 on: that of the next epoch is told with the block before the last of this one.
        if let following = outcome.plan.following {
            response.validatorUpdates = ValidatorUpdates.updates(from: outcome.plan.validators, to: following)
        }
        if let parameters = try changedParameters(height: header.height) {
            response.consensusParamUpdates = CometParameters.block(parameters)
        }
        response.appHash = .init(
            CometCommitment.hash(header: header.hash, stateRoot: outcome.stateRoot, receiptsRoot: outcome.receiptsRoot).bytes)
        return response
    }

    private mutating func commit() throws -> ABCICommitResponse {
        try order.admit(.commit)
        guard let finalized else { throw ABCIError.outOfOrder }
        try parts.application.commit(finalized.payload.block, certificate: nil)
        self.finalized = nil
        parts.onCommit(CommittedBlock(block: finalized.payload.block, certificate: nil, receipts: finalized.outcome.receipts))
        var response = ABCICommitResponse()
        let height = finalized.payload.header.height
        if parts.keptBlocks > 0, height > parts.keptBlocks { response.retainHeight = Int64(height - parts.keptBlocks + 1) }
        return response
    }

    // MARK: What the state says

    private func context(_ time: ABCITimestamp, _ proposer: Data) throws(ABCIError) -> BlockContext {
        try CometBlock.context(chainID: parts.genesis.chainID, after: ParentState(head), time: time, proposer: proposer)
    }

    private func checked(_ transactions: [Data]) -> CandidateTransactions {
        CandidateTransactions(transactions, checkSignatures: parts.checkSignatures)
    }

    /// Everybody whom an offence may name: who votes now, and who is or will be in a set.
    private func validatorKeys() throws -> [Hash32] {
        let list = try value(StateKey.validatorList).map { try WireValidatorList(serializedBytes: $0) }
        let listed = list?.validators.compactMap { Hash32($0) } ?? []
        return listed + head.plan.validators.members.map(\.key).filter { !listed.contains($0) }
    }

    /// The chain's rules, in the first block of an epoch: they may be new. Told with H, they hold for CometBFT from H + 1 on.
    private func changedParameters(height: UInt64) throws -> WireParameters? {
        guard let epoch = try value(StateKey.epoch).map({ try WireEpochRecord(serializedBytes: $0) }), epoch.firstHeight == height,
            height > 1
        else { return nil }
        return try value(StateKey.parameters).map { try WireChainParameters(serializedBytes: $0) }?.present
    }

    private func value(_ key: [UInt8]) throws -> [UInt8]? {
        try parts.application.query(key, height: nil, prove: false).value
    }
}
