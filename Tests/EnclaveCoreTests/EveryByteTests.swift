import AdversarySupport
import ChainTypes
import Crypto
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import Foundation
import HolderSupport
import KeySearchSupport
import Primitives
import Testing
import WireTypes

/// All that two enclaves of one vault, their hosts and the holders of recovery shares have, before and after an erasure.
@Suite struct `Every byte of two enclaves and their holders` {
    let pair: PairScene
    let recovery: `A lost vault`
    /// Nobody erases anything of this one.
    let other: SceneSubject
    let third: SceneSubject

    init() throws {
        pair = try `A lost vault`.pair()
        recovery = try `A lost vault`(pair)
        other = try pair.first.makeSubject()
        third = try pair.first.makeSubject()
        try pair.first.enrol([other, third])
        try pair.first.put(
            DataRecord(["age": .integer(7), "amount": .number(1), "secret": .text("x")], schema: pair.first.schema), of: other)
        try pair.replicate()
    }

    private func parts(_ name: String, _ storage: MemoryVaultStorage, seed: UInt64) throws -> [KeySearch.Part] {
        let sealing = try MemoryPlatform(seed: seed).sealingKey().withUnsafeBytes { Data($0) }
        return [
            KeySearch.Part(name: name, bytes: Data(try storage.contents())), KeySearch.Part(name: "sealing key of \(name)", bytes: sealing),
        ]
    }

    private var first: [KeySearch.Part] { get throws { try parts("first", pair.small.storage, seed: 99) } }
    private var second: [KeySearch.Part] { get throws { try parts("second", pair.secondStorage, seed: 100) } }

    /// What `node backup` copies of an enclave, as it answers.
    private func backup(_ name: String, _ scene: EnclaveScene) throws -> KeySearch.Part {
        guard case .backup(let answer) = try scene.driver.perform(.backup(WireBackupCommand())) else {
            throw EnclaveError.unexpectedAnswer
        }
        return KeySearch.Part(name: "backup of \(name)", bytes: answer.vault)
    }

    private var holders: [KeySearch.Part] {
        recovery.holders.keys.enumerated().map { KeySearch.Part(name: "holder \($0)", bytes: Data($1.sealing.secretBytes)) }
    }

    private func search(
        _ parts: [KeySearch.Part], _ packages: [WireRecoveryPackage] = [], recorded: [KeySearch.Message] = []
    ) -> KeySearch {
        var search = KeySearch(parts)
        let messages = recorded + packages.enumerated().map { KeySearch.Message.package("package \($0)", $1) }
        search.openAll([KeySearch.vaults, KeySearch.messages(messages)])
        return search
    }

    private func message(_ name: String, _ sealed: WireSealedMessage, _ context: Context) -> KeySearch.Message {
        .sealed(name, sealed, context, associated: Array(pair.node.chainID.utf8))
    }

    /// What carried the subject's key to each of the enclaves, as a host could record it.
    private func recorded(_ subject: SceneSubject) throws -> [KeySearch.Message] {
        let part = try pair.export(pair.exportCommand(pair.offer(pair.challenge())))
        return [
            message("enrolment", try pair.first.enrolment(subject), .enrolmentBox), message("replica part", part.part, .replicaBox),
        ]
    }

    /// A committed run over the subject's record that nobody has opened.
    private func run(_ subject: SceneSubject) throws -> KeySearch.ResultTarget {
        let grant = try pair.first.grant(subject, fields: ["age", "amount"])
        let request = try pair.first.request(grant, fields: ["age"])
        try pair.block()
        let run = try pair.first.run([pair.first.evidence(request, grant)])[0]
        #expect(!run.hasFailure)
        return KeySearch.ResultTarget(
            sidecar: [UInt8](run.sealedResult), job: request.id, recipient: ResultEnvelope.recipient(request.request.recipientKey))
    }

    private func erase(_ kind: WireErasureKind, _ subject: SceneSubject) throws {
        pair.first.puncture(
            kind, subject.address, dataset: kind == .subject ? "" : EnclaveScene.dataset, keyIndex: kind == .record ? 3 : 0)
        try pair.block()
        try pair.first.provePunctures()
        try pair.first.provePunctures(to: pair.second.driver)
    }

    @Test(arguments: [WireErasureKind.record, .dataset, .subject])
    func `opens what is there, and nothing of it once it is erased`(_ kind: WireErasureKind) throws {
        let subject = pair.small.subject
        let (record, kept) = (try pair.first.target(subject), try pair.first.target(other))
        let (result, keptResult) = (try run(subject), try run(other))
        let old = [try recovery.package(), try recovery.package(by: pair.second)]
        let recorded = try recorded(subject)

        // The control: by each of these ways alone everything opens.
        let ways = [
            search(try first), search(try second), search(holders, [old[0]]), search(holders, [old[1]]),
            search(try parts("first", pair.small.storage, seed: 99).suffix(1) + [backup("first", pair.first)]),
        ]
        for (way, search) in ways.enumerated() {
            for target in [record, kept] { #expect(!search.findings(target).isEmpty, "way \(way) is blind") }
            for target in [result, keptResult] { #expect(!search.findings(target).isEmpty, "way \(way) is blind to results") }
        }
        // Nor is the search blind to messages: one to the key that every later vault has would give the subject's key for ever.
        let lasting = try SealingPublicKey(pair.first.enclave.identity.vaultKey).seal(
            subject.key, context: .enrolmentBox, associated: Array(pair.node.chainID.utf8)
        ).wire
        let careless = message("to the vault key", lasting, .enrolmentBox)

        try erase(kind, subject)
        // Of the shares from before so many are destroyed that fewer than the threshold are left; of everything else, all.
        let left = old.map { package in
            var left = package
            left.shares = Array(package.shares.prefix(Int(package.threshold) - 1))
            return left
        }
        var packages = left + [try recovery.package(), try recovery.package(by: pair.second)]
        func check(_ what: Comment) throws {
            let all = search(
                try first + second + [backup("first", pair.first), backup("second", pair.second)] + holders, packages,
                recorded: recorded)
            #expect(all.parts.count { $0.isOpened } > 6, "packages and vaults are opened")
            #expect(all.findings(record) == [], what)
            #expect(all.findings(result) == [], what)
            #expect(!all.findings(kept).isEmpty)
            #expect(!all.findings(keptResult).isEmpty, "what nobody erased is still to be opened")
        }
        try check("after the erasure")
        // Later: another erasure, other recovery epochs, and new starts.
        try erase(.dataset, third)
        packages += [try recovery.package(), try recovery.package(by: pair.second)]
        try pair.restartSecond()
        try check("later")
        #expect(!search(try first, recorded: [careless]).findings(record).isEmpty, "messages are not opened")
        // The last copy that could have opened it was the package from before.
        #expect(!search(holders, [old[0]]).findings(record).isEmpty, "holders who lied about their shares still have it")
    }
}
