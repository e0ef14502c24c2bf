import AdversarySupport
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import EnclaveWorker
import FoundationEssentials
import JupiterClient
import Primitives
import Synchronization
import Testing
import WireTypes

/// What is sealed to an enclave, and for how long it can be opened (docs/spec/enclave.md §3).
@Suite struct `An enclave's session` {
    /// The names of the refusals of those enrolments, empty for none.
    private func names(_ boxes: [WireSealedMessage], _ scene: EnclaveScene) throws -> [String] {
        var command = WireEnrolCommand()
        command.enrolments = boxes
        guard case .enrol(let answer) = try scene.driver.perform(.enrol(command)) else { throw EnclaveError.unexpectedAnswer }
        return answer.outcomes.map(\.failure.name)
    }

    private func restart(_ small: SmallScene) throws {
        let enclave = try Enclave(
            platform: MemoryPlatform(), storage: MemoryVaultStorage(try small.storage.contents()), genesis: small.node.genesis)
        small.scene.driver = .inProcess(enclave)
    }

    /// Every string of a key's length in `bytes`.
    private static func windows(_ bytes: [UInt8]) -> Set<[UInt8]> {
        Set((0..<max(0, bytes.count - 31)).map { Array(bytes[$0..<$0 + 32]) })
    }

    @Test func `leaves nothing that opens what was recorded: not the vault's file, and no key in it`() throws {
        let small = try SmallScene()
        let recorded = try small.scene.enrolment(small.scene.makeSubject())
        let part = try recordedPart()
        #expect(try names([recorded], small.scene) == [""])
        // Somebody has the file and the key that seals it, at once and after a restart.
        try restart(small)
        let entries = try VaultReader.entries(small.storage.contents(), key: MemoryPlatform().sealingKey())
        let plain = entries.flatMap { $0.encoded() }
        let binding = Array(small.node.chainID.utf8)
        var opened = 0
        for seed in Self.windows(plain) {
            let key = try SealingPrivateKey(suite: .xwing, secretBytes: seed)
            if (try? key.open(SealedBox(recorded), context: .enrolmentBox, associated: binding)) != nil { opened += 1 }
        }
        #expect(opened == 0)
        // The same search opens what is sealed to the long-lived key: it would have found the other.
        let vaultKey = try SealingPublicKey(small.scene.enclave.identity.vaultKey)
        let control = try vaultKey.seal([1, 2, 3], context: .enrolmentBox, associated: binding)
        let identity = try VaultReader.identity(small.storage.contents(), key: MemoryPlatform().sealingKey())
        let kept = try SealingPrivateKey(suite: .xwing, secretBytes: [UInt8](identity.vaultKey))
        #expect(Self.windows(plain).contains([UInt8](identity.vaultKey)))
        #expect(try kept.open(control, context: .enrolmentBox, associated: binding) == [1, 2, 3])
        #expect((try? kept.open(SealedBox(part.box), context: .replicaBox, associated: binding)) == nil)
        #expect((try? part.key.open(SealedBox(part.box), context: .replicaBox, associated: binding)) == nil)
    }

    /// A part of a vault on its way, and the long-lived key of the enclave that it is for.
    private func recordedPart() throws -> (box: WireSealedMessage, key: SealingPrivateKey) {
        let pair = try PairScene()
        let part = try pair.export(pair.exportCommand(pair.offer(pair.challenge())))
        let identity = try VaultReader.identity(pair.secondStorage.contents(), key: MemoryPlatform(seed: 100).sealingKey())
        return (part.part, try SealingPrivateKey(suite: .xwing, secretBytes: [UInt8](identity.vaultKey)))
    }

    @Test func `ends with the start`() throws {
        let small = try SmallScene()
        let before = try small.scene.session()
        let recorded = try small.scene.enrolment(small.scene.makeSubject())
        try restart(small)
        try small.scene.start()
        let after = try small.scene.session()
        #expect(before.key != after.key && before.nonce != after.nonce && after.number == 1)
        #expect(try names([recorded, small.scene.enrolment(small.scene.makeSubject())], small.scene) == ["enclave.otherSession", ""])
    }

    @Test func `ends with every erasure`() throws {
        let small = try SmallScene()
        let before = try small.scene.session()
        let recorded = try small.scene.enrolment(small.scene.makeSubject())
        small.scene.puncture(.dataset, small.subject.address, dataset: EnclaveScene.dataset)
        try small.scene.block()
        try small.scene.provePunctures()
        let after = try small.scene.session()
        #expect(after.number == before.number + 1 && after.nonce == before.nonce && after.key != before.key)
        #expect(try names([recorded, small.scene.enrolment(small.scene.makeSubject())], small.scene) == ["enclave.otherSession", ""])
        // Nothing was to be done: nobody has to seal again.
        try small.scene.provePunctures()
        #expect(try small.scene.session() == after)
    }

