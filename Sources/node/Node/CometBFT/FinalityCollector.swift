import ChainTypes
import CometRPC
import Ledger
import LightClient
import Logging
import Primitives
import Storage
import Synchronization
import WireTypes

/// Gets from CometBFT's RPC what makes this chain's blocks final, checks it, and keeps it where certificates are kept.
///
/// ABCI never shows signatures to the application; CometBFT has them one block later. What was proven once never changes.
package final class FinalityCollector: Sendable {
    /// How long to wait when there is nothing to prove, and at most after failures.
    private static let pause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(5)

    private let ledger: LedgerApplication
    private let source: any CometSource
    private let log: Logger
    /// The lowest height without proof, once that is known.
    private let next = Mutex<UInt64?>(nil)

    package init(ledger: LedgerApplication, source: any CometSource, log: Logger) {
        (self.ledger, self.source, self.log) = (ledger, source, log)
    }

    /// Proves block after block until the task is cancelled. While CometBFT does not answer, newer headers are just not served.
    package func run() async {
        defer { source.close() }
        var pause = Self.pause
        var failing: String?
        while !Task.isCancelled {
            do {
                if try await step() { continue }
                if failing != nil { log.notice("CometBFT proves blocks again.", metadata: ["height": "\(ledger.head.height)"]) }
                (pause, failing) = (Self.pause, nil)
            } catch {
                let text = EnclaveHost.text(error)
                if text != failing { log.warning("CometBFT does not prove the newest blocks.", metadata: ["error": "\(text)"]) }
                (pause, failing) = (min(pause * 2, Self.longestPause), text)
            }
            try? await Task.sleep(for: pause)
        }
    }

    /// Proves the next block; `false` when all are proven that can be: all but the newest.
    /// - Throws: `CometRPCError`, or what a light client has against CometBFT's answer.
    package func step() async throws -> Bool {
        let head = ledger.head.height
        guard head > 1 else { return false }
        let height = try next.withLock { next in
            let found = try next ?? firstUnproven(below: head)
            next = found
            return found
        }
        guard height < head else { return false }
        do {
            try await prove(height)
            next.withLock { $0 = height + 1 }
        } catch CometRPCError.refused(let why) where height + 1 < head {
            // CometBFT has forgotten old blocks; newer ones it may have.
            try await prove(head - 1)
            log.warning("CometBFT lacks old blocks.", metadata: ["from": "\(height)", "to": "\(head - 2)", "error": "\(why)"])
            next.withLock { $0 = head }
        }
        return true
    }

    /// Walks down from the head to the newest block that has proof, or to the oldest that is here.
    private func firstUnproven(below head: UInt64) throws -> UInt64 {
        var height = head
        while height > 1, try ledger.store.certificate(height - 1) == nil, try ledger.header(height - 1) != nil { height -= 1 }
        return height
    }

    private func prove(_ height: UInt64) async throws {
        guard let builder = try builder(height) else { throw NodeError.damagedChain("header \(height)") }
        let closing: CometCommit? = if let height = builder.heights.closing { try await source.commit(height) } else { nil }
        let next = try await source.commit(builder.heights.next)
        do {
            let certified = try builder.certified(next: next, closing: closing)
            try ledger.keepFinality([UInt8](certified.certificate), of: builder.header)
        } catch LightClientError.wrongValidators {
            await tellValidators(builder)
            throw LightClientError.wrongValidators
        }
    }

    private func builder(_ height: UInt64) throws -> CometFinalityBuilder? {
        guard let header = try ledger.header(height), let child = try ledger.header(height + 1),
            let voters = try ledger.validators(ofEpoch: header.epoch)
        else { return nil }
        let following = header.lastOfEpoch ? try ledger.validators(ofEpoch: header.epoch + 1) : nil
        guard header.lastOfEpoch == (following != nil) else { return nil }
        return CometFinalityBuilder(
            header: header, child: child, voters: voters, following: following, rules: FinalityRules(genesis: ledger.genesis))
    }

    /// Says who votes in CometBFT and not on this chain, or otherwise: its genesis was changed, or it runs another chain.
    private func tellValidators(_ builder: CometFinalityBuilder) async {
        guard let theirs = try? await source.validators(builder.heights.next) else { return }
        let ours = CometValidators(builder.following ?? builder.voters).members
        let known = Dictionary(ours.map { ($0.key, $0.power) }) { first, _ in first }
        let others = theirs.filter { known[$0.key] != $0.power }.prefix(3).map { "\($0.key): \($0.power)" }
        log.error(
            "CometBFT has another validator set than the chain.",
            metadata: [
                "height": "\(builder.heights.next)", "chain": "\(ours.count)", "cometbft": "\(theirs.count)",
                "other": "\(others.joined(separator: ", "))",
            ])
    }
}
