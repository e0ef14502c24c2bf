import ChainTypes
import Cryptography
import Foundation
import JupiterClient
import Primitives
import Testing

@Suite struct `Wallet files` {
    private static let protection = WalletFile.Protection.passphrase("correct horse")

    private func wallet() throws -> Wallet {
        var wallet = try Wallet(name: "anna", keyType: .p256)
        _ = wallet.takeKeyIndex(chainID: "jupiter-sg", dataset: "d")
        wallet.noteEnrolment(chainID: "jupiter-sg", dataset: "d", enclave: SecureRandom.hash())
        wallet.remember(Wallet.Entry(kind: .grant, chainID: "jupiter-sg", dataset: "d", id: SecureRandom.hash()))
        return wallet
    }

    @Test func `opens with its passphrase as it was`() throws {
        let wallet = try wallet()
        let opened = try WalletFile.open(WalletFile.seal(wallet, Self.protection), Self.protection)
        #expect(opened.address == wallet.address)
        #expect(opened.datasets == wallet.datasets)
        #expect(opened.entries == wallet.entries)
        #expect(opened.sealingKey.publicKey == wallet.sealingKey.publicKey)
        let key = { (wallet: Wallet) in wallet.subjectKey(chainID: "jupiter-sg", dataset: "d").commitment }
        #expect(key(opened) == key(wallet))
    }

    @Test func `stays shut for another passphrase`() throws {
        let bytes = try WalletFile.seal(wallet(), Self.protection)
        #expect(throws: CryptographyError.wrongPassphrase) { try WalletFile.open(bytes, .passphrase("correct horsf")) }
    }

    @Test func `refuses an unknown version`() throws {
        var bytes = try WalletFile.seal(wallet(), Self.protection)
        bytes[8] = 2
        #expect(throws: ClientError.unknownWalletVersion) { try WalletFile.open(bytes, Self.protection) }
    }

    @Test func `shows neither seed nor name in the clear`() throws {
        let bytes = try WalletFile.seal(wallet(), Self.protection)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("anna"))
    }

    @Test func `survives random and mutated bytes`() throws {
        var generator = SeededGenerator(seed: 20_260_214)
        let key = try WalletKey(generator.bytes(32))
        let bytes = try WalletFile.seal(wallet(), key.protection)
        for round in 0..<2_000 {
            var mutated = bytes
            switch round % 3 {
            case 0: mutated[Int.random(in: 0..<mutated.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
            case 1: mutated.removeLast(Int.random(in: 1...mutated.count, using: &generator))
            default: mutated = generator.bytes(Int.random(in: 0..<300, using: &generator))
            }
            #expect(throws: (any Error).self, "round \(round)") { try WalletFile.open(mutated, key.protection) }
        }
    }

    @Test func `is replaced whole, readable by its owner only`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("wallet-\(SecureRandom.hash())").path
        try PrivateFile.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/a.wallet"
        try PrivateFile.write([1, 2, 3], to: path, overwrite: false)
        #expect(throws: ClientError.walletExists(path)) { try PrivateFile.write([4], to: path, overwrite: false) }
        #expect(try PrivateFile.read(path, limit: 10) == [1, 2, 3])
        try PrivateFile.write([4, 5], to: path, overwrite: true)
        #expect(try PrivateFile.read(path, limit: 10) == [4, 5])
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.wallet"])
    }
}

@Suite struct `Recovery codes` {
    @Test(arguments: Wallet.KeyType.allCases, Wallet.Sealing.allCases)
    func `bring back account, sealing key and subject keys`(keyType: Wallet.KeyType, sealing: Wallet.Sealing) throws {
        let wallet = try Wallet(name: "anna", keyType: keyType, sealing: sealing)
        let restored = try RecoveryCode.wallet(RecoveryCode.text(wallet), name: "anna again")
        #expect(restored.address == wallet.address)
        #expect(restored.sealingKey.publicKey == wallet.sealingKey.publicKey)
        let commitment = { (wallet: Wallet) in wallet.subjectKey(chainID: "jupiter-id", dataset: "d").commitment }
        #expect(commitment(restored) == commitment(wallet))
    }

    @Test func `notice a wrong character`() throws {
        let code = RecoveryCode.text(try Wallet(name: "anna"))
        var characters = Array(code)
        let last = characters.count - 1
        characters[last] = characters[last] == "q" ? "p" : "q"
        #expect(throws: ClientError.malformedRecoveryCode) { try RecoveryCode.wallet(String(characters), name: "x") }
    }

    @Test func `differ between datasets and chains`() throws {
        let wallet = try Wallet(name: "anna")
        let commitments = ["a/x", "a/y", "b/x"].map { text in
            let parts = text.split(separator: "/").map(String.init)
            return wallet.subjectKey(chainID: parts[0], dataset: parts[1]).commitment
        }
        #expect(Set(commitments).count == 3)
    }
}

@Suite struct `Record keys` {
    @Test func `are taken once, even after a restore`() throws {
        var wallet = try Wallet(name: "anna")
        #expect(wallet.takeKeyIndex(chainID: "c", dataset: "d") == 0)
        #expect(wallet.takeKeyIndex(chainID: "c", dataset: "d") == 1)
        #expect(wallet.takeKeyIndex(chainID: "c", dataset: "e") == 0)
        var restored = try RecoveryCode.wallet(RecoveryCode.text(wallet), name: "anna")
        #expect(restored.takeKeyIndex(chainID: "c", dataset: "d", used: 1) == 2)
    }
}
