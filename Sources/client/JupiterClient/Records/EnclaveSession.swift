import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// To whom a wallet seals: an enclave's key of the day, which the node shows and the enclave has signed (docs/spec/enclave.md §3).
package struct EnclaveSession: Sendable, Equatable {
    /// The chain.
    package let chainID: String
    /// Its id on the chain.
    package let enclave: Hash32
    /// What it is on the chain.
    package let identity: WireEnclaveIdentity
    /// What to seal to.
    package let key: SealingPublicKey

    /// Checks what a node shows.
    ///
    /// - Parameter enclave: its key has to have signed the session, for the start that the chain knows: so the host can neither put its own
    ///   key there nor bring back that of an earlier start.
    /// - Throws: `sessionInvalid`.
    package init(_ session: WireSessionKey, of enclave: CheckedEnclave) throws(ClientError) {
        let (chainID, entry) = (enclave.chain.chainID, enclave.entry)
        guard let signer = Hash32(entry.identity.signingKey) else { throw .sessionInvalid("the enclave has no signing key") }
        let statement = EnclaveStatement.session(chainID: chainID, session)
        do throws(CryptographyError) {
            try VerificationKey.ed25519(signer).verify([UInt8](session.signature), of: statement, context: .sessionKey)
        } catch { throw .sessionInvalid("the enclave has not signed it") }
        guard session.nonce == entry.anchorNonce else { throw .sessionInvalid("it is of another start than the chain knows") }
        // What is sealed to the enclave today must stay closed to tomorrow's machines: no session falls below the vault key's suite.
        guard session.key.suite == entry.identity.vaultKey.suite, let key = try? SealingPublicKey(session.key) else {
            throw .sessionInvalid("its key is not one of the enclave's suite")
        }
        (self.chainID, self.enclave, identity, self.key) = (chainID, enclave.id, entry.identity, key)
    }
}
