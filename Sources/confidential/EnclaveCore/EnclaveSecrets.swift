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
    let vaultKey: SealingPrivateKey
    /// Result keys derive from it.
    let resultSecret: SymmetricKey

    /// New keys. The vault key is X-Wing: what is sealed to it today must stay closed to tomorrow's machines.
    init() throws(VaultError) {
        signingKey = .ed25519()
        guard let vaultKey = try? SealingPrivateKey(suite: .xwing) else { throw .cannotOpen }
        self.vaultKey = vaultKey
        resultSecret = AuthenticatedEncryption.randomKey()
    }

    /// The keys in the vault.
    init(_ wire: WireVaultIdentity) throws(VaultError) {
        guard let suite = SealingSuiteID(wire.suite), let signingKey = try? SigningKey.ed25519(seed: [UInt8](wire.signingKey)),
            let vaultKey = try? SealingPrivateKey(suite: suite, secretBytes: [UInt8](wire.vaultKey)),
            let resultSecret = try? AuthenticatedEncryption.key(wire.resultSecret)
        else { throw .damaged }
        (self.signingKey, self.vaultKey, self.resultSecret) = (signingKey, vaultKey, resultSecret)
    }

    /// For the vault of the chain that `genesis` begins.
    func wire(genesis: Hash32) -> WireVaultIdentity {
        var wire = WireVaultIdentity()
        wire.signingKey = .init(signingKey.secretBytes)
        wire.vaultKey = .init(vaultKey.secretBytes)
        wire.resultSecret = .init(resultSecret.withUnsafeBytes { [UInt8]($0) })
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

    /// Under which other enclaves' outputs are compared with that of one sealed result: 32 bytes.
    func confirmationSalt(job: Hash32, salt: [UInt8]) -> [UInt8] {
        KeyDerivation.derive(resultSecret, context: .confirmationSalt, identifier: job.bytes + salt).withUnsafeBytes { [UInt8]($0) }
    }

    /// The key of one sealed result: of the job, of whom it is for, and of the result's own salt. So two runs of one subscription share
    /// no key, and a key box for anybody but the recipient that the run was checked with would hold a key that opens nothing.
    func resultKey(job: Hash32, recipient: Hash32, salt: [UInt8]) -> SymmetricKey {
        KeyDerivation.derive(resultSecret, context: .resultKey, identifier: job.bytes + recipient.bytes + salt)
    }
}
