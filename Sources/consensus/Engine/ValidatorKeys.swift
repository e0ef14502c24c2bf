import Cryptography
import Primitives
import Simplex

/// A validator's Ed25519 key, and the checks of the others' votes.
package struct ValidatorKeys: VoteKeys {
    private let key: SigningKey?

    /// - Parameter key: `nil` for a node that only follows.
    package init(_ key: SigningKey?) { self.key = key }

    /// The public key, when it is one that may vote.
    package var own: Hash32? {
        guard case .ed25519(let own) = key?.verificationKey else { return nil }
        return own
    }

    package func sign(_ statement: [UInt8]) -> [UInt8] {
        // An Ed25519 signature with a key in memory cannot fail; an empty one would count for nobody.
        (try? key?.sign(statement, context: .vote)) ?? []
    }

    package func isValid(_ signature: [UInt8], of statement: [UInt8], by key: Hash32) -> Bool {
        (try? VerificationKey.ed25519(key).verify(signature, of: statement, context: .vote)) != nil
    }
}
