import ChainTypes
import Cryptography
import FoundationEssentials
import HolderSupport
import LedgerSupport
import Modules
import Primitives
import Testing
import WireTypes

/// A subject with keys and records, and the enclave that holds the keys.
struct ErasureScene {
    var credit: CreditScene
    var puncturesKnown = PunctureChain()
    private var nextRecord: UInt64 = 0

    init(genesis adjust: (inout WireGenesis) -> Void = { _ in }) throws {
        credit = try CreditScene(genesis: adjust)
        #expect(try enrol() == 0)
    }

    var enclave: TestEnclave { credit.enclave }

    mutating func enrol(_ key: SigningKey? = nil, dataset: String = CreditScene.dataset, epoch: UInt32 = 0) throws -> UInt32 {
        let key = key ?? credit.subject
        return try credit.chain.submit(enclave.enrolment(of: key.address, dataset: dataset, epoch: epoch), by: key)
    }

    mutating func put(_ count: Int = 1, dataset: String = CreditScene.dataset, epoch: UInt32 = 0) throws -> [Hash32] {
        var messages: [WireMessage] = []
        var ids: [Hash32] = []
        for _ in 0..<count {
            nextRecord += 1
            let id = Hash32(7, 0, 0, nextRecord)
            var message = WirePutRecord()
            (message.record, message.dataset, message.schemaVersion, message.size) = (.init(id.bytes), dataset, 1, 100)
            message.commitment = .init(Hash32(8, 0, 0, nextRecord).bytes)
            (message.keyIndex, message.keyEpoch) = (UInt32(nextRecord), epoch)
            messages.append(WireMessage(.putRecord(message)))
            ids.append(id)
        }
        for start in stride(from: 0, to: messages.count, by: 100) {
            let transaction = try credit.chain.sign(Array(messages[start..<min(start + 100, messages.count)]), by: credit.subject)
            #expect(try credit.chain.block([transaction])[0].code == 0)
        }
        return ids
    }

    static func record(_ id: Hash32, dataset: String = CreditScene.dataset) -> WireMessage {
        var message = WireEraseRecord()
        (message.dataset, message.record) = (dataset, .init(id.bytes))
        return WireMessage(.eraseRecord(message))
    }

    static func dataset(_ name: String = CreditScene.dataset) -> WireMessage {
        var message = WireEraseDataset()
        message.dataset = name
        return WireMessage(.eraseDataset(message))
    }

    static var subject: WireMessage { WireMessage(.eraseSubject(WireEraseSubject())) }

    /// Submits an erasure; its code and id.
    mutating func erase(_ message: WireMessage) throws -> (code: UInt32, id: Hash32) {
        let transaction = try credit.chain.sign([message], by: credit.subject)
        return (try credit.chain.block([transaction])[0].code, transaction.messageIdentifier(0))
    }

    func erasure(_ id: Hash32) throws -> WireErasure? { try credit.chain.message(StateKey.erasure(id)) }
    var log: PunctureChain { get throws { PunctureChain(try credit.chain.message(StateKey.punctureLog)) ?? PunctureChain() } }

    /// The enclave's word for the whole log.
    func acknowledgement(
        _ enclave: TestEnclave? = nil, version: UInt64 = 10, epoch: UInt64 = 1, _ change: (inout WireAcknowledgeErasure) -> Void = { _ in }
    ) throws -> WireMessage {
        try (enclave ?? self.enclave).acknowledgement(log, version: version, epoch: epoch, change)
    }
}

