import ChainTypes
import Cryptography
import FoundationEssentials
import LedgerSupport
import Modules
import Primitives
import Testing
import WireTypes

@Suite struct `Records that name one sidecar` {
    private let commitment = Hash32(8, 8, 8, 8)

    private func put(_ record: Hash32, _ commitment: Hash32) -> WireMessage {
        var message = WirePutRecord()
        (message.record, message.dataset) = (.init(record.bytes), CreditScene.dataset)
        (message.commitment, message.size, message.schemaVersion) = (.init(commitment.bytes), 100, 1)
        return WireMessage(.putRecord(message))
    }

    private func erase(_ record: Hash32) -> WireMessage {
        var message = WireEraseRecord()
        (message.record, message.dataset) = (.init(record.bytes), CreditScene.dataset)
        return WireMessage(.eraseRecord(message))
    }

    private func count(_ scene: CreditScene, _ commitment: Hash32) -> UInt64 { scene.chain.number(StateKey.sidecar(commitment)) }

    @Test func `are counted, and only the last one erased takes it along`() throws {
        var scene = try CreditScene()
        let (first, second) = (Hash32(1, 0, 0, 1), Hash32(1, 0, 0, 2))
        #expect(try scene.chain.submit(put(first, commitment), by: scene.subject) == 0)
        #expect(try scene.chain.submit(put(second, commitment), by: scene.lender) == 0)
        #expect(count(scene, commitment) == 2)
        #expect(try scene.chain.submit(erase(first), by: scene.subject) == 0)
        #expect(count(scene, commitment) == 1 && scene.chain.lastErased.isEmpty)
        #expect(try scene.chain.submit(erase(first), by: scene.subject) == Refusal.recordsErased.code)
        #expect(count(scene, commitment) == 1, "an erased record lets go once")
        #expect(try scene.chain.submit(erase(second), by: scene.lender) == 0)
        #expect(scene.chain.lastErased == [commitment] && scene.chain.state.values[StateKey.sidecar(commitment)] == nil)
    }

    @Test func `may come back after the erasure, in the same block too`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(put(Hash32(1, 0, 0, 1), commitment), by: scene.subject) == 0)
        let transactions = try [erase(Hash32(1, 0, 0, 1)), put(Hash32(1, 0, 0, 2), commitment)].map {
            try scene.chain.sign([$0], by: scene.subject)
        }
        #expect(try scene.chain.block(transactions).map(\.code) == [0, 0])
        #expect(count(scene, commitment) == 1 && scene.chain.lastErased.isEmpty)
        #expect(try scene.chain.submit(erase(Hash32(1, 0, 0, 2)), by: scene.subject) == 0)
        #expect(scene.chain.lastErased == [commitment])
        #expect(try scene.chain.submit(put(Hash32(1, 0, 0, 3), commitment), by: scene.subject) == 0)
        #expect(count(scene, commitment) == 1)
    }

    @Test func `put and erased in one block leave nothing`() throws {
        var scene = try CreditScene()
        let transactions = try [put(Hash32(1, 0, 0, 1), commitment), erase(Hash32(1, 0, 0, 1))].map {
            try scene.chain.sign([$0], by: scene.subject)
        }
        #expect(try scene.chain.block(transactions).map(\.code) == [0, 0])
        #expect(count(scene, commitment) == 0 && scene.chain.lastErased == [commitment])
    }

    @Test func `a transaction that fails neither counts nor erases`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(put(Hash32(1, 0, 0, 1), commitment), by: scene.subject) == 0)
        let unknown = erase(Hash32(1, 0, 0, 9))
        for message in [put(Hash32(1, 0, 0, 2), commitment), erase(Hash32(1, 0, 0, 1))] {
            #expect(try scene.chain.submit(message, unknown, by: scene.subject) == Refusal.recordsUnknown.code)
            #expect(count(scene, commitment) == 1 && scene.chain.lastErased.isEmpty)
        }
    }

    /// A program's code is public: a record of it must not be a way to take it from every node.
    @Test func `cannot take a program or a result along`() throws {
        var scene = try CreditScene()
        #expect(try scene.chain.submit(scene.grantMessage(), by: scene.subject) == 0)
        let (_, job) = try scene.request(scene.requestMessage())
        #expect(try scene.chain.submit(scene.enclave.commitment(job, commitment: commitment), by: scene.chain.operatorKey) == 0)
        for (number, name) in [scene.assessor, commitment].enumerated() {
            let record = Hash32(2, 0, 0, UInt64(number))
            #expect(try scene.chain.submit(put(record, name), by: scene.lender) == 0)
            #expect(try scene.chain.submit(erase(record), by: scene.lender) == 0)
            #expect(count(scene, name) == 1 && scene.chain.lastErased.isEmpty)
        }
    }
}
