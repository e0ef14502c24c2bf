import AdversarySupport
import Attestation
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import Primitives
import Testing
import WireTypes

@Suite struct `A lost vault` {
    let pair: PairScene
    let holders: [(account: SigningKey, key: SealingPrivateKey)]

    init() throws { try self.init(PairScene()) }

    init(_ pair: PairScene) throws {
        self.pair = pair
        holders = try (0..<3).map { _ in (SigningKey.ed25519(), try SealingPrivateKey(suite: .x25519)) }
            .sorted { $0.0.address < $1.0.address }
        var plan = WireRecoveryPlan()
        plan.threshold = 2
        plan.holders = holders.map { holder in
            var wire = WireRecoveryHolder()
            (wire.account, wire.key) = (.init(holder.account.address.bytes), holder.key.publicKey.wire)
            return wire
        }
        pair.node.write(plan, at: StateKey.recoveryPlan)
        try pair.block()
    }

    func package() throws -> WireRecoveryPackage {
        var command = WireExportRecoveryCommand()
        command.plan = try pair.node.prove(StateKey.recoveryPlan)
        guard case .exportRecovery(let answer) = try pair.first.driver.perform(.exportRecovery(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer.package
    }

    /// The package with the shares of those holders, sealed to the session of `scene`'s enclave.
    func sealed(_ package: WireRecoveryPackage, by positions: [Int], to scene: EnclaveScene? = nil) throws
        -> WireRecoveryPackage
    {
        let scene = scene ?? pair.second
        let (id, session) = (scene.enclaveID, try scene.session())
        let binding = EnclaveStatement.recoveryBinding(package)
        var result = package
        result.shares = try positions.map { position in
            var share = package.shares[position]
            let index = UInt8(share.index)
            let bytes = try holders[position].key.open(SealedBox(share.share), context: .recoveryShare, associated: binding + [index])
            share.share = try SealingPublicKey(session.key).seal(
                bytes, context: .recoveryShare, associated: binding + [index] + id.bytes
            ).wire
            return share
        }
        return result
    }

    func recover(_ package: WireRecoveryPackage) throws -> WireImportRecoveryAnswer {
        var command = WireImportRecoveryCommand()
        command.package = package
        command.source = try pair.node.prove(StateKey.enclave(pair.first.enclaveID))
        guard case .importRecovery(let answer) = try pair.second.driver.perform(.importRecovery(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer
    }

    private func refusal(_ package: WireRecoveryPackage) throws -> String { try pair.refusal { _ = try recover(package) } }

    @Test func `comes back with the shares of a threshold, and serves after the puncture log`() throws {
        let package = try package()
        #expect(package.threshold == 2 && package.shares.count == 3 && package.shares.map(\.index) == [1, 2, 3])
        #expect(try recover(sealed(package, by: [0, 2])).enrolled == 1)
        #expect(try pair.status(pair.second).serving == false)
        #expect(try pair.refusal { _ = try pair.second.enrol([pair.second.makeSubject()]) } == "enclave.notServing")
        _ = try pair.second.driver.perform(.provePunctures(pair.first.puncturesCommand(of: pair.second.driver)))
        let status = try pair.status(pair.second)
        #expect(status.serving && status.vault == Data(pair.first.enclaveID.bytes) && status.enrolled == 1)
        #expect(status.announcement.recovered && status.announcement.recoveryEpoch == package.epoch)
        // It runs on the subject's record.
        var load = WireLoadProgramCommand()
        load.code = .init(SpyProgram.code)
        _ = try pair.second.driver.perform(.loadProgram(load))
        let grant = try pair.small.grant()
        let request = try pair.small.request(grant)
        try pair.second.catchUp()
        pair.first.driver = pair.second.driver
        #expect(try pair.first.run([pair.first.evidence(request, grant)])[0].hasFailure == false)
    }

    @Test func `stays lost with fewer shares, or shares for another enclave`() throws {
        let package = try package()
        for few in [[], [0], [1]] { #expect(try refusal(sealed(package, by: few)) == "enclave.badShares") }
        var twice = try sealed(package, by: [0])
        twice.shares.append(twice.shares[0])
        #expect(try refusal(twice) == "enclave.badShares")
        #expect(try refusal(sealed(package, by: [0, 1], to: pair.first)) == "enclave.otherSession")
        // Two packages have two keys: their shares do not mix.
        let other = try self.package()
        var mixed = try sealed(package, by: [0])
        mixed.shares += try sealed(other, by: [1]).shares
        #expect(try refusal(mixed) == "enclave.badShares")
        var swapped = try sealed(package, by: [0, 1])
        swapped.shares[1].index = 3
        #expect(try refusal(swapped) == "enclave.otherSession", "a share is bound to its number")
        #expect(try refusal(sealed(package, by: [0, 1, 2])) == "")
    }

    @Test func `does not come back from an altered package, another maker's, or another chain's`() throws {
        let package = try package()
        let good = try sealed(package, by: [0, 1])
        for change in [
            { $0.epoch += 1 }, { $0.threshold = 1 }, { $0.sealedVault[50] ^= 1 }, { $0.signature[0] ^= 1 },
            { $0.vault = Data(repeating: 1, count: 32) },
        ] as [(inout WireRecoveryPackage) -> Void] {
            var altered = good
            change(&altered)
            #expect(try refusal(altered) == "enclave.badPackage")
        }
        var other = good
        other.chainID = "jupiter-id"
        #expect(try refusal(other) == "enclave.wrongChain")
        #expect(try refusal(good) == "")
        #expect(try refusal(good) != "", "an enclave that has keys takes no others")
    }

    @Test func `does not come back on a platform of another class`() throws {
        let other = try Self(PairScene(second: .measured))
        let package = try other.sealed(other.package(), by: [0, 1])
        #expect(try other.refusal(package) == "enclave.peerAssurance")
        #expect(try other.pair.status(other.pair.second).enrolled == 0)
    }

    @Test func `needs somebody to keep its shares`() throws {
        pair.node.remove(StateKey.recoveryPlan)
        try pair.block()
        #expect(try pair.refusal { _ = try package() } == "enclave.noRecoveryPlan")
    }

    /// The package was made before the erasure, and the chain does not know yet that the vault has destroyed the key.
    @Test func `does not bring back what was erased meanwhile`() throws {
        let package = try package()
        let grant = try pair.small.grant()
        let request = try pair.small.request(grant)
        pair.first.puncture(.record, pair.small.subject.address, dataset: EnclaveScene.dataset, keyIndex: 3)
        try pair.block()
        try pair.first.provePunctures(to: pair.second.driver)
        _ = try recover(sealed(package, by: [0, 1]))
        #expect(try pair.status(pair.second).punctures == 0, "the package's keys have not seen the erasure")
        #expect(try pair.status(pair.second).serving == false)
        // Nothing is announced and nothing run before the log is followed, also after a restart.
        try pair.second.catchUp()
        _ = try pair.first.provePunctures(to: pair.second.driver)
        #expect(try pair.status(pair.second).punctures == 1)
        var load = WireLoadProgramCommand()
        load.code = .init(SpyProgram.code)
        _ = try pair.second.driver.perform(.loadProgram(load))
        pair.first.driver = pair.second.driver
        #expect(try pair.first.run([pair.first.evidence(request, grant)])[0].failure.name == "enclave.recordErased")
    }

    @Test func `does not come back from a package of an older epoch`() throws {
        let old = try package()
        pair.first.puncture(.record, pair.small.subject.address, dataset: EnclaveScene.dataset, keyIndex: 3)
        try pair.block()
        let word = try pair.first.provePunctures().acknowledgement
        #expect(word.recoveryEpoch > old.epoch)
        let key = StateKey.enclave(pair.first.enclaveID)
        var value: WireEnclave = try #require(try pair.node.value(key))
        (value.recoveryEpoch, value.punctures) = (word.recoveryEpoch, word.sequence)
        pair.node.write(value, at: key)
        try pair.block()
        #expect(try refusal(sealed(old, by: [0, 1, 2])) == "enclave.oldRecovery")
        let new = try package()
        #expect(new.epoch == word.recoveryEpoch)
        #expect(try refusal(sealed(new, by: [1, 2])) == "")
    }
}
