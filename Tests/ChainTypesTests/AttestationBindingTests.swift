import ChainTypes
import Cryptography
import Foundation
import Primitives
import Testing
import WireTypes

@Suite struct `An attestation binding` {
    static func binding(
        chain: String = "a", role: String = AttestationBinding.vaultRole, height: UInt64 = 1, block: Int = 1, challenge: Hash32? = nil,
        _ change: (inout WireEnclaveIdentity) -> Void = { _ in }
    ) -> AttestationBinding {
        var identity = `Enclave statements`.identity
        change(&identity)
        return AttestationBinding(
            chainID: chain, role: role, identity: identity, height: height, block: Samples.hash(UInt8(block)), challenge: challenge)
    }

    @Test func `changes with each of its parts`() {
        let all = [
            Self.binding(), Self.binding(chain: "b"), Self.binding(role: "worker"), Self.binding(height: 2), Self.binding(block: 2),
            Self.binding(challenge: Samples.hash(9)), Self.binding { $0.platform = "tpm" }, Self.binding { $0.signingKey[0] ^= 1 },
            Self.binding { $0.vaultKey.key[0] ^= 1 }, Self.binding { $0.vaultKey.suite = .xwing },
            Self.binding { $0.measurement = Samples.data(7) },
        ]
        #expect(Set(all.map(\.bytes64)).count == all.count)
        #expect(Set(all.map(\.bytes32)).count == all.count)
        #expect(all.allSatisfy { $0.bytes64.count == 64 })
    }

    @Test func `has no two readings: bytes cannot move from one part to the next`() {
        #expect(Self.binding(chain: "ab", role: "c").preimage != Self.binding(chain: "a", role: "bc").preimage)
        let long = Self.binding {
            $0.signingKey += $0.vaultKey.key
            $0.vaultKey.key = Data()
        }
        #expect(long.preimage != Self.binding().preimage)
    }

    @Test func `answers the challenge, or the block when nobody asked`() {
        #expect(Self.binding().nonce == Samples.hash(1))
        #expect(Self.binding(challenge: Samples.hash(9)).nonce == Samples.hash(9))
    }
}
