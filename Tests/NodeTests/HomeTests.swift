import ChainTypes
import Cryptography
import Foundation
import Networking
import Node
import Primitives
import Testing
import WireTypes

@Suite struct `Homes and backups` {
    private func folder() throws -> String {
        let path = NSTemporaryDirectory() + "jupiter-home-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    @Test func `a new home has a chain, encrypted keys and a port of its own`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let friend = SigningKey.ed25519().address
        var initialiser = NodeInitialiser(chainID: "jupiter-sg")
        initialiser.allocations = [(friend, 5)]
        let home = NodeHome(jupiterHome: folder, chainID: "jupiter-sg")
        let made = try initialiser.initialise(home, passphrase: "secret")
        #expect(home.path == folder + "/node/jupiter-sg")
        #expect(try home.genesis().hash == made.genesis.hash && made.genesis.operatorAccount == made.operatorAccount)
        #expect(made.genesis.wire.allocations.contains { Address($0.account) == friend && $0.amount == 5 })
        #expect(made.configuration.apiPort > 1024)
        #expect(try home.configuration(environment: [:]) == made.configuration)
        for file in [home.validatorKeyFile, home.operatorKeyFile, home.peerKeyFile, home.votesLogFile] {
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
        #expect(try KeyFile.read(home.operatorKeyFile, passphrase: "secret").address == made.operatorAccount)
        #expect(throws: NodeError.homeExists(home.path)) { try initialiser.initialise(home, passphrase: "secret") }
        var bad = NodeInitialiser(chainID: "Not A Chain")
        bad.operatorBalance = 1
        #expect(throws: BlockError.invalidGenesis) { try bad.initialise(NodeHome(path: folder + "/x"), passphrase: "secret") }
        #expect(!FileManager.default.fileExists(atPath: folder + "/x") && !FileManager.default.fileExists(atPath: folder + "/x.new"))
    }

    /// A node that ran until it had a few blocks.
    private func ranNode(_ folder: String) async throws -> NodeHome {
        let home = NodeHome(path: folder + "/node")
        _ = try NodeInitialiser(chainID: "jupiter-sg").initialise(home, passphrase: "secret")
        var configuration = try home.configuration(environment: [:])
        (configuration.blockInterval, configuration.logLevel) = (1, "critical")
        let node = try JupiterNode(home: home, configuration: configuration, passphrase: "secret")
        let run = Task { try await node.run() }
        let events = try #require(node.events.subscribe())
        for await event in events { if case .block(let block) = event, block.height >= 2 { break } }
        #expect(throws: NodeError.running(home.path)) { try JupiterNode.backup(home, to: folder + "/early") }
        run.cancel()
        try await run.value
        return home
    }

    @Test func `a backup restores to the same head, and a damaged one does not`() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let home = try await ranNode(folder)
        let manifest = try JupiterNode.backup(home, to: folder + "/backup")
        #expect(manifest.height >= 2)
        #expect(throws: NodeError.homeExists(folder + "/backup")) { try JupiterNode.backup(home, to: folder + "/backup") }
        #expect(throws: NodeError.homeExists(home.path)) { try JupiterNode.restore(from: folder + "/backup", to: home) }
        let restored = NodeHome(path: folder + "/restored")
        #expect(try JupiterNode.restore(from: folder + "/backup", to: restored) == manifest)
        let identities = try [home, restored].map { try $0.peerIdentity(passphrase: "secret").nodeID }
        #expect(identities[0] == identities[1])
        // Whoever restores a validator has lost its log, and must see that.
        #expect(FileManager.default.fileExists(atPath: home.votesLogFile))
        for copy in [NodeHome(path: folder + "/backup"), restored] {
            #expect(!FileManager.default.fileExists(atPath: copy.votesLogFile))
        }
        let node = try JupiterNode(home: restored, configuration: NodeConfiguration(), passphrase: "secret")
        #expect(node.view.head.height == manifest.height && "\(node.view.head.stateRoot)" == manifest.stateRoot)

        let text = try String(contentsOfFile: folder + "/backup/backup.json", encoding: .utf8)
        let other = text.replacingOccurrences(of: manifest.stateRoot, with: String(repeating: "0", count: 64))
        try other.write(toFile: folder + "/backup/backup.json", atomically: true, encoding: .utf8)
        let third = NodeHome(path: folder + "/third")
        #expect(throws: NodeError.self) { try JupiterNode.restore(from: folder + "/backup", to: third) }
        #expect(!third.exists && !FileManager.default.fileExists(atPath: third.path + ".partial"))
    }
}

@Suite struct `The passphrase of a home` {
    private func address(_ path: String, _ passphrase: String) throws -> Address {
        try KeyFile.read(path, passphrase: passphrase).address
    }

    @Test func `changes for every key, also when a run before was cut off`() throws {
        let home = NodeHome(path: NSTemporaryDirectory() + "jupiter-home-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(atPath: home.path) }
        let made = try NodeInitialiser(chainID: "jupiter-sg").initialise(home, passphrase: "old")
        let validator = try address(home.validatorKeyFile, "old")
        let before = try Data(contentsOf: URL(fileURLWithPath: home.operatorKeyFile))
        #expect(throws: NodeError.keyFile(home.validatorKeyFile)) { try home.changePassphrase(from: "wrong", to: "new") }
        #expect(throws: NodeError.passphraseMissing) { try home.changePassphrase(from: "old", to: "") }
        try home.changePassphrase(from: "old", to: "new")
        #expect(throws: NodeError.keyFile(home.operatorKeyFile)) { try address(home.operatorKeyFile, "old") }
        // As if it had stopped between two files.
        try before.write(to: URL(fileURLWithPath: home.operatorKeyFile))
        try Data("half".utf8).write(to: URL(fileURLWithPath: home.peerKeyFile + ".new"))
        try home.changePassphrase(from: "old", to: "new")
        #expect(try address(home.operatorKeyFile, "new") == made.operatorAccount)
        #expect(try address(home.validatorKeyFile, "new") == validator)
        #expect(try home.peerIdentity(passphrase: "new").nodeID == made.nodeID)
        for file in [home.validatorKeyFile, home.operatorKeyFile, home.peerKeyFile] {
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? NSNumber
            #expect(mode?.intValue == 0o600 && !FileManager.default.fileExists(atPath: file + ".new"))
        }
        #expect(throws: NodeError.keyFile(home.validatorKeyFile)) { try home.changePassphrase(from: "old", to: "third") }
    }
}
