import Cryptography
import Primitives
import TestVectors
import Testing

@Suite struct `Addresses` {
    @Test func `An address is the text of the hash of type and key`() throws {
        let pinned = try NamedValue.load("cryptography")
        let seed = (0..<32).map(UInt8.init)
        #expect(try SigningKey.ed25519(seed: seed).address.description == pinned["ed25519 address"])
        let key = try SigningKey.p256(scalar: seed)
        #expect(Hex.encode(key.verificationKey.bytes) == pinned["p256 public key"])
        #expect(key.address.description == pinned["p256 address"])
    }

    @Test func `The same bytes as another type of key are another account`() {
        let bytes = Hash32(1, 2, 3, 4)
        #expect(VerificationKey.ed25519(bytes).address != VerificationKey.p256(bytes.bytes).address)
    }

    @Test func `Every address survives its text, in either case`() throws {
        var generator = SeededGenerator(seed: 350)
        for _ in 0..<100 {
            let address = Address(generator.hash())
            #expect(address.description.hasPrefix("jup1"))
            #expect(address.description.utf8.count == 62)
            #expect(try Address(text: address.description) == address)
            #expect(try Address(text: address.description.uppercased()) == address)
        }
    }

    @Test func `A text with any one character wrong is refused`() throws {
        let text = Array(Address(Hash32(1, 2, 3, 4)).description.utf8)
        for position in text.indices {
            var wrong = text
            wrong[position] = wrong[position] == UInt8(ascii: "q") ? UInt8(ascii: "p") : UInt8(ascii: "q")
            #expect(throws: CryptographyError.malformedAddress) { try Address(text: String(decoding: wrong, as: UTF8.self)) }
        }
    }

    @Test func `Another prefix, another length and other texts are refused`() {
        let texts = [
            "", "jup", "jup1", Bech32m.encode(prefix: "jux", Hash32.zero.bytes), Bech32m.encode(prefix: "jup", [1, 2, 3]),
            Bech32m.encode(prefix: "jup", [UInt8](repeating: 0, count: 33)), "ｊup1" + String(repeating: "q", count: 58),
            Address(.zero).description + " ", " " + Address(.zero).description, Address(.zero).description + "\n",
        ]
        for text in texts { #expect(throws: CryptographyError.malformedAddress) { try Address(text: text) } }
    }

    @Test func `Left-over bits must be zero, or two texts would mean one address`() throws {
        // 256 bits fill 51 groups of five and one bit of the 52nd: the other four are padding.
        let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l")
        let text = Array(Address(.zero).description)
        var accepted = 0
        for last in alphabet.indices {
            for suffix in [text.suffix(6)] {
                let candidate = String(text.prefix(4 + 51)) + String(alphabet[last]) + String(suffix)
                if (try? Address(text: candidate)) != nil { accepted += 1 }
            }
        }
        #expect(accepted == 1)
    }

    @Test func `Addresses order like their bytes`() {
        #expect(Address(Hash32(0, 0, 0, 1)) < Address(Hash32(0, 0, 1, 0)))
        #expect(Address([UInt8](repeating: 0, count: 31)) == nil)
    }
}
