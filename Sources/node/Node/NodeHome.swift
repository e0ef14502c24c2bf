import ChainTypes
import Cryptography
import Foundation
import Glibc
import Networking
import Primitives

/// The folder of one chain's node: `genesis.bin`, `genesis.json`, `node.json`, `validator.key`, `operator.key`, `peer.key`,
/// `peer.pem`, `votes.wal`, `data/`.
package struct NodeHome: Sendable, Equatable {
    /// An absolute or relative path, without a slash at the end.
    package let path: String

    package init(path: String) { self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path }

    /// The node of `chainID` below Jupiter's home (`~/.jupiter`).
    package init(jupiterHome: String, chainID: String) { self.init(path: jupiterHome + "/node/" + chainID) }

    package var genesisFile: String { path + "/genesis.bin" }
    package var genesisTextFile: String { path + "/genesis.json" }
    package var configurationFile: String { path + "/node.json" }
    package var validatorKeyFile: String { path + "/validator.key" }
    package var operatorKeyFile: String { path + "/operator.key" }
    /// The key under which other nodes know this one, encrypted, and its certificate.
    package var peerKeyFile: String { path + "/peer.key" }
    package var peerCertificateFile: String { path + "/peer.pem" }
    /// What the validator signed. Made with the home, so a home without it has lost it.
    package var votesLogFile: String { path + "/votes.wal" }
    package var dataFolder: String { path + "/data" }
    package var lockFile: String { path + "/lock" }

    package var exists: Bool { access(genesisFile, F_OK) == 0 }

    /// The genesis of the chain.
    package func genesis() throws -> Genesis {
        guard exists else { throw NodeError.homeMissing(path) }
        return try Genesis(decoding: try Self.read(genesisFile, limit: Limits.genesis))
    }

    /// `node.json` with the environment and flags on top.
    package func configuration(environment: [String: String], flags: [String: String] = [:]) throws -> NodeConfiguration {
        guard exists else { throw NodeError.homeMissing(path) }
        return try NodeConfiguration.load(
            file: try Self.read(configurationFile, limit: 64 << 10), environment: environment, flags: flags)
    }

    /// By which other nodes know this one.
    package func peerIdentity(passphrase: String) throws -> NodeIdentity {
        let certificate = String(decoding: try Self.read(peerCertificateFile, limit: 16 << 10), as: UTF8.self)
        let key = String(decoding: try PeerKeyFile.read(peerKeyFile, passphrase: passphrase), as: UTF8.self)
        do { return try NodeIdentity(privateKeyPEM: key, certificatePEM: certificate) } catch { throw NodeError.keyFile(peerKeyFile) }
    }

    static func read(_ path: String, limit: Int) throws -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw NodeError.homeMissing(path) }
        defer { try? handle.close() }
        return [UInt8](try handle.read(upToCount: limit) ?? Data())
    }

    /// Writes a file that only its owner can read and that is on disk when this returns.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw errno == EEXIST ? NodeError.homeExists(path) : NodeError.invalidConfiguration("cannot write \(path)")
        }
        defer { close(descriptor) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw NodeError.invalidConfiguration("cannot write \(path): is the disk full?") }
            offset += count
        }
        guard fsync(descriptor) == 0 else { throw NodeError.invalidConfiguration("cannot write \(path): is the disk full?") }
    }

    static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw NodeError.invalidConfiguration("cannot make the folder \(path)") }
    }
}

/// A signing key at rest: a line that names the format, then a `PassphraseBox` of type and key.
package enum KeyFile {
    static let magic = Array("jupiter key file 1\n".utf8)

    package static func seal(_ key: SigningKey, passphrase: String) throws -> [UInt8] {
        let type: UInt8 =
            switch key.verificationKey {
            case .ed25519: 1
            case .p256: 2
            }
        return magic + (try PassphraseBox.seal([type] + key.secretBytes, passphrase: passphrase))
    }

    /// The key of the bytes of the file at `path`.
    package static func open(_ bytes: [UInt8], passphrase: String, path: String) throws(NodeError) -> SigningKey {
        guard bytes.starts(with: magic), let content = try? PassphraseBox.open(Array(bytes[magic.count...]), passphrase: passphrase),
            content.count == 33
        else { throw .keyFile(path) }
        let secret = Array(content[1...])
        let key = content[0] == 1 ? try? SigningKey.ed25519(seed: secret) : content[0] == 2 ? try? SigningKey.p256(scalar: secret) : nil
        guard let key else { throw .keyFile(path) }
        return key
    }

    package static func read(_ path: String, passphrase: String) throws -> SigningKey {
        try open(try NodeHome.read(path, limit: 4 << 10), passphrase: passphrase, path: path)
    }
}

/// A node's TLS key at rest: a line that names the format, then a `PassphraseBox` of the key in PEM (PKCS#8).
enum PeerKeyFile {
    static let magic = Array("jupiter peer key 1\n".utf8)

    static func seal(_ identity: NodeIdentity, passphrase: String) throws -> [UInt8] {
        magic + (try PassphraseBox.seal(Array(identity.privateKeyPEM.utf8), passphrase: passphrase))
    }

    static func read(_ path: String, passphrase: String) throws -> [UInt8] {
        let bytes = try NodeHome.read(path, limit: 4 << 10)
        guard bytes.starts(with: magic), let key = try? PassphraseBox.open(Array(bytes[magic.count...]), passphrase: passphrase) else {
            throw NodeError.keyFile(path)
        }
        return key
    }
}
