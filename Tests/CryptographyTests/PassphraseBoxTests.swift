import Cryptography
import Primitives
import TestVectors
import Testing

@Suite struct `Passphrase boxes` {
    @Test func `A secret comes back with its passphrase and no other`() throws {
        let box = try PassphraseBox.seal([1, 2, 3], passphrase: "Jupiter, 木星")
        #expect(try PassphraseBox.open(box, passphrase: "Jupiter, 木星") == [1, 2, 3])
        #expect(throws: CryptographyError.wrongPassphrase) { try PassphraseBox.open(box, passphrase: "jupiter, 木星") }
        #expect(Array(box[1..<17]) == [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0])
    }

    @Test func `A wrong passphrase is told apart from an unknown version and from too few bytes`() throws {
        let (box, passphrase) = try CheapBox.load()
        #expect(throws: CryptographyError.wrongPassphrase) { try PassphraseBox.open(box, passphrase: passphrase + " ") }
        #expect(throws: CryptographyError.wrongPassphrase) { try PassphraseBox.open(box, passphrase: "") }
        #expect(throws: CryptographyError.unknownVersion) { try PassphraseBox.open([2] + box.dropFirst(), passphrase: passphrase) }
        for count in [0, 1, 17, 33] {
            #expect(throws: CryptographyError.malformedBox) { try PassphraseBox.open(Array(box.prefix(count)), passphrase: passphrase) }
        }
    }

    @Test(
        arguments: [(1, [0, 0, 0, 0, 0, 0, 0, 0]), (1, [17]), (8, [1]), (9, [0xff, 0x1f]), (9, [1, 0, 0, 0x40]), (16, [1])]
            as [(Int, [UInt8])])
    func `Effort outside the bounds is refused before it is spent`(position: Int, bytes: [UInt8]) throws {
        var (box, passphrase) = try CheapBox.load()
        box.replaceSubrange(position..<position + bytes.count, with: bytes)
        #expect(throws: CryptographyError.malformedBox) { try PassphraseBox.open(box, passphrase: passphrase) }
    }

    @Test func `The header is bound: altered limits, salt or box do not open`() throws {
        let (box, passphrase) = try CheapBox.load()
        for (position, value) in [(1, 2), (10, 0x40), (17, 0xff), (32, 0xff)] as [(Int, UInt8)] {
            var altered = box
            altered[position] = value
            #expect(throws: CryptographyError.wrongPassphrase, "byte \(position)") {
                try PassphraseBox.open(altered, passphrase: passphrase)
            }
        }
        for position in 33..<box.count {
            var altered = box
            altered[position] ^= 1
            #expect(throws: CryptographyError.wrongPassphrase, "byte \(position)") {
                try PassphraseBox.open(altered, passphrase: passphrase)
            }
        }
    }
}

/// A box with the least effort, so that tests of refusals cost nothing.
enum CheapBox {
    struct Case: Decodable, Sendable {
        let passphrase: String
        let box: HexBytes
    }

    static func load() throws -> (bytes: [UInt8], passphrase: String) {
        let first = try #require(try VectorFile.load("argon2id", as: Case.self).first)
        return (first.box.bytes, first.passphrase)
    }
}
