import Ledger
import Testing

@Suite struct `The search for an epoch's last height` {
    /// Epochs of five heights each, from height 1 on; headers below `oldest` are not there.
    private func search(_ epoch: UInt64, head: UInt64, oldest: UInt64) -> UInt64 {
        LedgerApplication.lastHeight(ofEpoch: epoch, below: head) { $0 < oldest ? nil : ($0 - 1) / 5 }
    }

    @Test func `finds it on a whole chain`() {
        for head in 6...40 as ClosedRange<UInt64> {
            for epoch in 0..<(head - 1) / 5 { #expect(search(epoch, head: head, oldest: 1) == 5 * (epoch + 1)) }
        }
    }

    @Test func `finds it on a chain that began with a snapshot, if its header is there`() {
        for oldest in 2...20 as ClosedRange<UInt64> {
            for epoch in (oldest - 1) / 5...3 { #expect(search(epoch, head: 23, oldest: oldest) == 5 * (epoch + 1)) }
        }
        #expect(search(0, head: 23, oldest: 12) < 12)
    }
}
