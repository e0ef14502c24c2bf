import ChainTypes
import Cryptography
import Foundation
import Primitives
import WireTypes

/// What a node said to one transaction of a batch: accepted, or why not.
package struct SubmitOutcome: Sendable {
    package let id: Hash32
    package let refusal: NodeRefusal?
}

extension NodeClient {
    private static let protobuf = "application/protobuf"
    /// Bounds of one batch request, below the node's own.
    private static let batchBytes = 2 << 20
    private static let batchTransactions = 250

    /// Hands `transaction` to the node; returns once the node has accepted it, before it is in a block.
    package func submit(_ transaction: SubmittedTransaction) async throws -> Hash32 {
        let answer: SubmitAnswer = try await post("/v1/transactions", transaction.encoded, type: Self.protobuf)
        guard answer.id == transaction.transaction.id.description else { throw ClientError.malformedAnswer("another transaction's id") }
        return transaction.transaction.id
    }

    /// Hands over many at once, in requests of bounded size; the outcomes are in the order of `transactions`.
    package func submit(batch transactions: [SubmittedTransaction]) async throws -> [SubmitOutcome] {
        var outcomes: [SubmitOutcome] = []
        outcomes.reserveCapacity(transactions.count)
        var rest = transactions[...]
        while !rest.isEmpty {
            var body: [UInt8] = []
            var ids: [Hash32] = []
            while let next = rest.first, ids.count < Self.batchTransactions {
                let bytes = next.encoded
                guard ids.isEmpty || body.count + bytes.count + 4 <= Self.batchBytes else { break }
                withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { body.append(contentsOf: $0) }
                body.append(contentsOf: bytes)
                ids.append(next.transaction.id)
                rest.removeFirst()
            }
            let answer: BatchAnswer = try await post("/v1/transactions/batch", body, type: Self.protobuf)
            guard answer.results.count == ids.count else { throw ClientError.malformedAnswer("another number of results") }
            for (id, result) in zip(ids, answer.results) {
                outcomes.append(SubmitOutcome(id: id, refusal: result.error.map { NodeRefusal($0, status: 200) }))
            }
        }
        return outcomes
    }

    /// Where a transaction stands; waits up to `wait` seconds for it to be committed.
    package func transaction(_ id: Hash32, wait: Int = 0) async throws -> TransactionAnswer {
        try await get("/v1/transactions/\(id)" + (wait > 0 ? "?wait=\(wait)" : ""))
    }

    /// Submits and waits for the receipt; throws the receipt's refusal.
    @discardableResult
    package func commit(_ transaction: SubmittedTransaction, timeout: Double = 30) async throws -> ReceiptAnswer {
        let id = try await submit(transaction)
        let receipt = try await receipt(id, timeout: timeout)
        if let refusal = receipt.refusal { throw refusal }
        return receipt
    }

    /// Waits for the receipt of `id`, whatever it says.
    package func receipt(_ id: Hash32, timeout: Double = 30) async throws -> ReceiptAnswer {
        let deadline = ContinuousClock.now.advanced(by: .seconds(timeout))
        repeat {
            let answer = try await transaction(id, wait: 5)
            if let receipt = answer.receipt { return receipt }
            if answer.status == "unknown" { try await Task.sleep(for: .milliseconds(50)) }
        } while ContinuousClock.now < deadline
        throw ClientError.timedOut("the receipt of \(id)")
    }

    /// The receipts of `ids` that exist by now, by transaction.
    package func receipts(_ ids: [Hash32]) async throws -> [Hash32: ReceiptAnswer] {
        var found: [Hash32: ReceiptAnswer] = [:]
        for start in stride(from: 0, to: ids.count, by: 500) {
            let some = ids[start..<min(start + 500, ids.count)]
            let body = JSONValue.object(["ids": .array(some.map { .text($0.description) })]).encoded(pretty: false)
            let answer: ReceiptsAnswer = try await post("/v1/receipts", Array(body.utf8))
            for item in answer.receipts { if let id = Hash32(hex: item.id) { found[id] = item.receipt } }
        }
        return found
    }

    /// Waits until all of `ids` have receipts; tells `progress` how many have.
    package func receipts(
        _ ids: [Hash32], timeout: Double, progress: (Int) -> Void = { _ in }
    ) async throws -> [Hash32: ReceiptAnswer] {
        let deadline = ContinuousClock.now.advanced(by: .seconds(timeout))
        var found: [Hash32: ReceiptAnswer] = [:]
        while true {
            let missing = ids.filter { found[$0] == nil }
            guard !missing.isEmpty else { return found }
            found.merge(try await receipts(missing)) { $1 }
            progress(found.count)
            guard found.count < ids.count else { return found }
            guard ContinuousClock.now < deadline else { throw ClientError.timedOut("\(ids.count - found.count) receipts") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Everything to check the receipt of `id` without a node.
    package func receiptProof(_ id: Hash32) async throws -> WireReceiptProof {
        let answer: ReceiptProofAnswer = try await get("/v1/transactions/\(id)/proof")
        do { return try WireReceiptProof(strictly: [UInt8](answer.receiptProof), limit: Limits.receiptProof) } catch {
            throw ClientError.malformedAnswer("a receipt's proof")
        }
    }

    /// Hands sealed subject keys to the node's enclave, a bounded number a request.
    package func enrol(_ enrolments: [WireSealedMessage]) async throws -> [EnrolmentOutcome] {
        var outcomes: [EnrolmentOutcome] = []
        for start in stride(from: 0, to: enrolments.count, by: 250) {
            let some = enrolments[start..<min(start + 250, enrolments.count)]
            let texts = some.map { JSONValue.text(Data($0.encoded()).base64EncodedString()) }
            let body = JSONValue.object(["enrolments": .array(texts)]).encoded(pretty: false)
            let answer: EnrolmentsAnswer = try await post("/v1/enrolments", Array(body.utf8))
            guard answer.outcomes.count == some.count else { throw ClientError.malformedAnswer("another number of outcomes") }
            outcomes.append(contentsOf: answer.outcomes)
        }
        return outcomes
    }
}
