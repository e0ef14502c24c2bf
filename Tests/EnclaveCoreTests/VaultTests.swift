import AdversarySupport
import ChainTypes
import Cryptography
import DataModel
import EnclaveCore
import EnclavePlatforms
import EnclaveProtocol
import Glibc
import PlatformProtocol
import Primitives
import Testing
import WireTypes

@Suite struct `The vault` {
    func reopen(_ bytes: [UInt8], _ node: BypassedNode, key: UInt64 = 99) throws -> Enclave {
        try Enclave(platform: MemoryPlatform(seed: key), storage: MemoryVaultStorage(bytes), genesis: node.genesis)
    }

    @Test func `opens with what was put in, and with its own key only`() throws {
        let small = try SmallScene()
        let bytes = try small.storage.contents()
        let status = try reopen(bytes, small.node).status
        #expect(status.enrolled == 1)
        #expect(status.id == small.scene.enclave.id)
        #expect(throws: VaultError.cannotOpen) { try reopen(bytes, small.node, key: 98) }
        #expect(String(decoding: bytes[16..<25], as: UTF8.self) == "simulated")
    }

    @Test func `refuses an unknown version, another platform and other files`() throws {
        let small = try SmallScene()
        var bytes = try small.storage.contents()
        bytes[11] = 9
        #expect(throws: VaultError.unknownVersion) { try reopen(bytes, small.node) }
        bytes[11] = 3
        bytes[16] = UInt8(ascii: "t")
        #expect(throws: VaultError.wrongPlatform) { try reopen(bytes, small.node) }
        #expect(throws: VaultError.notAVault) { try reopen(Array("something else".utf8), small.node) }
        #expect(throws: VaultError.notAVault) { try reopen([UInt8](repeating: 7, count: 4096), small.node) }
    }

