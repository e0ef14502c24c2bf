import ChainTypes
import FoundationEssentials
import Ledger
import LedgerSupport
import Primitives
import Storage
import Testing
import WireTypes

@Suite struct `A sidecar that several records name` {
    private let directory: TemporaryDirectory
    private let scene: LedgerScene
    private let ledger: LedgerApplication
    private let sidecar = Sidecar.make(Array("ciphertext".utf8), salt: [UInt8](repeating: 4, count: Sidecar.saltBytes))

    init() throws {
        directory = try TemporaryDirectory()
        scene = try LedgerScene(seed: 21)
        ledger = try LedgerApplication(store: ChainStore(path: directory.file("data"), options: .init(sync: false)), genesis: scene.genesis)
    }

    private var stored: [UInt8]? { get throws { try ledger.store.sidecar(Sidecar.commitment(sidecar)) } }

    private func put(_ record: UInt64) -> WireMessage {
        var message = WirePutRecord()
        (message.record, message.dataset) = (.init(Hash32(record, 0, 0, 0).bytes), CreditScene.dataset)
        (message.commitment, message.size) = (.init(Sidecar.commitment(sidecar).bytes), UInt32(sidecar.count))
        message.schemaVersion = 1
        return WireMessage(.putRecord(message))
    }

    private func erase(_ record: UInt64) -> WireMessage {
        var message = WireEraseRecord()
        (message.record, message.dataset) = (.init(Hash32(record, 0, 0, 0).bytes), CreditScene.dataset)
        return WireMessage(.eraseRecord(message))
    }

    /// One block with these messages, each in a transaction of the second account; all must succeed.
    private func run(_ messages: WireMessage..., nonces: inout [Int]) throws {
        let transactions = try messages.map { message in
            nonces[1] += 1
            return try scene.transaction(
                1, nonce: nonces[1], [message], sidecars: message.sidecarCommitment == nil ? [] : [sidecar])
        }
        let block = try scene.block(on: ScenePoint(ledger.head, nonces: nonces), transactions)
        for receipt in try ledger.run(block).receipts { #expect(try WireReceipt(strictly: receipt, limit: receipt.count).code == 0) }
    }

    @Test func `stays until the last of them is erased, and comes back with the next`() throws {
        var nonces = scene.start
        try run(try CreditScene.datasetMessage(), nonces: &nonces)
        try run(put(1), nonces: &nonces)
        try run(put(2), nonces: &nonces)
        try run(erase(1), nonces: &nonces)
        #expect(try stored == sidecar, "the other record's ciphertext stays")
        #expect(try ledger.missingSidecars().missing.isEmpty)
        try run(erase(2), nonces: &nonces)
        #expect(try stored == nil)
        try run(put(3), nonces: &nonces)
        #expect(try stored == sidecar)
        try run(erase(3), put(4), nonces: &nonces)
        #expect(try stored == sidecar, "put again in the block that erased it")
        try run(put(5), erase(5), erase(4), nonces: &nonces)
        #expect(try stored == nil)
    }
}
