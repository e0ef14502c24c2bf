import ChainTypes
import FoundationEssentials
import Ledger
import Networking
import Primitives
import Storage
import SwiftProtobuf
import WireTypes

/// Answers one question for blocks frame by frame: never across an epoch's end, and always up to a block with a certificate.
package struct BlockReading: Sendable {
    private let request: UInt64
    private var next: UInt64
    private var last: UInt64
    private let batchBytes: Int
    private var bytes = 0
    /// Sidecars of the newest entry that did not fit into its frame.
    private var rest: [[UInt8]] = []
    private var isOver = false

    /// How far below the last block asked for a certificate is looked for.
    private static let searched: UInt64 = 512

    package init(_ request: BlockRangeRequest, batchBytes: Int) {
        (self.request, next, last, self.batchBytes) = (request.request, request.first, request.last, batchBytes)
    }

    /// The next frame of the answer; `last` says when it is complete.
    package mutating func frame(_ ledger: LedgerApplication) throws -> BlockRangeResponse {
        if bytes == 0 { try bound(ledger) }
        var entries: [Networking.SyncedBlock] = []
        var size = 0
        if !rest.isEmpty {
            var entry = Networking.SyncedBlock(block: [], certificate: [])
            fill(&entry)
            size += entry.encodedSize
            entries.append(entry)
        }
        while rest.isEmpty, !isOver, size < SyncLimits.frame, entries.count < PeerLimits.blocksPerFrame {
            guard let bytes = try ledger.store.block(next), let wire = try? WireBlock(serializedBytes: bytes),
                let header = try? BlockHeader(decoding: [UInt8](wire.header))
            else {
                isOver = true
                break
            }
            if size > 0, size + bytes.count > 2 * SyncLimits.frame { break }
            guard var entry = try entry(bytes, header, ledger) else {
                isOver = true
                break
            }
            self.bytes += entry.encodedSize
            if self.bytes < SyncLimits.sidecarBatch { rest = try sidecars(wire, ledger) }
            self.bytes += rest.reduce(0) { $0 + $1.count }
            fill(&entry)
            size += entry.encodedSize
            isOver = header.lastOfEpoch || next >= last || self.bytes >= SyncLimits.hardBatch
            if self.bytes >= batchBytes, !entry.certificate.isEmpty { isOver = true }
            entries.append(entry)
            next += 1
        }
        return BlockRangeResponse(request: request, blocks: entries, last: isOver && rest.isEmpty)
    }

    /// Ends with the last certified block that was asked for; when there is none, with the first after it.
    private mutating func bound(_ ledger: LedgerApplication) throws {
        let head = ledger.head.height
        last = min(last, head)
        guard next <= last else {
            isOver = true
            return
        }
        let lowest = max(next, last > Self.searched ? last - Self.searched : 1)
        for height in (lowest...last).reversed() where try ledger.store.certificate(height) != nil {
            last = height
            return
        }
        guard last < head else {
            isOver = true
            return
        }
        for height in (last + 1)...min(head, last + Self.searched) where try ledger.store.certificate(height) != nil {
            last = height
            return
        }
        isOver = true
    }

    /// The block with its certificate; `nil` when it ends an epoch whose end is not recorded.
    private func entry(
        _ bytes: [UInt8], _ header: BlockHeader, _ ledger: LedgerApplication
    ) throws -> Networking.SyncedBlock? {
        guard header.lastOfEpoch else {
            return Networking.SyncedBlock(block: bytes, certificate: try ledger.store.certificate(header.height) ?? [])
        }
        guard let end = try ledger.epochEnd(header.epoch) else { return nil }
        return Networking.SyncedBlock(
            block: bytes, certificate: [UInt8](end.certificate), nextValidators: [UInt8](end.nextValidators))
    }

    private mutating func fill(_ entry: inout Networking.SyncedBlock) {
        var taken = 0
        var size = entry.encodedSize
        while taken < rest.count, taken < PeerLimits.sidecarsPerEntry, size < SyncLimits.frame {
            size += rest[taken].count + 4
            entry.sidecars.append(rest[taken])
            taken += 1
        }
        rest.removeFirst(taken)
        entry.continued = !rest.isEmpty
    }

    /// The sidecars of the block that are still here, in the order of its messages.
    private func sidecars(_ block: WireBlock, _ ledger: LedgerApplication) throws -> [[UInt8]] {
        var sidecars: [[UInt8]] = []
        for bytes in block.transactions {
            guard let transaction = try? WireTransaction(serializedBytes: [UInt8](bytes)),
                let body = try? WireTransactionBody(serializedBytes: [UInt8](transaction.body))
            else { continue }
            for message in body.messages {
                guard let commitment = message.sidecarCommitment?.hash, let sidecar = try ledger.store.sidecar(commitment) else { continue }
                sidecars.append(sidecar)
            }
        }
        return sidecars
    }
}
