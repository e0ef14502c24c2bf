import Crypto
import Cryptography
import Primitives
import TestVectors
import Testing

/// Hostile bytes at every door of the cryptographic face: nothing crashes and nothing altered is accepted.
@Suite struct `Fuzz of cryptographic decoders` {
    @Test func `Bech32m accepts only what it would write`() throws {
        let sample = Array(Address(Hash32(1, 2, 3, 4)).description.utf8)
        HostileBytes.each([sample, Array("a1lqfn3a".utf8)]) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let (prefix, content) = Bech32m.decode(text) else { return }
            #expect(Bech32m.encode(prefix: prefix, content) == text.lowercased(), "seed \(HostileBytes.seed): \(text)")
        }
    }

    @Test func `An altered box never opens`() throws {
        let key = SymmetricKey(data: [UInt8](repeating: 5, count: 32))
        let box = try AuthenticatedEncryption.seal(Array("content".utf8), key: key, context: .record, associated: [])
        HostileBytes.each([box]) { bytes in
            let message = try? AuthenticatedEncryption.open(bytes, key: key, context: .record, associated: [])
            #expect(message == nil || bytes == box, "seed \(HostileBytes.seed): \(Hex.encode(bytes))")
        }
    }

    @Test(arguments: SealingSuiteID.allCases)
    func `An altered sealed message never opens`(suite: SealingSuiteID) throws {
        let key = try SealingPrivateKey(suite: suite)
        let box = try key.publicKey.seal(Array("content".utf8), context: .keyBox, associated: [])
        var round = 0
        HostileBytes.each([box.encapsulatedKey, box.ciphertext]) { bytes in
            let altered =
                round.isMultiple(of: 2)
                ? SealedBox(suite: suite, encapsulatedKey: bytes, ciphertext: box.ciphertext)
                : SealedBox(suite: suite, encapsulatedKey: box.encapsulatedKey, ciphertext: bytes)
            round += 1
            let message = try? key.open(altered, context: .keyBox, associated: [])
            #expect(message == nil || altered == box, "seed \(HostileBytes.seed): \(Hex.encode(bytes))")
        }
    }

    /// The limits of the header stay as they are: random ones may lawfully ask for a gibibyte.
    @Test func `An altered passphrase box never opens`() throws {
        let (box, passphrase) = try CheapBox.load()
        HostileBytes.each([Array(box[17...])]) { bytes in
            let altered = box[..<17] + bytes
            let secret = try? PassphraseBox.open(Array(altered), passphrase: passphrase)
            #expect(secret == nil || altered == box[...], "seed \(HostileBytes.seed): \(Hex.encode(bytes))")
        }
    }

    @Test func `An altered signature or key never verifies`() throws {
        for key in [
            try SigningKey.ed25519(seed: [UInt8](repeating: 1, count: 32)), try SigningKey.p256(scalar: [UInt8](repeating: 1, count: 32)),
        ] {
            let signature = try key.sign([1, 2, 3], context: .vote)
            HostileBytes.each([signature]) { bytes in
                let accepted = (try? key.verificationKey.verify(bytes, of: [1, 2, 3], context: .vote)) != nil
                #expect(!accepted || bytes == signature, "seed \(HostileBytes.seed): \(Hex.encode(bytes))")
            }
            HostileBytes.each([key.verificationKey.bytes]) { bytes in
                guard bytes != key.verificationKey.bytes else { return }
                let ed25519 = Hash32(bytes).map { VerificationKey.ed25519($0) }
                let accepted = [ed25519, .p256(bytes)].contains {
                    (try? $0?.verify(signature, of: [1, 2, 3], context: .vote)) != nil && $0 != nil
                }
                #expect(!accepted, "seed \(HostileBytes.seed): \(Hex.encode(bytes))")
            }
        }
    }
}