@Suite struct `Erasure on the chain` {
    @Test func `of a record punctures its leaf, lets its ciphertext go and is complete when the vault has signed`() throws {
        var scene = try ErasureScene()
        let ids = try scene.put(3)
        let (code, id) = try scene.erase(ErasureScene.record(ids[1]))
        #expect(code == 0 && scene.credit.chain.lastErased == [Hash32(8, 0, 0, 2)])
        let puncture: WirePuncture = try #require(try scene.credit.chain.message(StateKey.puncture(1)))
        #expect(puncture.kind == .record && puncture.keyIndex == 2 && Hash32(puncture.erasure) == id)
        var log = PunctureChain()
        log.append(puncture.encoded())
        #expect(try scene.log == log)
        var erasure = try #require(try scene.erasure(id))
        #expect(erasure.status == .pending && erasure.records == 1 && erasure.vaults == [Data(scene.enclave.id.bytes)])
        try scene.credit.chain.block()
        #expect(try scene.erasure(id)?.status == .pending)
        #expect(try scene.credit.chain.submit(scene.acknowledgement(), by: scene.credit.lender) == 0)
        try scene.credit.chain.block()
        erasure = try #require(try scene.erasure(id))
        #expect(erasure.status == .complete && erasure.acknowledgements.count == 1 && erasure.suspended.isEmpty)
        #expect(erasure.completedHeight == scene.credit.chain.height && erasure.recoveryEpoch == 1)
        let enclave: WireEnclave? = try scene.credit.chain.message(StateKey.enclave(scene.enclave.id))
        #expect(enclave?.punctures == 1 && enclave?.vaultVersion == 10)
        let holding: WireHoldings? = try scene.credit.chain.message(StateKey.holdings(scene.credit.subject.address))
        #expect(holding?.datasets[0].live == 2)
        #expect(try scene.erase(ErasureScene.record(ids[1])).code == Refusal.recordsErased.code)
    }

    @Test func `of a dataset takes so many records a block, and refuses new ones until it is done`() throws {
        var scene = try ErasureScene()
        let count = ErasureSweep.recordsPerBlock + 50
        let ids = try scene.put(count)
        _ = try scene.erase(ErasureScene.record(ids[4]))
        #expect(try scene.enrol(epoch: 1) == 0)
        let (code, id) = try scene.erase(ErasureScene.dataset())
        #expect(code == 0 && scene.credit.chain.lastErased.isEmpty)
        #expect(try scene.erase(ErasureScene.dataset()).code == Refusal.erasureInProgress.code)
        #expect(scene.credit.chain.lastErased.count >= ErasureSweep.recordsPerBlock - 1)
        #expect(try scene.erasure(id)?.sweeping == true)
        // A vault's word is not enough while ciphertexts are left; a block later they are gone.
        try scene.credit.chain.block([scene.credit.chain.sign([scene.acknowledgement()], by: scene.credit.lender)])
        let erasure = try #require(try scene.erasure(id))
        #expect(!erasure.sweeping && erasure.records == UInt32(count - 1))
        for record in ids {
            let stored: WireRecord? = try scene.credit.chain.message(
                StateKey.record(scene.credit.subject.address, dataset: CreditScene.dataset, record: record))
            #expect(stored?.status == .erased)
        }
        for epoch in [0, 1] as [UInt32] {
            let key: WireSubjectKey? = try scene.credit.chain.message(
                StateKey.subjectKey(scene.credit.subject.address, dataset: CreditScene.dataset, enclave: scene.enclave.id, epoch: epoch))
            #expect(key?.destroyed == true, "epoch \(epoch)")
        }
        try scene.credit.chain.block()
        #expect(try scene.erasure(id)?.status == .complete)
        #expect(try scene.erase(ErasureScene.dataset()).code == Refusal.erasureNothing.code)
        #expect(try scene.enrol() == Refusal.erasureKeyDestroyed.code)
    }

