import ChainTypes
import Cryptography
import Foundation
import Glibc
import Ledger
import LightClient
import Primitives
import Storage
import WireTypes

/// What a backup is of: `backup.json`, next to a node's files.
package struct BackupManifest: Codable, Sendable, Equatable {
    package static let version = 1

    package let version: Int
    package let chainId: String
    package let genesisHash: String
    package let height: UInt64
    package let headHash: String
    package let stateRoot: String
}

extension JupiterNode {
    /// Never the log of votes: a copy of it would let the validator contradict what it signed since.
    private static let copied = ["genesis.bin", "genesis.json", "node.json", "validator.key", "operator.key", "peer.key", "peer.pem"]

    /// Copies a stopped node into the new folder `path`: its chain as of now, its configuration, its keys still encrypted.
    ///
    /// - Throws: `running`, `homeMissing`, or `homeExists` when there is something at `path`.
    package static func backup(_ home: NodeHome, to path: String) throws -> BackupManifest {
        let genesis = try home.genesis()
        guard access(path, F_OK) != 0 else { throw NodeError.homeExists(path) }
        let store: ChainStore
        do throws(StorageError) { store = try ChainStore(path: home.dataFolder) } catch {
            if case .locked = error { throw NodeError.running(home.path) }
            throw error
        }
        defer { store.close() }
        let head = try LedgerApplication(store: store, genesis: genesis).head
        let manifest = BackupManifest(
            version: BackupManifest.version, chainId: genesis.chainID, genesisHash: "\(genesis.hash)", height: head.height,
            headHash: "\(head.blockHash)", stateRoot: "\(head.stateRoot)")
        let scratch = path + ".partial"
        try? FileManager.default.removeItem(atPath: scratch)
        do {
            try NodeHome.makeFolder(scratch)
            // What is erased is in no file that is copied.
            while try store.purgeErased() {}
            try store.checkpoint(to: scratch + "/data")
            for name in copied { try NodeHome.write(NodeHome.read(home.path + "/" + name, limit: 2 << 20), to: scratch + "/" + name) }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try NodeHome.write(Array(try encoder.encode(manifest)), to: scratch + "/backup.json")
            guard rename(scratch, path) == 0 else { throw NodeError.homeExists(path) }
        } catch {
            try? FileManager.default.removeItem(atPath: scratch)
            throw error
        }
        return manifest
    }

    /// Makes a node's home from a backup, after checking that genesis, head, certificate and state root agree.
    ///
    /// - Throws: `backupInvalid`, or `homeExists`: a home is never written over.
    package static func restore(from path: String, to home: NodeHome) throws -> BackupManifest {
        guard access(home.path, F_OK) != 0 else { throw NodeError.homeExists(home.path) }
        guard let data = try? NodeHome.read(path + "/backup.json", limit: 64 << 10),
            let manifest = try? JSONDecoder().decode(BackupManifest.self, from: Data(data))
        else { throw NodeError.backupInvalid("backup.json is missing or damaged") }
        guard manifest.version == BackupManifest.version else { throw NodeError.backupInvalid("made by another version of this program") }
        let scratch = NodeHome(path: home.path + ".partial")
        try? FileManager.default.removeItem(atPath: scratch.path)
        do {
            try NodeHome.makeFolder(scratch.path)
            for name in copied {
                try NodeHome.write(NodeHome.read(path + "/" + name, limit: 2 << 20), to: scratch.path + "/" + name)
            }
            try FileManager.default.copyItem(atPath: path + "/data", toPath: scratch.dataFolder)
            try verify(scratch, manifest)
            guard rename(scratch.path, home.path) == 0 else { throw NodeError.homeExists(home.path) }
        } catch {
            try? FileManager.default.removeItem(atPath: scratch.path)
            throw error is NodeError ? error : NodeError.backupInvalid(EnclaveHost.text(error))
        }
        return manifest
    }

    private static func verify(_ home: NodeHome, _ manifest: BackupManifest) throws {
        let genesis = try home.genesis()
        guard genesis.chainID == manifest.chainId, "\(genesis.hash)" == manifest.genesisHash else {
            throw NodeError.backupInvalid("the genesis is another one")
        }
        // Opening checks the head's block and that the state's root hashes to what the head records.
        let store = try ChainStore(path: home.dataFolder, options: .init(createIfMissing: false))
        defer { store.close() }
        let ledger = try LedgerApplication(store: store, genesis: genesis)
        let head = ledger.head
        guard head.height == manifest.height, "\(head.blockHash)" == manifest.headHash, "\(head.stateRoot)" == manifest.stateRoot else {
            throw NodeError.backupInvalid("the newest block or state is not the one that was backed up")
        }
        guard head.height > 0 else { return }
        let view = ChainView(genesis: genesis, ledger: ledger, archive: store)
        var client = LightVerifier(genesis: genesis)
        while true {
            let path = try view.path(after: client.trusted.height)
            if path.isEmpty { break }
            for certified in path { try client.accept(certified) }
        }
        // Where proof comes after the block, the newest blocks cannot have it yet.
        let lag = FinalityRules(genesis: genesis).lag
        guard client.trusted.height + lag >= head.height,
            try client.trusted.height == 0 || ledger.header(client.trusted.height)?.hash == client.trusted.headerHash
        else {
            throw NodeError.backupInvalid("the newest block has no certificate: take the backup again")
        }
    }
}
