import ChainTypes
import Cryptography
import Primitives

/// A validator set as CometBFT holds it: those with weight, the heaviest first, ties by address.
package struct CometValidators: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        /// Ed25519.
        package let key: Hash32
        /// The voting weight.
        package let power: UInt64
        /// 20 bytes.
        package let address: [UInt8]
    }

    package let members: [Member]
    package let totalPower: UInt64
    /// CometBFT's hash of the set: the tree over keys and powers.
    package let hash: Hash32

    package init(_ set: ValidatorSet) {
        let members = set.members.filter { $0.votingWeight > 0 }
            .map { Member(key: $0.key, power: $0.votingWeight, address: Self.address(of: $0.key)) }
            .sorted { $0.power != $1.power ? $0.power > $1.power : $0.address.lexicographicallyPrecedes($1.address) }
        self.members = members
        totalPower = set.totalWeight
        hash = CometTree.root(members.map(Self.leaf))
    }

    /// How CometBFT names the validator with this key: the first 20 bytes of SHA-256 of the key.
    package static func address(of key: Hash32) -> [UInt8] { Array(Digest.plain(key.bytes).bytes.prefix(20)) }

    private static func leaf(_ member: Member) -> [UInt8] {
        var key = CometEncoder()
        key.content(1, member.key.bytes)
        var validator = CometEncoder()
        validator.message(1, key.bytes)
        validator.number(2, member.power)
        return validator.bytes
    }
}
