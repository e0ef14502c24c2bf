import ABCI
import ChainTypes
import FoundationEssentials
import Primitives

/// CheckTx: the mempool of the node mirrors that of the engine, so that both take in the same by the same rules.
struct CheckCalls: Sendable {
    private let mempool: Mempool
    private let signatures: RecentSignatures

    init(mempool: Mempool, signatures: RecentSignatures) { (self.mempool, self.signatures) = (mempool, signatures) }

    /// A transaction that is here already is accepted again: the engine may have lost its own memory.
    func answer(_ request: ABCICheckTxRequest) -> ABCICheckTxResponse {
        var response = ABCICheckTxResponse()
        do {
            let submitted = try SubmittedTransaction(decoding: [UInt8](request.tx))
            response.data = Data(submitted.transaction.id.bytes)
            try takeIn(submitted)
        } catch let error as any CodedError {
            (response.code, response.codespace, response.log) = (error.code, TransactionResults.codespace, error.name)
        } catch {
            let error = NodeError.damagedChain("state")
            (response.code, response.codespace, response.log) = (error.code, TransactionResults.codespace, error.name)
        }
        return response
    }

    private func takeIn(_ submitted: SubmittedTransaction) throws {
        try signatures.check(submitted.transaction)
        if let known = mempool.submitted(submitted.transaction.id), known.transaction.bytes == submitted.transaction.bytes { return }
        try mempool.insert(submitted)
    }
}
