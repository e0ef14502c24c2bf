import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Who votes in an epoch, and with what weight.
package struct ValidatorSet: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        /// Ed25519.
        package let key: Hash32
        package let votingWeight: UInt64
        package let leaderWeight: UInt64

        package init(key: Hash32, votingWeight: UInt64, leaderWeight: UInt64) {
            (self.key, self.votingWeight, self.leaderWeight) = (key, votingWeight, leaderWeight)
        }
    }

    package let members: [Member]
    /// The exact bytes that `hash` is of.
    package let bytes: [UInt8]
    package let hash: Hash32
    package let totalWeight: UInt64

    /// - Throws: `invalidValidators` for no members, too many, repeated keys, no weight, or a total above 2⁶⁰.
    package init(_ members: [Member]) throws(BlockError) {
        guard (1...Limits.validators).contains(members.count), Set(members.map(\.key)).count == members.count else {
            throw .invalidValidators
        }
        var total: UInt64 = 0
        for member in members {
            // Bounding each keeps the sum, and three times the sum, inside 64 bits.
            guard member.votingWeight <= 1 << 50, member.leaderWeight <= 1 << 50 else { throw .invalidValidators }
            total += member.votingWeight
        }
        guard total > 0 else { throw .invalidValidators }
        var wire = WireValidatorSet()
        wire.validators = members.map { member in
            var validator = WireValidator()
            validator.publicKey = .init(member.key.bytes)
            validator.votingWeight = member.votingWeight
            validator.leaderWeight = member.leaderWeight
            return validator
        }
        self.members = members
        self.totalWeight = total
        self.bytes = wire.encoded()
        self.hash = Digest.hash(.validatorSetHash, bytes)
    }

    package init(_ wire: WireValidatorSet) throws(BlockError) {
        var members: [Member] = []
        for validator in wire.validators {
            guard let key = Hash32(validator.publicKey) else { throw .invalidValidators }
            members.append(Member(key: key, votingWeight: validator.votingWeight, leaderWeight: validator.leaderWeight))
        }
        try self.init(members)
    }

    package init(decoding bytes: [UInt8]) throws(BlockError) {
        guard let wire = try? WireValidatorSet(strictly: bytes, limit: Limits.validatorSet) else { throw .malformed }
        try self.init(wire)
    }
}