    @Test func `of a subject takes all datasets, and only the sender's`() throws {
        var scene = try ErasureScene()
        #expect(try scene.credit.chain.submit(CreditScene.datasetMessage("other"), by: scene.credit.chain.operatorKey) == 0)
        #expect(try scene.enrol(dataset: "other") == 0)
        #expect(try scene.enrol(scene.credit.lender) == 0)
        let first = try scene.put(2)
        let second = try scene.put(2, dataset: "other")
        let (code, id) = try scene.erase(ErasureScene.subject)
        #expect(code == 0)
        try scene.credit.chain.block()
        for (dataset, ids) in [(CreditScene.dataset, first), ("other", second)] {
            for record in ids {
                let stored: WireRecord? = try scene.credit.chain.message(
                    StateKey.record(scene.credit.subject.address, dataset: dataset, record: record))
                #expect(stored?.status == .erased)
            }
        }
        #expect(scene.credit.chain.lastErased.count == 4)
        #expect(try scene.erasure(id)?.records == 4)
        #expect(try scene.erase(ErasureScene.subject).code == Refusal.erasureNothing.code)
        let lender: WireSubjectKey? = try scene.credit.chain.message(
            StateKey.subjectKey(scene.credit.lender.address, dataset: CreditScene.dataset, enclave: scene.enclave.id))
        #expect(lender?.destroyed == false)
        // For this account it was for good: in no dataset, with no key.
        #expect(try scene.enrol(epoch: 1) == Refusal.erasureSubjectErased.code)
        #expect(try scene.credit.chain.submit(CreditScene.datasetMessage("third"), by: scene.credit.chain.operatorKey) == 0)
        #expect(try scene.enrol(dataset: "third") == Refusal.erasureSubjectErased.code)
        #expect(try scene.enrol(scene.credit.lender, epoch: 1) == 0)
    }

    @Test func `says which keys of a dataset are meant, and lets no vault have one of them again`() throws {
        var scene = try ErasureScene()
        #expect(try scene.enrol(epoch: 1) == 0)
        _ = try scene.put(1, epoch: 1)
        #expect(try scene.erase(ErasureScene.dataset()).code == 0)
        let puncture: WirePuncture = try #require(try scene.credit.chain.message(StateKey.puncture(1)))
        #expect(puncture.kind == .dataset && puncture.keyEpoch == 1)
        try scene.credit.chain.block()
        // A key that was on its way to a further vault meanwhile.
        let other = try TestEnclave(chainID: scene.credit.chain.genesis.chainID, seed: 78)
        var value: WireEnclave = try #require(try scene.credit.chain.message(StateKey.enclave(scene.enclave.id)))
        (value.id, value.identity) = (.init(other.id.bytes), other.identity)
        scene.credit.chain.write(StateKey.enclave(other.id), value.encoded())
        for epoch in [0, 1] as [UInt32] {
            let message = try other.enrolment(of: scene.credit.subject.address, dataset: CreditScene.dataset, epoch: epoch)
            #expect(try scene.credit.chain.submit(message, by: scene.credit.subject) == Refusal.erasureKeyDestroyed.code)
        }
        // Life goes on, with another key.
        #expect(try scene.enrol(epoch: 2) == 0)
        _ = try scene.put(1, epoch: 2)
    }