    @Test func `is what keys come through, not the long-lived vault key`() throws {
        let small = try SmallScene()
        let subject = try small.scene.makeSubject()
        let good = try small.scene.enrolment(subject)
        let plain = try WireEnrolment(strictly: enrolment(of: subject, small), limit: 4_096)
        let old = try SealingPublicKey(small.scene.enclave.identity.vaultKey).seal(
            plain.encoded(), context: .enrolmentBox, associated: Array(small.node.chainID.utf8))
        #expect(try names([old.wire, good], small.scene) == ["enclave.otherSession", ""])
    }

    private func enrolment(of subject: SceneSubject, _ small: SmallScene) throws -> [UInt8] {
        var wire = WireEnrolment()
        (wire.chainID, wire.subject, wire.dataset) = (small.node.chainID, .init(subject.address.bytes), EnclaveScene.dataset)
        (wire.subjectKey, wire.salt) = (.init(subject.key), .init(subject.salt))
        wire.publicKey = subject.wallet.verificationKey.wire
        let statement = EnclaveStatement.enrolment(
            chainID: small.node.chainID, enclave: small.scene.enclaveID, dataset: EnclaveScene.dataset, commitment: subject.commitment)
        wire.signature = .init(try subject.wallet.sign(statement, context: .enrolment))
        return wire.encoded()
    }

    @Test func `of the enclave that asks is what a replica's part is sealed to`() throws {
        let pair = try PairScene()
        let challenge = try pair.challenge()
        let offer = try pair.offer(challenge)
        #expect(try offer.offer.sessionKey == pair.second.session().key)
        // An erasure between offer and part: the part stays closed, and the next offer brings another.
        let command = try pair.importCommand(pair.export(pair.exportCommand(offer)), challenge)
        pair.first.puncture(.record, pair.small.subject.address, dataset: EnclaveScene.dataset, keyIndex: 3)
        try pair.block()
        try pair.first.provePunctures()
        let log = try pair.node.prove(StateKey.punctureLog)
        var punctures = WireProvePuncturesCommand()
        (punctures.log, punctures.entries) = (log, pair.first.entries(after: 0))
        _ = try pair.second.driver.perform(.provePunctures(punctures))
        var late = command
        let fresh = try pair.importCommand(command.part, challenge)
        (late.source, late.referenceValue, late.rules, late.challenge) = (
            fresh.source, fresh.referenceValue, fresh.rules, fresh.challenge
        )
        #expect(try pair.refusal { _ = try pair.take(late) } == "enclave.otherSession")
        #expect(try pair.refusal { try pair.replicate() } == "")
    }
}

@Suite struct `A wallet` {
    private struct Parties {
        let small: SmallScene
        let enclave: CheckedEnclave
        let session: WireSessionKey

        init() throws {
            small = try SmallScene()
            enclave = try small.checked()
            session = try small.scene.session()
        }

        func check(_ session: WireSessionKey, _ enclave: CheckedEnclave) -> String {
            do throws(ClientError) {
                _ = try EnclaveSession(session, of: enclave)
                return ""
            } catch { return error.name }
        }
    }

    @Test func `seals to no session but the one that the enclave has signed for its present start`() throws {
        let parties = try Parties()
        let thief = try SealingPrivateKey(suite: .xwing).publicKey.wire
        #expect(parties.check(parties.session, parties.enclave) == "")
        for change in [
            { $0.key = thief }, { $0.number += 1 }, { $0.nonce[0] ^= 1 }, { $0.signature[0] ^= 1 }, { $0.signature = Data() },
            { $0.key = WireSealingKey() },
        ] as [(inout WireSessionKey) -> Void] {
            var forged = parties.session
            change(&forged)
            #expect(parties.check(forged, parties.enclave) == "client.sessionInvalid")
        }
        // Signed by the host, who has a signing key too.
        var own = parties.session
        own.key = thief
        let host = SigningKey.ed25519()
        own.signature = .init(
            try host.sign(EnclaveStatement.session(chainID: parties.small.node.chainID, own), context: .sessionKey))
        #expect(parties.check(own, parties.enclave) == "client.sessionInvalid")
        // The other enclave of the chain has signed its own; it is not the one that was checked.
        let pair = try PairScene()
        let other = try pair.small.checked()
        #expect(parties.check(try pair.second.session(), other) == "client.sessionInvalid")
        // Of a start before, whose key somebody may have got out of the machine.
        let later = try parties.small.checked { $0.anchorNonce = Data(repeating: 1, count: 32) }
        #expect(parties.check(parties.session, later) == "client.sessionInvalid")
    }

