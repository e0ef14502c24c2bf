import Attestation
import ChainTypes
import Crypto
import Cryptography
import FoundationEssentials
import PlatformProtocol
import Primitives
import WireTypes

/// The keys that make an enclave, made at its first start and never outside its vault.
struct EnclaveSecrets {
    let signingKey: SigningKey
    /// For what the chain carries and a later start has to open: the salts of confirmations, and nothing else. All that brings keys
    /// is sealed to the session.
    let vaultKey: SealingPrivateKey

    /// New keys. The vault key is X-Wing: what is sealed to it today must stay closed to tomorrow's machines.
    init() throws(VaultError) {
        signingKey = .ed25519()
        guard let vaultKey = try? SealingPrivateKey(suite: .xwing) else { throw .cannotOpen }
        self.vaultKey = vaultKey
    }

    /// The keys in the vault.
    init(_ wire: WireVaultIdentity) throws(VaultError) {
        guard let suite = SealingSuiteID(wire.suite), let signingKey = try? SigningKey.ed25519(seed: [UInt8](wire.signingKey)),
            let vaultKey = try? SealingPrivateKey(suite: suite, secretBytes: [UInt8](wire.vaultKey))
        else { throw .damaged }
        (self.signingKey, self.vaultKey) = (signingKey, vaultKey)
    }

    /// For the vault of the chain that `genesis` begins, with a new result secret.
    func wire(genesis: Hash32) -> WireVaultIdentity {
        var wire = WireVaultIdentity()
        wire.signingKey = .init(signingKey.secretBytes)
        wire.vaultKey = .init(vaultKey.secretBytes)
        wire.resultSecret = ResultSecret().bytes
        wire.suite = vaultKey.publicKey.suite.wire
        wire.genesis = .init(genesis.bytes)
        return wire
    }

    /// What others know the enclave by.
    func identity(platform: some EnclavePlatform) -> WireEnclaveIdentity {
        var identity = WireEnclaveIdentity()
        identity.platform = platform.name
        identity.signingKey = .init(signingKey.verificationKey.bytes)
        identity.vaultKey = vaultKey.publicKey.wire
        identity.measurement = .init(platform.measurement.bytes)
        return identity
    }
}