    @Test func `means the first key too when none was enrolled, and records are put under no key that it would not mean`() throws {
        var scene = try ErasureScene()
        let chain = scene.credit.chain
        #expect(try scene.credit.chain.submit(CreditScene.datasetMessage("other"), by: chain.operatorKey) == 0)
        _ = try scene.put(1, dataset: "other")
        var message = WirePutRecord()
        (message.record, message.dataset, message.schemaVersion, message.size) = (.init(Hash32(9, 9, 9, 9).bytes), "other", 1, 100)
        (message.commitment, message.keyEpoch) = (.init(Hash32(9, 9, 9, 8).bytes), 1)
        #expect(
            try scene.credit.chain.submit(WireMessage(.putRecord(message)), by: scene.credit.subject) == Refusal.recordsUnknownKey.code)
        #expect(try scene.erase(ErasureScene.dataset("other")).code == 0)
        let puncture: WirePuncture = try #require(try scene.credit.chain.message(StateKey.puncture(1)))
        #expect(puncture.keyEpoch == 0)
        try scene.credit.chain.block()
        #expect(try scene.enrol(dataset: "other") == Refusal.erasureKeyDestroyed.code)
        #expect(try scene.enrol(dataset: "other", epoch: 1) == 0)
        _ = try scene.put(1, dataset: "other", epoch: 1)
    }

    @Test func `suspends at the deadline who stays silent, names it, and lets it come back by doing it`() throws {
        var scene = try ErasureScene()
        let ids = try scene.put(2)
        let (_, id) = try scene.erase(ErasureScene.record(ids[0]))
        try scene.credit.chain.block([], seconds: ErasureModule.timeToAcknowledge / 1_000 - 2)
        #expect(try scene.erasure(id)?.status == .pending)
        try scene.credit.chain.block([], seconds: 10)
        let erasure = try #require(try scene.erasure(id))
        #expect(erasure.status == .complete && erasure.suspended == [Data(scene.enclave.id.bytes)] && erasure.acknowledgements.isEmpty)
        func enclave() throws -> WireEnclave? { try scene.credit.chain.message(StateKey.enclave(scene.enclave.id)) }
        #expect(try enclave()?.status == .suspended && enclave()?.suspension == EnclaveSuspension.erasure)
        #expect(try scene.enrol(scene.credit.lender) == Refusal.keysEnclaveSuspended.code)
        // It may start, so that it can do what it is suspended for; nothing else.
        let anchor = try scene.enclave.anchor(nonce: Hash32(1, 1, 1, 1), version: 5, root: Hash32(2, 2, 2, 2))
        #expect(try scene.credit.chain.submit(anchor, by: scene.credit.lender) == 0)
        #expect(
            try scene.credit.chain.submit(scene.acknowledgement(version: 4), by: scene.credit.lender) == Refusal.keysVaultRolledBack.code)
        #expect(try scene.credit.chain.submit(scene.acknowledgement(version: 6), by: scene.credit.lender) == 0)
        #expect(try enclave()?.status == .active && enclave()?.suspension == "")
        #expect(try scene.enrol(scene.credit.lender) == 0)
    }

    @Test func `believes only a vault's own word about this log`() throws {
        var scene = try ErasureScene()
        let ids = try scene.put(2)
        #expect(try scene.credit.chain.submit(scene.acknowledgement(), by: scene.credit.lender) == Refusal.erasureBadAcknowledgement.code)
        _ = try scene.erase(ErasureScene.record(ids[0]))
        let log = try scene.log
        let stranger = try TestEnclave(chainID: scene.credit.chain.genesis.chainID, seed: 77)
        var codes: [UInt32] = []
        for message in [
            try stranger.acknowledgement(log), try scene.acknowledgement { $0.acknowledgement.enclave = .init(stranger.id.bytes) },
            try scene.acknowledgement { $0.puncturehashFlip() }, try scene.acknowledgement { $0.acknowledgement.sequence = 2 },
            try scene.acknowledgement { $0.acknowledgement.recoveryEpoch += 1 },
            try scene.acknowledgement { $0.acknowledgement.vaultRoot = .init() },
        ] { codes.append(try scene.credit.chain.submit(message, by: scene.credit.lender)) }
        #expect(
            codes == [
                Refusal.keysUnknownEnclave.code, Refusal.keysUnknownEnclave.code, Refusal.erasureBadAcknowledgement.code,
                Refusal.erasureBadAcknowledgement.code, Refusal.keysBadSignature.code, Refusal.erasureBadAcknowledgement.code,
            ])
        #expect(try scene.credit.chain.submit(scene.acknowledgement(), by: scene.credit.lender) == 0)
        #expect(try scene.credit.chain.submit(scene.acknowledgement(), by: scene.credit.lender) == Refusal.erasureAcknowledged.code)
        // An older vault can neither sign nor be anchored any more.
        let old = try scene.enclave.anchor(nonce: Hash32(1, 1, 1, 1), version: 9, root: Hash32(2, 2, 2, 2))
        #expect(try scene.credit.chain.submit(old, by: scene.credit.lender) == Refusal.keysVaultRolledBack.code)
    }

    @Test func `ends what is under way: the result of erased data is neither taken nor opened, and the escrow goes back`() throws {
        var scene = try ErasureScene()
        let ids = try scene.put(1)
        #expect(try scene.credit.chain.submit(scene.credit.grantMessage(), by: scene.credit.subject) == 0)
        let (_, first) = try scene.credit.request(scene.credit.requestMessage())
        let (_, second) = try scene.credit.request(scene.credit.requestMessage())
        let held = scene.credit.chain.number(StateKey.escrowTotal)
        #expect(
            try scene.credit.chain.submit(scene.enclave.commitment(first, commitment: Hash32(5, 5, 5, 5)), by: scene.credit.lender) == 0)
        #expect(try scene.erase(ErasureScene.record(ids[0])).code == 0)
        #expect(
            try scene.credit.chain.submit(scene.enclave.commitment(second, commitment: Hash32(6, 6, 6, 6)), by: scene.credit.lender)
                == Refusal.erasureErased.code)
        #expect(try scene.credit.chain.submit(scene.enclave.opening(first), by: scene.credit.lender) == Refusal.erasureErased.code)
        // The enclave's refusal gives the money back at once, the deadline otherwise.
        #expect(try scene.credit.chain.submit(scene.enclave.refusal(second, code: 848), by: scene.credit.lender) == 0)
        #expect(scene.credit.chain.number(StateKey.escrowTotal) == held - 50)
        try scene.credit.chain.block([], seconds: 120)
        #expect(scene.credit.chain.number(StateKey.escrowTotal) == held - 100)
        #expect(try scene.credit.assessment(first)?.status == .refunded)
    }

    /// Destroyed shares as a holder attests them; the erasure's status behind the next block.
    private static func attest(
        _ key: SigningKey, _ epoch: UInt64, _ scene: inout ErasureScene, _ erasure: Hash32
    ) throws -> WireErasureStatus? {
        let holder = key.address
        var word = WireShareDestruction()
        (word.account, word.epoch) = (.init(holder.bytes), epoch)
        scene.credit.chain.write(StateKey.shareDestruction(scene.enclave.id, account: holder), word.encoded())
        try scene.credit.chain.block()
        return try scene.erasure(erasure)?.status
    }

    @Test func `waits for the holders of recovery shares when there are any`() throws {
        let holders = try TestHolders()
        var scene = try ErasureScene { $0.recoveryPlan = holders.plan() }
        let ids = try scene.put(2)
        _ = try scene.erase(ErasureScene.record(ids[1]))
        let (_, id) = try scene.erase(ErasureScene.record(ids[0]))
        // An enclave whose vault the entry does not concern begins no epoch. Packages of one that is lost may hold the key all the same.
        #expect(try scene.credit.chain.submit(scene.acknowledgement(epoch: 0), by: scene.credit.lender) == 0)
        let keys = holders.keys.map(\.account)
        // Two of three are enough to keep two from coming together; an older epoch does not count.
        #expect(try Self.attest(keys[0], 2, &scene, id) == .pending)
        #expect(try Self.attest(keys[1], 1, &scene, id) == .pending)
        #expect(try Self.attest(keys[2], 3, &scene, id) == .complete)
        let erasure = try #require(try scene.erasure(id))
        #expect(erasure.shareHolders == [keys[0], keys[2]].map { Data($0.address.bytes) } && erasure.recoveryEpoch == 2)
    }

    /// Whoever was a holder once still has what it was given then.
    @Test func `waits for former holders too, until their shares are gone`() throws {
        let (holders, next) = (try TestHolders(), try TestHolders(2, threshold: 1, seed: 77))
        var scene = try ErasureScene { $0.recoveryPlan = holders.plan() }
        let ids = try scene.put(2)
        var plan = next.plan(version: 1)
        plan.height = 1
        scene.credit.chain.write(StateKey.recoveryPlan, plan.encoded())
        scene.credit.chain.write(StateKey.recoveryPlan(version: 1), plan.encoded())
        let (_, first) = try scene.erase(ErasureScene.record(ids[0]))
        #expect(try scene.credit.chain.submit(scene.acknowledgement(version: 10, epoch: 1), by: scene.credit.lender) == 0)
        for key in next.keys { #expect(try Self.attest(key.account, 9, &scene, first) == .pending) }
        #expect(try Self.attest(holders.keys[0].account, 1, &scene, first) == .pending)
        #expect(try Self.attest(holders.keys[1].account, 1, &scene, first) == .complete)
        // The first plan ended before any erasure: nothing more is asked of its holders.
        let (_, second) = try scene.erase(ErasureScene.record(ids[1]))
        try scene.credit.chain.block()
        #expect(try scene.erasure(second)?.status == .pending, "the vault has not signed")
        #expect(try scene.credit.chain.submit(scene.acknowledgement(version: 11, epoch: 2), by: scene.credit.lender) == 0)
        try scene.credit.chain.block()
        #expect(try scene.erasure(second)?.status == .complete)
    }

    @Test func `begins an epoch of the vault, which outlives the enclave that said so`() throws {
        var scene = try ErasureScene()
        let ids = try scene.put(1)
        func epoch() throws -> UInt64? {
            let epoch: WireVaultEpoch? = try scene.credit.chain.message(StateKey.vaultEpoch(scene.enclave.id))
            return epoch?.epoch
        }
        _ = try scene.erase(ErasureScene.record(ids[0]))
        #expect(try epoch() == nil)
        #expect(try scene.credit.chain.submit(scene.acknowledgement(epoch: 1), by: scene.credit.lender) == 0)
        #expect(try epoch() == 1)
    }

    private static func attestation(_ vault: Hash32, epoch: UInt64) -> WireMessage {
        var message = WireAttestShareDestruction()
        (message.vault, message.epoch) = (.init(vault.bytes), epoch)
        return WireMessage(.attestShareDestruction(message))
    }

    @Test func `takes no holder's word for shares that do not exist yet`() throws {
        var scene = try ErasureScene()
        let ids = try scene.put(2)
        let holder = scene.credit.lender
        scene.credit.chain.write(StateKey.recoveryHolder(holder.address), [1])
        let vault = scene.enclave.id
        func attest(_ epoch: UInt64) throws -> UInt32 {
            try scene.credit.chain.submit(Self.attestation(vault, epoch: epoch), by: holder)
        }
        #expect(try attest(1) == Refusal.recoveryFuture.code, "nothing was ever erased")
        _ = try scene.erase(ErasureScene.record(ids[0]))
        #expect(try attest(1) == Refusal.recoveryFuture.code, "the vault still makes packages of the old epoch")
        #expect(try scene.credit.chain.submit(scene.acknowledgement(epoch: 1), by: scene.credit.lender) == 0)
        for epoch in [2, UInt64.max] { #expect(try attest(epoch) == Refusal.recoveryFuture.code) }
        #expect(try attest(1) == 0)
        #expect(try attest(1) == Refusal.recoveryAttested.code)
        // A vault that is out of service never signs the next epoch; whoever erases must not wait for it.
        _ = try scene.erase(ErasureScene.record(ids[1]))
        var enclave: WireEnclave = try #require(try scene.credit.chain.message(StateKey.enclave(vault)))
        enclave.status = .suspended
        scene.credit.chain.write(StateKey.enclave(vault), enclave.encoded())
        #expect(try attest(3) == Refusal.recoveryFuture.code)
        #expect(try attest(2) == 0)
    }
}

extension WireAcknowledgeErasure {
    fileprivate mutating func puncturehashFlip() { punctureHash = .init(repeating: 1, count: 32) }
}
