import AdversarySupport
import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import Foundation
import KeySearchSupport
import Primitives
import Testing
import WireTypes

/// Whoever has the vault's file and its sealing key beside it: what a simulated enclave's host has.
func searched(_ storage: MemoryVaultStorage, seed: UInt64 = 99) throws -> KeySearch {
    let sealing = try MemoryPlatform(seed: seed).sealingKey().withUnsafeBytes { Data($0) }
    var search = KeySearch([
        KeySearch.Part(name: "vault", bytes: Data(try storage.contents())), KeySearch.Part(name: "sealing key", bytes: sealing),
    ])
    search.openAll()
    return search
}

extension EnclaveScene {
    /// The subject's newest record, as whoever kept its ciphertext looks for a key of it.
    func target(_ subject: SceneSubject) throws -> KeySearch.Target {
        let (box, binding) = try #require(ciphertext(of: subject))
        return KeySearch.Target(box: box, associated: binding, leaf: 3)
    }
}

@Suite struct `Keys that come after their erasure` {
    let pair: PairScene
    var subject: SceneSubject { pair.small.subject }

    init() throws { pair = try `A lost vault`.pair() }

    /// Lets both follow a log with that entry.
    private func erase(_ kind: WireErasureKind, keyEpoch: UInt32 = 0) throws {
        pair.first.puncture(
            kind, subject.address, dataset: kind == .subject ? "" : EnclaveScene.dataset, keyEpoch: keyEpoch,
            keyIndex: kind == .record ? 3 : 0)
        try pair.block()
        try pair.first.provePunctures()
        try pair.first.provePunctures(to: pair.second.driver)
    }

    private func found(_ key: SceneSubject? = nil) throws -> [String] {
        try searched(pair.secondStorage, seed: 100).findings(pair.first.target(key ?? subject))
    }

    @Test func `are punctured on their way in: a first enrolment with a further vault`() throws {
        // The control: without the erasure the second vault opens the record.
        let control = try PairScene()
        try control.second.enrol([control.small.subject])
        #expect(try !searched(control.secondStorage, seed: 100).findings(control.first.target(control.small.subject)).isEmpty)

        try erase(.record)
        let outcome = try pair.second.enrol([subject])[0]
        #expect(!outcome.hasFailure && outcome.commitment == Data(subject.commitment.bytes))
        #expect(try found() == [])
        // The rest of the key is there, also after a restart: the next record opens, the erased one does not.
        try pair.restartSecond()
        #expect(try pair.status(pair.second).enrolled == 1)
        #expect(try found() == [])
        let neighbour = RecordKeyTree(subjectKey: try AuthenticatedEncryption.key(subject.key))
        let box = try AuthenticatedEncryption.seal([1], key: neighbour.recordKey(4), context: .record, associated: [])
        #expect(try !searched(pair.secondStorage, seed: 100).findings(KeySearch.Target(box: box, associated: [], leaf: 4)).isEmpty)
    }

    @Test(arguments: [WireErasureKind.dataset, .subject])
    func `stay out when the whole key was erased: a sealed enrolment that was withheld`(_ kind: WireErasureKind) throws {
        var withheld = WireEnrolCommand()
        withheld.enrolments = [try pair.second.enrolment(subject)]
        try erase(kind)
        func deliver() throws -> [UInt32] {
            guard case .enrol(let answer) = try pair.second.driver.perform(.enrol(withheld)) else { return [] }
            return answer.outcomes.map(\.failure.code)
        }
        #expect(try deliver() == [885], "the session that it was sealed to has ended")
        // Sealed anew, as the wallet does that is told so.
        withheld.enrolments.append(try pair.second.enrolment(subject))
        #expect(try deliver() == [885, 847])
        // Nor after the log was written anew for somebody else, and a restart.
        pair.first.puncture(.subject, try pair.first.makeSubject().address)
        try pair.block()
        try pair.first.provePunctures(to: pair.second.driver)
        try pair.restartSecond()
        withheld.enrolments[1] = try pair.second.enrolment(subject)
        #expect(try deliver() == [885, 847])
        #expect(try pair.status(pair.second).enrolled == 0)
        #expect(try found() == [])
        let next = try pair.second.rotated(subject)
        let outcome = try pair.second.enrol([next])[0]
        #expect(outcome.failure.code == (kind == .subject ? 847 : 0), "a dataset's next key is another's")
    }

    @Test func `an erased dataset means its key epochs up to the one it names`() throws {
        let second = try pair.first.rotated(subject)
        let third = try pair.first.rotated(second)
        try pair.first.enrol([second, third])
        try erase(.dataset, keyEpoch: 1)
        #expect(try pair.status(pair.first).enrolled == 1)
        let outcomes = try [subject, second, third].map { try pair.second.enrol([$0])[0] }
        #expect(outcomes.map(\.failure.code) == [847, 847, 0])
    }

    @Test func `are taken over without what the package did not know to be erased`() throws {
        let recovery = try `A lost vault`(pair)
        let package = try recovery.package()
        #expect(try recovery.sealed(package, by: [0, 2]).shares.count == 2)
        // The one that recovers has followed the log; the package's maker had not when it made it.
        pair.first.puncture(.record, subject.address, dataset: EnclaveScene.dataset, keyIndex: 3)
        try pair.block()
        try pair.first.provePunctures(to: pair.second.driver)
        #expect(try recovery.recover(recovery.sealed(package, by: [0, 2])).enrolled == 1)
        #expect(try pair.status(pair.second).serving == false)
        #expect(try found() == [], "not for one moment")
    }

    @Test func `a replica that joins after the erasure holds nothing of it either`() throws {
        try erase(.record)
        try pair.replicate()
        #expect(try pair.status(pair.second).enrolled == 1)
        #expect(try found() == [])
    }

    @Test func `the log is remembered in few bytes an entry, and not at all where the key is here`() throws {
        func grown(_ body: () throws -> Void) throws -> Int {
            let before = try pair.small.storage.contents().count
            try body()
            return try pair.small.storage.contents().count - before
        }
        try pair.first.provePunctures()
        let stranger = try pair.first.makeSubject().address
        let hundred = try grown {
            for leaf: UInt32 in 0..<100 { pair.first.puncture(.record, stranger, dataset: EnclaveScene.dataset, keyIndex: leaf) }
            try pair.block()
            try pair.first.provePunctures()
        }
        #expect(hundred > 0 && hundred < 100 * 64 + 200, "\(hundred) bytes")
        // The dataset's entry stands for all of them.
        let whole = try grown {
            pair.first.puncture(.dataset, stranger, dataset: EnclaveScene.dataset)
            try pair.block()
            try pair.first.provePunctures()
        }
        #expect(whole < 300 - hundred, "\(whole) bytes")
    }
}
