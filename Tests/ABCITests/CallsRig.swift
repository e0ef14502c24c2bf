import ABCI
import ChainTypes
import Cryptography
import DataModel
import Engine
import Foundation
import Ledger
import LedgerSupport
import Node
import Primitives
import ScriptedEngine
import Storage
import Synchronization
import WireTypes

/// A new directory that goes away with the value's last use.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = "/tmp/jupiter-abci-" + UUID().uuidString.prefix(13)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// A chain's genesis with keys for everybody in it.
struct Scene: Sendable {
    let genesis: Genesis
    let validators: [TestValidator]
    let wallets: [SigningKey]

    init(
        weights: [UInt64] = [4, 3, 2, 1], wallets count: Int = 3, seed: UInt64 = 1, _ adjust: (inout WireGenesis) -> Void = { _ in }
    ) throws {
        var generator = SeededGenerator(seed: seed)
        let validators = try weights.map { _ in try TestValidator(&generator) }
        let wallets = try (0..<count).map { _ in try SigningKey.ed25519(seed: generator.bytes(32)) }
        genesis =
            try MemoryChain(funded: (wallets + validators.map(\.account)).map(\.address), seed: seed) { wire in
                wire.consensus = .cometbft
                wire.validators.validators = zip(validators, weights).map { validator, weight in
                    var wire = WireValidator()
                    wire.publicKey = validator.node.validator
                    (wire.votingWeight, wire.leaderWeight) = (weight, 1)
                    return wire
                }
                wire.nodes = validators.map(\.node)
                (wire.parameters.epochLength, wire.parameters.epochMinimum) = (12, 3)
                adjust(&wire)
            }.genesis
        (self.validators, self.wallets) = (validators, wallets)
    }

    func transaction(
        _ messages: [WireMessage], by key: SigningKey, nonce: UInt64, sidecars: [[UInt8]] = [],
        _ adjust: (inout WireTransactionBody) -> Void = { _ in }
    ) throws -> SubmittedTransaction {
        var body = WireTransactionBody()
        body.chainID = genesis.chainID
        body.sender = .init(key.address.bytes)
        (body.nonce, body.validUntil, body.fee) = (nonce, 10_000, 1)
        body.messages = messages
        adjust(&body)
        return try SubmittedTransaction(SignedTransaction(signing: body, with: key), sidecars: sidecars)
    }

    func transfer(_ amount: UInt64 = 5, by wallet: Int = 0, nonce: UInt64) throws -> SubmittedTransaction {
        var transfer = WireTransfer()
        (transfer.to, transfer.amount) = (.init(wallets[(wallet + 1) % wallets.count].address.bytes), amount)
        return try transaction([WireMessage(.transfer(transfer))], by: wallets[wallet], nonce: nonce)
    }

    /// A transaction with ciphertext beside it: a program's code is as good as any.
    func withSidecar(by wallet: Int = 0, nonce: UInt64, bytes: Int = 5_000) throws -> SubmittedTransaction {
        var generator = SeededGenerator(seed: nonce &* 31 &+ UInt64(wallet))
        let sidecar = Sidecar.make(generator.bytes(bytes), salt: generator.bytes(32))
        var message = WirePublishProgram()
        message.codeHash = .init(generator.bytes(32))
        (message.manifest.name, message.manifest.version, message.manifest.kind) = ("p\(nonce)", "1", .assessment)
        (message.manifest.fuel, message.manifest.maximumOutput) = (1_000, 64)
        message.manifest.outputSchema = .init(try OutputSchema(fields: [OutputSchema.Field("score", .number)]).encoding)
        (message.commitment, message.size) = (.init(Sidecar.commitment(sidecar).bytes), UInt32(sidecar.count))
        return try transaction([WireMessage(.publishProgram(message))], by: wallets[wallet], nonce: nonce, sidecars: [sidecar])
    }

    func block(_ height: Int64, _ transactions: [SubmittedTransaction] = [], proposer: Int = 0) -> ScriptedBlock {
        ScriptedBlock(
            height: height, time: genesis.wire.time + UInt64(height) * 1_000, proposer: validators[proposer].id,
            transactions: transactions.map(\.encoded))
    }
}

/// The consensus calls over a ledger on disk, without a socket.
final class CallsRig: Sendable {
    let scene: Scene
    let ledger: LedgerApplication
    private let store: ChainStore
    private let directory: TemporaryDirectory
    private let calls: Mutex<ConsensusCalls>
    private let reported = Mutex<[CommittedBlock]>([])

    init(_ scene: Scene, directory: TemporaryDirectory? = nil, keptBlocks: UInt64 = 0) throws {
        let directory = try directory ?? TemporaryDirectory()
        (self.scene, self.directory) = (scene, directory)
        store = try ChainStore(path: directory.file("data"))
        ledger = try LedgerApplication(store: store, genesis: scene.genesis)
        let box = Box()
        calls = Mutex(
            ConsensusCalls(
                ConsensusCalls.Parts(
                    genesis: scene.genesis, application: ledger, keptBlocks: keptBlocks,
                    checkSignatures: { $0.map { submitted in Self.signatureError(submitted.transaction) } },
                    onCommit: { committed in box.rig?.reported.withLock { $0.append(committed) } })))
        box.rig = self
    }

    private final class Box: @unchecked Sendable {
        // Set once, before any call is made.
        weak var rig: CallsRig?
    }

    private static func signatureError(_ transaction: SignedTransaction) -> TransactionError? {
        do throws(TransactionError) { try transaction.verifySignature() } catch { return error }
        return nil
    }

    var committed: [CommittedBlock] { reported.withLock { $0 } }

    func close() { store.close() }

    func sidecar(_ hash: Hash32) throws -> [UInt8]? { try store.sidecar(hash) }

    func answer(_ call: ABCIRequest.OneOf_Kind) throws -> ABCIResponse.OneOf_Kind {
        guard let kind = try calls.withLock({ try $0.answer(call) })?.kind else { throw ABCIClientError.unexpected }
        return kind
    }

    @discardableResult
    func initChain(_ adjust: (inout ABCIInitChainRequest) -> Void = { _ in }) throws -> ABCIInitChainResponse {
        var request = ABCIInitChainRequest()
        (request.chainID, request.initialHeight) = (scene.genesis.chainID, 1)
        adjust(&request)
        guard case .initChain(let answer) = try answer(.initChain(request)) else { throw ABCIClientError.unexpected }
        return answer
    }

    func process(_ block: ScriptedBlock) throws -> ABCIProposalStatus {
        guard case .processProposal(let answer) = try answer(block.process) else { throw ABCIClientError.unexpected }
        return answer.status
    }

    func prepare(_ block: ScriptedBlock, maxTxBytes: Int64 = 1 << 22) throws -> [[UInt8]] {
        guard case .prepareProposal(let answer) = try answer(block.prepare(maxTxBytes: maxTxBytes)) else {
            throw ABCIClientError.unexpected
        }
        return answer.txs.map { [UInt8]($0) }
    }

    func finalize(_ block: ScriptedBlock) throws -> ABCIFinalizeBlockResponse {
        guard case .finalizeBlock(let answer) = try answer(block.finalize) else { throw ABCIClientError.unexpected }
        return answer
    }

    @discardableResult
    func commit() throws -> ABCICommitResponse {
        guard case .commit(let answer) = try answer(.commit(ABCICommitRequest())) else { throw ABCIClientError.unexpected }
        return answer
    }

    @discardableResult
    func decide(_ block: ScriptedBlock) throws -> ABCIFinalizeBlockResponse {
        let answer = try finalize(block)
        try commit()
        return answer
    }
}