    @Test func `finds every changed byte, or cuts off only the last batch (fuzz)`() throws {
        let small = try SmallScene()
        for _ in 0..<4 { _ = try small.scene.enrol([small.scene.makeSubject()]) }
        let bytes = try small.storage.contents()
        let whole = try reopen(bytes, small.node).status
        let seed: UInt64 = 0xB17
        var generator = SeededGenerator(seed: seed)
        for round in 0..<1_500 {
            var changed = bytes
            let position = Int(generator.next() % UInt64(bytes.count))
            changed[position] ^= UInt8(truncatingIfNeeded: 1 + generator.next() % 255)
            guard let status = try? reopen(changed, small.node).status else { continue }
            // Opened: then it is a shorter vault, never one with other content.
            #expect(status.anchor.vaultVersion < whole.anchor.vaultVersion, "seed \(seed) round \(round) position \(position)")
            #expect(status.anchor.vaultVersion >= whole.anchor.vaultVersion - 2 || position % 16 < 4, "seed \(seed) round \(round)")
        }
        for _ in 0..<300 {
            let cut = Array(bytes.prefix(Int(generator.next() % UInt64(bytes.count))))
            if let status = try? reopen(cut, small.node).status { #expect(status.enrolled <= whole.enrolled) }
        }
    }

    @Test func `notices batches that are dropped or moved`() throws {
        let small = try SmallScene()
        for _ in 0..<3 { _ = try small.scene.enrol([small.scene.makeSubject()]) }
        let bytes = try small.storage.contents()
        var starts: [Int] = []
        var offset = 160
        while offset < bytes.count {
            starts.append(offset)
            let size = bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
            offset += (4 + size + 15) / 16 * 16
        }
        #expect(starts.count >= 4)
        let batches = zip(starts, starts.dropFirst() + [bytes.count]).map { Array(bytes[$0..<$1]) }
        var dropped = batches
        dropped.remove(at: 1)
        var swapped = batches
        swapped.swapAt(1, 2)
        for list in [dropped, swapped] {
            #expect(throws: VaultError.damaged) { try reopen(Array(bytes[..<160]) + list.flatMap(\.self), small.node) }
        }
    }

    /// Enrols one subject after another and loses power: nothing acknowledged may be gone.
    func losesAcknowledged(ignoresSynchronize: Bool, seed: UInt64) throws -> Bool {
        let small = try SmallScene(seed: seed)
        if ignoresSynchronize { small.storage.ignoreSynchronize() }
        var generator = SeededGenerator(seed: seed)
        let count = 1 + Int(generator.next() % 6)
        var acknowledged: UInt64 = small.scene.enclave.anchor.vaultVersion
        for _ in 0..<count {
            let outcome = try small.scene.enrol([small.scene.makeSubject()])[0]
            guard !outcome.hasFailure else { continue }
            acknowledged = outcome.vaultVersion
        }
        let left = small.storage.afterPowerLoss(&generator)
        guard let status = try? Enclave(platform: MemoryPlatform(), storage: left, genesis: small.node.genesis).status else { return true }
        return status.anchor.vaultVersion < acknowledged
    }

    @Test func `loses nothing acknowledged when the power goes, and would without synchronising`() throws {
        #expect(try (1...60).allSatisfy { try !losesAcknowledged(ignoresSynchronize: false, seed: $0) })
        #expect(try (1...20).contains { try losesAcknowledged(ignoresSynchronize: true, seed: $0) })
    }

    @Test func `survives a power loss at any moment of a write`() throws {
        let seed: UInt64 = 0x10E
        var generator = SeededGenerator(seed: seed)
        for round in 0..<40 {
            let small = try SmallScene(seed: 5)
            small.storage.ignoreSynchronize()
            // One batch under way, of which any sectors may be on disk.
            _ = try small.scene.enrol([small.scene.makeSubject(), small.scene.makeSubject(), small.scene.makeSubject()])
            let left = small.storage.afterPowerLoss(&generator)
            let status = try? Enclave(platform: MemoryPlatform(), storage: left, genesis: small.node.genesis).status
            #expect(status.map { $0.enrolled == 1 || $0.enrolled == 4 } == true, "seed \(seed) round \(round)")
        }
    }

    @Test func `synchronises once a command`() throws {
        let small = try SmallScene()
        let before = small.storage.synchronizations
        _ = try small.scene.enrol((0..<10).map { _ in try small.scene.makeSubject() })
        #expect(small.storage.synchronizations == before + 1)
        let grant = try small.grant { $0.maximumUses = 100 }
        let requests = try (1...5).map { try small.scene.request(grant, fields: ["age"], use: UInt32($0)) }
        try small.scene.block()
        let count = small.storage.synchronizations
        let outcomes = try small.scene.run(requests.map { try small.scene.evidence($0, grant) })
        #expect(outcomes.allSatisfy { !$0.hasFailure })
        #expect(small.storage.synchronizations == count + 1)
    }

    @Test func `answers nothing after a failed write`() throws {
        let small = try SmallScene()
        let grant = try small.grant()
        let request = try small.request(grant)
        small.storage.failWrites()
        #expect(throws: Refusal(1705, "", "")) { try small.scene.run([small.scene.evidence(request, grant)]) }
        #expect(throws: Refusal(1705, "", "")) { try small.scene.enrol([small.scene.makeSubject()]) }
    }

    @Test func `keeps its sealing key to its owner`() throws {
        let home = "/tmp/jupiter-vault-\(UInt64.random(in: 0 ... .max))"
        #expect(mkdir(home, 0o700) == 0)
        defer {
            _ = ["/sealing-key.simulated", "/vault.log"].map { unlink(home + $0) }
            rmdir(home)
        }
        let platform = SimulatedPlatform(home: home)
        let key = try platform.sealingKey()
        #expect(try platform.sealingKey() == key)
        var status = stat()
        #expect(stat(home + "/sealing-key.simulated", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        chmod(home + "/sealing-key.simulated", 0o644)
        #expect(throws: VaultError.badSealingKey) { try platform.sealingKey() }
        let file = try VaultFile(path: home + "/vault.log", directory: home)
        #expect(throws: VaultError.inUse) { try VaultFile(path: home + "/vault.log", directory: home) }
        try file.append([1, 2, 3])
        unlink(home + "/sealing-key.simulated")
        #expect(throws: VaultError.missing) { try platform.sealingKey() }
    }
}
