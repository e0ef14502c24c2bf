import ABCI
import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// An engine that decides what the test tells it to, over four connections as CometBFT opens them: query, snapshot, mempool, consensus.
package final class ScriptedComet: Sendable {
    package let query: ABCIClient
    package let snapshot: ABCIClient
    package let mempool: ABCIClient
    package let consensus: ABCIClient
    package let chainID: String

    package init(path: String, chainID: String) throws {
        self.chainID = chainID
        query = try ABCIClient(path: path)
        snapshot = try ABCIClient(path: path)
        mempool = try ABCIClient(path: path)
        consensus = try ABCIClient(path: path)
    }

    /// The connection with this number, in the order of their opening.
    package func connection(_ number: Int) -> ABCIClient { [query, snapshot, mempool, consensus][number] }

    package func close() { [query, snapshot, mempool, consensus].forEach { $0.shutDown() } }

    // MARK: Single calls

    package func info() async throws -> ABCIInfoResponse {
        guard case .info(let answer) = try await query.call(.info(ABCIInfoRequest())) else { throw ABCIClientError.unexpected }
        return answer
    }

    package func initChain(_ adjust: @Sendable (inout ABCIInitChainRequest) -> Void = { _ in }) async throws -> ABCIInitChainResponse {
        var request = ABCIInitChainRequest()
        (request.chainID, request.initialHeight) = (chainID, 1)
        adjust(&request)
        guard case .initChain(let answer) = try await consensus.call(.initChain(request)) else { throw ABCIClientError.unexpected }
        return answer
    }

    package func checkTx(_ bytes: [UInt8], _ kind: ABCICheckTxKind = .new) async throws -> ABCICheckTxResponse {
        var request = ABCICheckTxRequest()
        (request.tx, request.kind) = (Data(bytes), kind)
        guard case .checkTx(let answer) = try await mempool.call(.checkTx(request)) else { throw ABCIClientError.unexpected }
        return answer
    }

    package func query(_ path: String, _ data: [UInt8], height: Int64 = 0, prove: Bool = false) async throws -> ABCIQueryResponse {
        var request = ABCIQueryRequest()
        (request.path, request.data, request.height, request.prove) = (path, Data(data), height, prove)
        guard case .query(let answer) = try await query.call(.query(request)) else { throw ABCIClientError.unexpected }
        return answer
    }

    package func prepare(_ block: ScriptedBlock, maxTxBytes: Int64 = 1 << 22) async throws -> [[UInt8]] {
        guard case .prepareProposal(let answer) = try await consensus.call(block.prepare(maxTxBytes: maxTxBytes)) else {
            throw ABCIClientError.unexpected
        }
        return answer.txs.map { [UInt8]($0) }
    }

    package func process(_ block: ScriptedBlock) async throws -> ABCIProposalStatus {
        guard case .processProposal(let answer) = try await consensus.call(block.process) else { throw ABCIClientError.unexpected }
        return answer.status
    }

    package func finalize(_ block: ScriptedBlock) async throws -> ABCIFinalizeBlockResponse {
        guard case .finalizeBlock(let answer) = try await consensus.call(block.finalize) else { throw ABCIClientError.unexpected }
        return answer
    }

    /// The barrier on the mempool connection, then the commit.
    @discardableResult
    package func commit() async throws -> ABCICommitResponse {
        try await mempool.send([.flush(ABCIFlushRequest())])
        guard case .flush = try await mempool.receive(), case .commit(let answer) = try await consensus.call(.commit(ABCICommitRequest()))
        else { throw ABCIClientError.unexpected }
        return answer
    }

    /// A height from its proposal to its commit.
    @discardableResult
    package func decide(_ block: ScriptedBlock) async throws -> ABCIFinalizeBlockResponse {
        guard try await process(block) == .accept else { throw ABCIClientError.unexpected }
        let answer = try await finalize(block)
        try await commit()
        return answer
    }
}

/// A block as an engine describes it.
package struct ScriptedBlock: Sendable {
    package var height: Int64
    /// Milliseconds since 1970.
    package var time: UInt64
    /// The key of the proposer.
    package var proposer: Hash32
    package var transactions: [[UInt8]]
    package var misbehavior: [ABCIMisbehavior] = []

    package init(height: Int64, time: UInt64, proposer: Hash32, transactions: [[UInt8]] = []) {
        (self.height, self.time, self.proposer, self.transactions) = (height, time, proposer, transactions)
    }

    private var timestamp: ABCITimestamp {
        var timestamp = ABCITimestamp()
        (timestamp.seconds, timestamp.nanos) = (Int64(time / 1_000), Int32(time % 1_000) * 1_000_000)
        return timestamp
    }

    private var address: Data { Data(ValidatorUpdates.address(of: proposer)) }

    package func prepare(maxTxBytes: Int64) -> ABCIRequest.OneOf_Kind {
        var request = ABCIPrepareProposalRequest()
        (request.height, request.time, request.proposerAddress, request.maxTxBytes) = (height, timestamp, address, maxTxBytes)
        request.txs = transactions.map { Data($0) }
        return .prepareProposal(request)
    }

    package var process: ABCIRequest.OneOf_Kind {
        var request = ABCIProcessProposalRequest()
        (request.height, request.time, request.proposerAddress) = (height, timestamp, address)
        (request.txs, request.misbehavior) = (transactions.map { Data($0) }, misbehavior)
        return .processProposal(request)
    }

    package var finalize: ABCIRequest.OneOf_Kind {
        var request = ABCIFinalizeBlockRequest()
        (request.height, request.time, request.proposerAddress) = (height, timestamp, address)
        (request.txs, request.misbehavior) = (transactions.map { Data($0) }, misbehavior)
        return .finalizeBlock(request)
    }

    package var extend: ABCIRequest.OneOf_Kind {
        var request = ABCIExtendVoteRequest()
        request.height = height
        return .extendVote(request)
    }

    package var verify: ABCIRequest.OneOf_Kind {
        var request = ABCIVerifyVoteExtensionRequest()
        request.height = height
        return .verifyVoteExtension(request)
    }
}
