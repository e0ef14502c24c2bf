import AdversarySupport
import Attestation
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclaveProtocol
import FoundationEssentials
import HolderSupport
import Primitives
import Testing
import WireTypes

@Suite struct `A lost vault` {
    let pair: PairScene
    let holders: TestHolders

    init() throws { try self.init(Self.pair()) }

    /// Two enclaves of a chain whose genesis names holders.
    static func pair(second: AssuranceClass = .none) throws -> PairScene {
        let plan = try TestHolders().plan()
        return try PairScene(second: second) { $0.recoveryPlan = plan }
    }

    /// - Parameter pair: as `pair(second:)` makes it.
    init(_ pair: PairScene) throws {
        (self.pair, holders) = (pair, try TestHolders())
        pair.node.write(holders.plan(), at: StateKey.recoveryPlan)
        try pair.block()
    }

    /// - Parameter scene: of the first enclave when there is none.
    func package(by scene: EnclaveScene? = nil) throws -> WireRecoveryPackage {
        var command = WireExportRecoveryCommand()
        command.plan = try pair.node.prove(StateKey.recoveryPlan)
        guard case .exportRecovery(let answer) = try (scene ?? pair.first).driver.perform(.exportRecovery(command)) else {
            throw EnclaveError.unexpectedAnswer
        }
        return answer.package
    }

    /// The package with the shares of those holders, sealed to the session of `scene`'s enclave.
    func sealed(_ package: WireRecoveryPackage, by positions: [Int], to scene: EnclaveScene? = nil) throws
        -> WireRecoveryPackage
    {
        let scene = scene ?? pair.second
        return try holders.reseal(package, by: positions, to: scene.enclaveID, session: scene.session().key)
    }