    /// A node with one enclave, as far as enrolments go: what it answers comes from the enclave.
    private final class Channel: Sendable {
        private struct State {
            var enclave: Enclave
            var restarts: Int
            var sent = 0
        }

        private let entry: @Sendable () throws -> CheckedEnclave
        private let restart: @Sendable () throws -> Enclave
        private let state: Mutex<State>

        /// - Parameter restarts: before so many of the first requests the enclave is started anew, after it was asked for its session.
        init(
            _ enclave: Enclave, restarts: Int, entry: @escaping @Sendable () throws -> CheckedEnclave,
            restart: @escaping @Sendable () throws -> Enclave
        ) {
            (self.entry, self.restart) = (entry, restart)
            state = Mutex(State(enclave: enclave, restarts: restarts))
        }

        var sent: Int { state.withLock { $0.sent } }

        func session() throws -> EnclaveSession {
            try EnclaveSession(state.withLock { $0.enclave.status.session }, of: entry())
        }

        func send(_ boxes: [WireSealedMessage]) throws -> [EnrolmentOutcome] {
            try state.withLock { state in
                if state.sent < state.restarts { state.enclave = try restart() }
                state.sent += 1
                var command = WireEnrolCommand()
                command.enrolments = boxes
                guard case .enrol(let answer) = state.enclave.handle(.enrol(command)) else { throw EnclaveError.unexpectedAnswer }
                return answer.outcomes.map { outcome in
                    EnrolmentOutcome(
                        subject: "", dataset: outcome.dataset, commitment: Hex.encode(outcome.commitment),
                        vaultVersion: outcome.vaultVersion, receipt: outcome.receipt, keyEpoch: outcome.keyEpoch,
                        error: outcome.hasFailure
                            ? EnrolmentOutcome.Failure(
                                code: outcome.failure.code, name: outcome.failure.name, reason: outcome.failure.reason) : nil)
                }
            }
        }
    }

    /// The enclave of a scene and its storage, started anew from one thread at a time.
    private final class Restarts: @unchecked Sendable {
        private let small: SmallScene
        private let lock = Mutex(())

        init(_ small: SmallScene) { self.small = small }

        func again() throws -> Enclave {
            // All that is not Sendable is used under the lock alone, and by nobody else in the test.
            try lock.withLock { _ in
                let enclave = try Enclave(
                    platform: MemoryPlatform(), storage: MemoryVaultStorage(try small.storage.contents()), genesis: small.node.genesis)
                small.scene.driver = .inProcess(enclave)
                try small.scene.start()
                return enclave
            }
        }

        func entry() throws -> CheckedEnclave { try lock.withLock { _ in try small.checked() } }
    }

    private func enrol(restarts count: Int) async throws -> (outcomes: [EnrolmentOutcome], sent: Int, enclave: CheckedEnclave) {
        let small = try SmallScene()
        let restarts = Restarts(small)
        let channel = Channel(
            try restarts.again(), restarts: count, entry: { try restarts.entry() }, restart: { try restarts.again() })
        let exchange = EnrolmentExchange(session: { try channel.session() }, send: { try channel.send($0) })
        let outcomes = try await exchange.enrol([EnrolmentKey(wallet: wallet, dataset: EnclaveScene.dataset)])
        return (outcomes, channel.sent, try restarts.entry())
    }

    private let wallet: Wallet

    init() throws { wallet = try Wallet(name: "anna") }

    @Test func `seals again by itself when the enclave was started anew meanwhile, once`() async throws {
        let straight = try await enrol(restarts: 0)
        #expect(straight.sent == 1 && straight.outcomes.map(\.error?.code) == [nil])
        let recovered = try await enrol(restarts: 1)
        #expect(recovered.sent == 2 && recovered.outcomes.count == 1)
        let message = try EnrolmentSealer.message(recovered.outcomes[0], wallet: wallet, enclave: recovered.enclave)
        #expect(message.dataset == EnclaveScene.dataset, "the enclave's receipt holds")
        let never = try await enrol(restarts: 5)
        #expect(never.sent == 2 && never.outcomes.map(\.error?.code) == [EnclaveError.otherSession.code])
    }
}
