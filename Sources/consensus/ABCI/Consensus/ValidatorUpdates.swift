import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives

/// A set of validators, or its change, as CometBFT takes it (docs/spec/abci.md §4).
package enum ValidatorUpdates {
    /// The bytes of an address.
    package static let addressBytes = 20

    /// The first 20 bytes of the key's SHA-256.
    package static func address(of key: Hash32) -> [UInt8] { Array(Digest.plain(key.bytes).bytes.prefix(addressBytes)) }

    /// The one of `keys` with this address.
    package static func key(at address: Data, among keys: some Sequence<Hash32>) -> Hash32? {
        guard address.count == addressBytes else { return nil }
        return keys.first { self.address(of: $0).elementsEqual(address) }
    }

    /// The whole set: everybody who has a vote.
    package static func updates(_ set: ValidatorSet) -> [ABCIValidatorUpdate] {
        set.members.filter { $0.votingWeight > 0 }.map { update($0.key, power: $0.votingWeight) }
    }

    /// What turns `present` into `following`, in the order of the members: first of `following`, then those who leave.
    package static func updates(from present: ValidatorSet, to following: ValidatorSet) -> [ABCIValidatorUpdate] {
        let before = weights(present)
        let after = weights(following)
        let changed = following.members.filter { $0.votingWeight > 0 && before[$0.key] != $0.votingWeight }
        let gone = present.members.filter { $0.votingWeight > 0 && after[$0.key] == nil }
        return changed.map { update($0.key, power: $0.votingWeight) } + gone.map { update($0.key, power: 0) }
    }

    private static func weights(_ set: ValidatorSet) -> [Hash32: UInt64] {
        Dictionary(set.members.filter { $0.votingWeight > 0 }.map { ($0.key, $0.votingWeight) }) { first, _ in first }
    }

    private static func update(_ key: Hash32, power: UInt64) -> ABCIValidatorUpdate {
        var update = ABCIValidatorUpdate()
        update.pubKey.ed25519 = .init(key.bytes)
        // `ValidatorSet` bounds every weight by 2⁵⁰.
        update.power = Int64(power)
        return update
    }

    /// Refuses validators that could never vote here: with other keys than Ed25519's, or such as no signature is accepted of.
    package static func check(_ updates: [ABCIValidatorUpdate]) throws(ABCIError) {
        for update in updates {
            guard case .ed25519(let bytes) = update.pubKey.key, let key = Hash32(bytes), VerificationKey.ed25519(key).isUsable else {
                throw .badValidatorKey
            }
        }
    }
}
