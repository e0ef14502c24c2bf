import Glibc
import LedgerSupport
import LightClient
import Modules
import Node
import Primitives
import Synchronization
import Testing

/// A judge who says of each piece what its first byte says, once the gate is open.
private final class Court: Sendable {
    private struct State {
        var isOpen: Bool
        var judged: [[UInt8]] = []
        var delivered = 0
        var punished: [Hash32] = []
    }

    static let due: UInt8 = 0
    static let forged: UInt8 = 1
    static let unknown: UInt8 = 2
    static let settled: UInt8 = 3
    private let state: Mutex<State>
    private let proven: ProvenEquivocation

    init(isOpen: Bool = true) throws {
        state = Mutex(State(isOpen: isOpen))
        let trust = try TrustChain(weights: [1, 1, 1, 1])
        guard case .due(let proven) = try trust.view.judge(evidence: trust.equivocation(1)) else { throw CancellationError() }
        self.proven = proven
    }

    var judged: [[UInt8]] { state.withLock { $0.judged } }
    var delivered: Int { state.withLock { $0.delivered } }
    var punished: [Hash32] { state.withLock { $0.punished } }

    func open() { state.withLock { $0.isOpen = true } }

    private func judge(_ bytes: [UInt8]) -> EvidenceJudgement {
        while !state.withLock({ $0.isOpen }) { usleep(500) }
        state.withLock { $0.judged.append(bytes) }
        switch bytes[0] {
        case Self.due: return .due(proven)
        case Self.forged: return .forged(.badSignature)
        case Self.unknown: return .unknownEpoch
        default: return .settled
        }
    }

    /// - Parameter hasRoom: whether the engine takes what it is given.
    func inbox(hasRoom: Bool = true) -> EvidenceInbox {
        let parts = EvidenceInbox.Parts(
            judge: { self.judge($0) },
            deliver: { _ in
                self.state.withLock { $0.delivered += 1 }
                return hasRoom
            },
            punish: { peer, _ in self.state.withLock { $0.punished.append(peer) } })
        return EvidenceInbox(parts, lane: WorkerPool(width: 1))
    }
}

@Suite struct `Evidence that peers tell of` {
    private let eager = Hash32(0, 0, 0, 1)
    private let other = Hash32(0, 0, 0, 2)

    @Test func `a peer that sends much fills its own line only`() async throws {
        let court = try Court(isOpen: false)
        let inbox = court.inbox()
        for number in 0..<1_000 { inbox.receive([Court.settled, UInt8(number % 256), UInt8(number / 256)], from: eager) }
        inbox.receive([Court.due], from: other)
        court.open()
        try await eventually("the other peer's is delivered") { court.delivered == 1 }
        let position = try #require(court.judged.firstIndex(of: [Court.due]))
        #expect(position <= 2, "the peers take turns")
        // What its line has room for again stands behind what was in it.
        let last: [UInt8] = [Court.settled]
        try await eventually("the line is judged") {
            inbox.receive(last, from: eager)
            return court.judged.contains(last)
        }
        // One may have been under judgement while the line filled.
        let judged = court.judged.count { $0.count == 3 }
        #expect((EvidenceInbox.line...EvidenceInbox.line + 1).contains(judged) && court.punished.isEmpty)
    }

    @Test func `a forgery has its sender punished, and the rest of what it sent forgotten`() async throws {
        let court = try Court(isOpen: false)
        let inbox = court.inbox()
        for number in 0..<20 as Range<UInt8> { inbox.receive([Court.forged, number], from: eager) }
        inbox.receive([Court.due], from: other)
        court.open()
        try await eventually("the other peer's is delivered") { court.delivered == 1 }
        #expect(court.punished == [eager] && court.judged == [[Court.forged, 0], [Court.due]])
        // It may come back, and be punished again.
        inbox.receive([Court.forged, 21], from: eager)
        try await eventually("it is punished again") { court.punished == [eager, eager] }
    }

    @Test func `what nobody can judge, or is punished already, is nobody's offence`() async throws {
        let court = try Court()
        let inbox = court.inbox()
        inbox.receive([Court.unknown], from: eager)
        inbox.receive([Court.settled], from: eager)
        inbox.receive([Court.due], from: eager)
        try await eventually("the last is delivered") { court.delivered == 1 }
        #expect(court.punished.isEmpty && court.judged.count == 3)
    }

    @Test func `what was delivered is not judged again, whoever sends it; what was not taken is`() async throws {
        for hasRoom in [true, false] {
            let court = try Court()
            let inbox = court.inbox(hasRoom: hasRoom)
            inbox.receive([Court.due], from: eager)
            try await eventually("it is delivered") { court.delivered == 1 }
            inbox.receive([Court.due], from: other)
            inbox.receive([Court.settled], from: other)
            try await eventually("all is judged") { court.judged.last == [Court.settled] }
            #expect(court.judged.count == (hasRoom ? 2 : 3) && court.delivered == (hasRoom ? 1 : 2))
        }
    }
}
