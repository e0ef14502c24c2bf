import ChainTypes
import Crypto
import Cryptography
import Foundation
import Primitives
import WireTypes

extension KeySearch {
    /// What was sealed to somebody, and may have been kept by whoever carried it.
    package struct Message: Sendable {
        fileprivate enum Content: Sendable {
            case sealed(WireSealedMessage, Context, associated: [UInt8])
            case package(WireRecoveryPackage)
        }

        fileprivate let name: String
        fileprivate let content: Content

        /// An enrolment, or a part for a replica.
        package static func sealed(_ name: String, _ message: WireSealedMessage, _ context: Context, associated: [UInt8]) -> Message {
            Message(name: name, content: .sealed(message, context, associated: associated))
        }

        /// A recovery package, with those of its shares that still exist.
        package static func package(_ name: String, _ package: WireRecoveryPackage) -> Message {
            Message(name: name, content: .package(package))
        }
    }

    /// Opens `messages` with enclaves' vault keys that are found in opened vaults, and with whatever lies there in 32 bytes of its own:
    /// holders' keys.
    package static func messages(_ messages: [Message]) -> Opener {
        { parts, _ in
            let secrets = Set(parts.flatMap(vaultKeys) + parts.filter { $0.bytes.count == 32 }.map(\.bytes))
            return messages.flatMap { message in
                let found: [[UInt8]]
                switch message.content {
                case .sealed(let sealed, let context, let associated):
                    found = open(sealed, context, associated: associated, secrets).map { [$0] } ?? []
                case .package(let package): found = open(package, secrets)
                }
                return found.map { Part(name: "opened \(message.name)", bytes: Data($0), isOpened: true) }
            }
        }
    }

    private static func open(_ message: WireSealedMessage, _ context: Context, associated: [UInt8], _ secrets: Set<Data>) -> [UInt8]? {
        guard let box = try? SealedBox(message), let suite = SealingSuiteID(message.suite) else { return nil }
        for secret in secrets {
            guard let key = try? SealingPrivateKey(suite: suite, secretBytes: [UInt8](secret)),
                let bytes = try? key.open(box, context: context, associated: associated)
            else { continue }
            return bytes
        }
        return nil
    }

    /// The shares that open, and with a threshold of them the vault in the package.
    private static func open(_ package: WireRecoveryPackage, _ secrets: Set<Data>) -> [[UInt8]] {
        let binding = EnclaveStatement.recoveryBinding(package)
        let opened = package.shares.compactMap { share in
            open(share.share, .recoveryShare, associated: binding + [UInt8(truncatingIfNeeded: share.index)], secrets).map {
                (UInt8(truncatingIfNeeded: share.index), $0)
            }
        }
        let shares = opened.compactMap { try? SecretSharing.Share(index: $0.0, bytes: $0.1) }
        guard let secret = try? SecretSharing.combine(shares, threshold: Int(package.threshold)),
            let key = try? AuthenticatedEncryption.key(secret),
            let vault = try? AuthenticatedEncryption.open(
                [UInt8](package.sealedVault), key: key, context: .recoveryVault, associated: binding)
        else { return opened.map(\.1) }
        return opened.map(\.1) + [secret, vault]
    }

    /// The vault keys in an opened batch of a vault's log: entries with their lengths before them.
    private static func vaultKeys(_ part: Part) -> [Data] {
        guard part.isOpened else { return [] }
        var (rest, keys): (Data, [Data]) = (part.bytes, [])
        while rest.count > 4 {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 4 + length,
                let entry = try? WireVaultEntry(strictly: [UInt8](rest.dropFirst(4).prefix(length)), limit: length)
            else { return keys }
            if case .identity(let identity) = entry.change { keys.append(identity.vaultKey) }
            rest = Data(rest.dropFirst(4 + length))
        }
        return keys
    }
}
