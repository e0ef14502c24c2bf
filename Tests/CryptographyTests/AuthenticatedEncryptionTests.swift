import Crypto
import Cryptography
import Primitives
import Testing

@Suite struct `Authenticated encryption` {
    let key = AuthenticatedEncryption.randomKey()

    @Test func `A box opens with its key, context and associated data`() throws {
        for message in [[], [1], [UInt8](repeating: 3, count: 100_000)] {
            let box = try AuthenticatedEncryption.seal(message, key: key, context: .record, associated: [1])
            #expect(box.count == message.count + AuthenticatedEncryption.overhead)
            #expect(try AuthenticatedEncryption.open(box, key: key, context: .record, associated: [1]) == message)
        }
    }

    @Test func `Two boxes of one message differ`() throws {
        let one = try AuthenticatedEncryption.seal([1], key: key, context: .record, associated: [])
        let two = try AuthenticatedEncryption.seal([1], key: key, context: .record, associated: [])
        #expect(one != two)
    }

    @Test func `Another key, context, associated data or altered bytes do not open`() throws {
        let box = try AuthenticatedEncryption.seal([1, 2, 3], key: key, context: .record, associated: [9])
        for context in Context.allCases where context != .record {
            #expect(throws: CryptographyError.cannotOpen) {
                try AuthenticatedEncryption.open(box, key: key, context: context, associated: [9])
            }
        }
        #expect(throws: CryptographyError.cannotOpen) {
            try AuthenticatedEncryption.open(box, key: key, context: .record, associated: [9, 9])
        }
        #expect(throws: CryptographyError.cannotOpen) {
            try AuthenticatedEncryption.open(box, key: AuthenticatedEncryption.randomKey(), context: .record, associated: [9])
        }
        for position in box.indices {
            var altered = box
            altered[position] ^= 0x80
            let expected: CryptographyError = position == 0 ? .unknownVersion : .cannotOpen
            #expect(throws: expected) {
                try AuthenticatedEncryption.open(altered, key: key, context: .record, associated: [9])
            }
        }
    }

    @Test func `A box shorter than its overhead is malformed`() {
        for count in 0..<AuthenticatedEncryption.overhead {
            #expect(throws: CryptographyError.malformedBox) {
                try AuthenticatedEncryption.open([UInt8](repeating: 1, count: count), key: key, context: .record, associated: [])
            }
        }
    }

    @Test func `A key has 32 bytes`() throws {
        for count in [0, 16, 31, 33] {
            #expect(throws: CryptographyError.malformedKey) { try AuthenticatedEncryption.key([UInt8](repeating: 1, count: count)) }
        }
        #expect(try AuthenticatedEncryption.key([UInt8](repeating: 1, count: 32)).bitCount == 256)
    }
}
