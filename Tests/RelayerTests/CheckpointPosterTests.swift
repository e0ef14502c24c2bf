import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import Relayer
import Synchronization
import Testing
import WireTypes

/// A chain of headers, some of them the last of their epochs.
private struct HeaderSource: CheckpointSource {
    let headers: [BlockHeader]

    init(count: UInt64, epochEnds: Set<UInt64>) throws {
        var epoch: UInt64 = 0
        headers = try (1...count).map { height in
            var wire = WireHeader()
            wire.version = BlockHeader.version
            wire.chainID = "jupiter-sg"
            (wire.height, wire.epoch, wire.time) = (height, epoch, height)
            wire.view = height
            let zero = Data(Hash32.zero.bytes)
            (wire.parent, wire.proposer, wire.transactionsRoot, wire.evidenceRoot) = (zero, zero, zero, zero)
            (wire.stateRoot, wire.receiptsRoot, wire.validatorsHash, wire.nextValidatorsHash) = (zero, zero, zero, zero)
            wire.lastOfEpoch = epochEnds.contains(height)
            if wire.lastOfEpoch { epoch += 1 }
            return try BlockHeader(encoding: wire)
        }
    }

    private func certified(_ header: BlockHeader) -> (header: BlockHeader, certified: WireCertifiedHeader) {
        var wire = WireCertifiedHeader()
        wire.header = .init(header.bytes)
        return (header, wire)
    }

    func newest() throws -> (header: BlockHeader, certified: WireCertifiedHeader)? { headers.last.map(certified) }

    func last(ofEpoch epoch: UInt64) throws -> (header: BlockHeader, certified: WireCertifiedHeader)? {
        headers.last { $0.epoch == epoch && $0.lastOfEpoch }.map(certified)
    }
}

/// Mainnet in memory: it takes what it is told to take.
private final class RecordingMainnet: CheckpointTarget {
    struct State {
        var known: PostedCheckpoint?
        var posted: [UInt64] = []
        var answer: UInt32 = 0
    }

    let state: Mutex<State>

    init(known: PostedCheckpoint?) { state = Mutex(State(known: known)) }

    func checkpoint(of chainID: String) async throws -> PostedCheckpoint? { state.withLock { $0.known } }

    func account(_ address: Address) async throws -> TargetAccount {
        TargetAccount(chainID: "jupiter-main", height: 40, nextNonce: state.withLock { UInt64($0.posted.count) + 1 }, minimumFee: 1)
    }

    func submit(_ transaction: SignedTransaction) async throws -> UInt32 {
        try transaction.verifySignature()
        guard case .submitCheckpoint(let message) = transaction.body.messages.first?.kind else { return 1 }
        let certified = try WireCertifiedHeader(strictly: [UInt8](message.certifiedHeader), limit: 1 << 16)
        let header = try BlockHeader(decoding: [UInt8](certified.header))
        return state.withLock { state in
            state.posted.append(header.height)
            if state.answer == 0 { state.known = PostedCheckpoint(height: header.height, epoch: header.epoch) }
            return state.answer
        }
    }
}

@Suite struct `Checkpoint poster` {
    private func poster(_ source: HeaderSource, _ target: RecordingMainnet) -> CheckpointPoster {
        CheckpointPoster(chainID: "jupiter-sg", key: .ed25519(), source: source, target: target)
    }

    @Test func `it posts the newest header and nothing twice`() async throws {
        let source = try HeaderSource(count: 9, epochEnds: [])
        let target = RecordingMainnet(known: PostedCheckpoint(height: 0, epoch: 0))
        let poster = poster(source, target)
        #expect(try await poster.step() == .posted(height: 9, transactions: 1))
        #expect(try await poster.step() == .unchanged)
        #expect(target.state.withLock { $0.posted } == [9])
    }

    @Test func `headers that end epochs go first`() async throws {
        let source = try HeaderSource(count: 12, epochEnds: [3, 7, 10])
        let target = RecordingMainnet(known: PostedCheckpoint(height: 5, epoch: 1))
        #expect(try await poster(source, target).step() == .posted(height: 12, transactions: 3))
        #expect(target.state.withLock { $0.posted } == [7, 10, 12])
    }

    @Test func `another poster's success is no failure`() async throws {
        let target = RecordingMainnet(known: PostedCheckpoint(height: 0, epoch: 0))
        target.state.withLock { $0.answer = 605 }
        let source = try HeaderSource(count: 2, epochEnds: [])
        #expect(try await poster(source, target).step() == .posted(height: 2, transactions: 1))
        target.state.withLock { $0.answer = 604 }
        await #expect(throws: RelayerError.refused(604)) { try await poster(source, target).step() }
    }

    @Test func `an unregistered locality is told so`() async throws {
        let source = try HeaderSource(count: 2, epochEnds: [])
        await #expect(throws: RelayerError.notRegistered) { try await poster(source, RecordingMainnet(known: nil)).step() }
    }
}