    func recover(_ package: WireRecoveryPackage) throws -> WireImportRecoveryAnswer {
        var command = WireImportRecoveryCommand()
        command.package = package
        command.source = try pair.node.prove(StateKey.enclave(Hash32(package.enclave) ?? .zero))
        command.epoch = try pair.node.prove(StateKey.vaultEpoch(Hash32(package.vault) ?? .zero))
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
        // The announcement shows that the package was opened.
        let possession = VerificationKey.ed25519(try #require(Hash32(status.announcement.possessionKey)))
        let chainID = pair.node.chainID
        try possession.verify(
            [UInt8](status.announcement.possessionSignature),
            of: EnclaveStatement.possession(chainID: chainID, status.announcement), context: .recoveryPossession)
        let handover = EnclaveStatement.recoveryHandover(
            chainID: chainID, source: pair.first.enclaveID, epoch: package.epoch,
            possession: try #require(Hash32(status.announcement.possessionKey)))
        let source = VerificationKey.ed25519(try #require(Hash32(pair.first.enclave.identity.signingKey)))
        try source.verify([UInt8](status.announcement.sourceSignature), of: handover, context: .replicaHandover)
        #expect(package.encoded().firstRange(of: [UInt8](status.announcement.possessionKey)) == nil)
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
        let other = try Self(Self.pair(second: .measured))
        let package = try other.sealed(other.package(), by: [0, 1])
        #expect(try other.refusal(package) == "enclave.peerAssurance")
        #expect(try other.pair.status(other.pair.second).enrolled == 0)
    }

    @Test func `needs holders whom the genesis names`() throws {
        let own = try TestHolders(1, threshold: 1, seed: 7)
        let pair = try PairScene()
        var command = WireExportRecoveryCommand()
        command.plan = try pair.node.prove(StateKey.recoveryPlan)
        #expect(try pair.refusal { _ = try pair.first.driver.perform(.exportRecovery(command)) } == "enclave.noRecoveryPlan")
        // The quorum writes a plan into the state and certifies it: to the enclave it is nobody's.
        pair.node.write(own.plan(), at: StateKey.recoveryPlan)
        try pair.block()
        command.plan = try pair.node.prove(StateKey.recoveryPlan)
        #expect(try pair.refusal { _ = try pair.first.driver.perform(.exportRecovery(command)) } == "enclave.noRecoveryPlan")
        var follow = WireFollowRecoveryPlanCommand()
        follow.plans = [Data(own.plan(version: 1).encoded())]
        #expect(try pair.refusal { _ = try pair.first.driver.perform(.followRecoveryPlan(follow)) } == "enclave.noRecoveryPlan")
    }

    /// A corrupt quorum names itself, under the version of the genesis's plan or a later one; and it hides the plan.
    @Test func `is packed for no holders whom only the state names`() throws {
        let own = try TestHolders(1, threshold: 1, seed: 7)
        for version in [0, 1] as [UInt32] {
            pair.node.write(own.plan(version: version), at: StateKey.recoveryPlan)
            try pair.block()
            #expect(try pair.refusal { _ = try package() } == "enclave.recoveryPlanPending")
        }
        pair.node.remove(StateKey.recoveryPlan)
        try pair.block()
        #expect(try pair.refusal { _ = try package() } == "enclave.recoveryPlanPending")
        pair.node.write(holders.plan(), at: StateKey.recoveryPlan)
        try pair.block()
        #expect(try package().shares.map(\.account) == holders.plan().holders.map(\.account))
    }

    /// A quorum can name a maker that never was: whoever took its package would seal results under a secret that the quorum knows.
    @Test func `is not made up by whoever can write into the state`() throws {
        let own = try TestHolders(1, threshold: 1, seed: 7)
        let good = try package()
        let maker = SigningKey.ed25519()
        var value: WireEnclave = try #require(try pair.node.value(StateKey.enclave(pair.first.enclaveID)))
        value.identity.signingKey = .init(maker.verificationKey.bytes)
        value.id = .init(EnclaveStatement.identifier(value.identity).bytes)
        let id = try #require(Hash32(value.id))
        pair.node.write(value, at: StateKey.enclave(id))
        try pair.block()
        let forged = try Self.forgery(of: good, by: maker, id, for: own)
        let (target, session) = (pair.second.enclaveID, try pair.second.session().key)
        #expect(try refusal(own.reseal(forged, by: [0], to: target, session: session)) == "enclave.recoveryUnapproved")
        // Holders' words for another package are none for this one, and one holder's is not enough.
        let real = try holders.reseal(good, by: [0, 1], to: target, session: session)
        #expect(real.shares.count == 2)
        #expect(
            try refusal(own.reseal(forged, by: [0], to: target, session: session, signers: [holders.keys[0].account]))
                == "enclave.recoveryUnapproved")
        #expect(try pair.status(pair.second).enrolled == 0)
        #expect(try refusal(sealed(good, by: [0, 1])) == "")
    }

    /// A package with a vault secret that its maker chose, shared among `own` alone.
    private static func forgery(
        of good: WireRecoveryPackage, by maker: SigningKey, _ id: Hash32, for own: TestHolders
    ) throws -> WireRecoveryPackage {
        var part = WireReplicaPart()
        (part.chainID, part.source, part.vault) = (good.chainID, .init(id.bytes), .init(id.bytes))
        (part.isLast, part.punctureHash) = (true, .init(Hash32.zero.bytes))
        (part.vaultSecret, part.possessionSecret) = (Data(repeating: 7, count: 32), Data(repeating: 8, count: 32))
        var package = good
        (package.enclave, package.vault, package.threshold) = (part.source, part.vault, own.threshold)
        let binding = EnclaveStatement.recoveryBinding(package)
        let key = [UInt8](repeating: 9, count: 32)
        package.sealedVault = .init(
            try AuthenticatedEncryption.seal(
                part.encoded(), key: AuthenticatedEncryption.key(key), context: .recoveryVault, associated: binding))
        let shares = try SecretSharing.split(key, threshold: Int(own.threshold), count: own.keys.count)
        package.shares = try zip(shares, own.keys).map { share, holder in
            var wire = WireRecoveryShare()
            (wire.account, wire.index) = (.init(holder.account.address.bytes), UInt32(share.index))
            wire.share = try holder.sealing.publicKey.seal(
                share.bytes, context: .recoveryShare, associated: binding + [share.index]
            ).wire
            return wire
        }
        package.signature = .init(try maker.sign(EnclaveStatement.recoveryPackage(package), context: .recoveryPackage))
        return package
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

    /// The maker is lost and never began a new epoch; another enclave of the vault has.
    @Test func `does not come back from a package that is older than the vault's newest epoch`() throws {
        let package = try package()
        var epoch = WireVaultEpoch()
        (epoch.vault, epoch.epoch) = (package.vault, package.epoch + 1)
        pair.node.write(epoch, at: StateKey.vaultEpoch(pair.first.enclaveID))
        try pair.block()
        #expect(try refusal(sealed(package, by: [0, 1])) == "enclave.oldRecovery")
        epoch.epoch = package.epoch
        pair.node.write(epoch, at: StateKey.vaultEpoch(pair.first.enclaveID))
        try pair.block()
        #expect(try refusal(sealed(package, by: [0, 1])) == "")
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
