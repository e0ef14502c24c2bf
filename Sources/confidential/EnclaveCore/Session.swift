import ChainTypes
import Cryptography
import EnclaveProtocol
import FoundationEssentials
import PlatformProtocol
import Primitives
import WireTypes

/// What is sealed to the enclave now (docs/spec/enclave.md §3): subject keys, parts of vaults, shares of recovery keys.
///
/// The private key is drawn here and is nowhere but in this process's memory, for one start at the most. Whoever recorded what was sent
/// and gets the vault later, with every key in it, opens nothing.
struct Session {
    /// Opens what was sealed to `announcement.key`.
    let key: SealingPrivateKey
    /// Key, number, nonce and the enclave's signature, for whoever seals.
    let announcement: WireSessionKey

    /// A new key.
    /// - Parameters:
    ///   - number: of the start's keys, from 1.
    ///   - nonce: of the start; the chain has it once the start is anchored.
    init(number: UInt64, nonce: Hash32, chainID: String, secrets: EnclaveSecrets) throws(VaultError) {
        guard let key = try? SealingPrivateKey(suite: secrets.vaultKey.publicKey.suite) else { throw .cannotOpen }
        var wire = WireSessionKey()
        (wire.key, wire.number, wire.nonce) = (key.publicKey.wire, number, .init(nonce.bytes))
        guard let signature = try? secrets.signingKey.sign(EnclaveStatement.session(chainID: chainID, wire), context: .sessionKey) else {
            throw .cannotOpen
        }
        wire.signature = .init(signature)
        (self.key, announcement) = (key, wire)
    }
}

extension EnclaveMachine {
    /// Draws the next key and forgets this one: what was sealed to it before can no longer be opened by anybody.
    mutating func beginSession() throws(VaultError) {
        session = try Session(number: session.announcement.number + 1, nonce: startNonce, chainID: chainID, secrets: secrets)
    }

    /// What is inside a box that was sealed to this session.
    /// - Throws: `otherSession` when it was sealed to any other key, the vault key included, or was altered.
    func unseal(_ sealed: WireSealedMessage, _ context: Context, associated: [UInt8]) throws(EnclaveError) -> [UInt8] {
        guard let box = try? SealedBox(sealed), let bytes = try? session.key.open(box, context: context, associated: associated) else {
            throw .otherSession
        }
        return bytes
    }
}
