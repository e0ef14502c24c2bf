import ChainTypes
import CometRPC
import CometSupport
import Ledger
import LedgerSupport
import LightClient
import Primitives
import Synchronization
import WireTypes

/// The RPC of a simulated CometBFT that runs the chain of a ledger.
final class CometChainSource: CometSource {
    private let ledger: LedgerApplication
    private let comet: SimulatedComet
    private let state = Mutex(State())

    struct State {
        /// CometBFT's headers, from height 1 on.
        var headers: [WireCometHeader] = []
        /// Lower heights were forgotten.
        var lowest: UInt64 = 1
        var isAnswering = true
        /// Changes an answer on its way.
        var tamper: (@Sendable (inout WireCometSignedHeader) -> Void)?
        var asked: [UInt64] = []
        var isClosed = false
    }

    init(_ chain: SyncChain) {
        ledger = chain.ledger
        comet = SimulatedComet(chainID: chain.genesis.chainID, keys: chain.validators.map(\.key))
    }

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
    var asked: [UInt64] { state.withLock { $0.asked } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    func commit(_ height: UInt64) async throws(CometRPCError) -> CometCommit {
        try check(height)
        let json: String
        do { json = try answer(height) } catch { throw .malformedAnswer("\(error)") }
        return try CometCommit(json: Array(json.utf8))
    }

    /// What CometBFT's RPC answers to `/commit` at `height`.
    func answer(_ height: UInt64) throws -> String {
        let (signed, set) = try state.withLock { try sign(height, &$0) }
        return try CometAnswerText.commit(signed, by: set)
    }

    func validators(_ height: UInt64) async throws(CometRPCError) -> [CometValidatorPage.Validator] {
        try check(height)
        guard let set = try? set(at: height) else { throw .malformedAnswer("no set") }
        return try CometValidatorPage(json: Array(CometAnswerText.validators(set, height: height).utf8)).validators
    }

    func close() { set { $0.isClosed = true } }

    private func check(_ height: UInt64) throws(CometRPCError) {
        let (state, head) = state.withLock { state in
            state.asked.append(height)
            return ((state.isAnswering, state.lowest), ledger.head.height)
        }
        guard state.0 else { throw .unreachable("switched off") }
        guard (state.1...head).contains(height) else { throw .refused("height \(height) is not available") }
    }

    /// Who votes on the block at `height`.
    private func set(at height: UInt64) throws -> CometValidators {
        guard let header = try ledger.header(height), let set = try ledger.validators(ofEpoch: header.epoch) else {
            throw LedgerError.unknownHeight
        }
        return CometValidators(set)
    }

    private func sign(_ height: UInt64, _ state: inout State) throws -> (WireCometSignedHeader, CometValidators) {
        while state.headers.count < Int(height) { state.headers.append(try header(UInt64(state.headers.count) + 1, state.headers.last)) }
        let set = try set(at: height)
        var signed = try comet.sign(state.headers[Int(height) - 1], by: set)
        state.tamper?(&signed)
        return (signed, set)
    }

    private func header(_ height: UInt64, _ last: WireCometHeader?) throws -> WireCometHeader {
        guard let own = try ledger.header(height) else { throw LedgerError.unknownHeight }
        let present = try set(at: height)
        var next = present
        if own.lastOfEpoch, let following = try ledger.validators(ofEpoch: own.epoch + 1) { next = CometValidators(following) }
        let commitment = CometCommitment.hash(header: own.parent, stateRoot: own.stateRoot, receiptsRoot: own.receiptsRoot)
        return comet.header(
            height, validators: present, next: next, appHash: commitment, lastBlock: try last.map { try CometHeader($0).hash })
    }
}
