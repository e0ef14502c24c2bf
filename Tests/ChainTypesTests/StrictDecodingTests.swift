import Primitives
import SwiftProtobuf
import Testing
import WireTypes

/// Protocol Buffers accept many texts for one message; we accept one.
@Suite struct `Strict decoding` {
    /// A transfer of 5 to the account "07".
    static let canonical: [UInt8] = [0x0a, 1, 7, 0x10, 5]

    @Test func `The only encoding is accepted and given back`() throws {
        let transfer = try WireTransfer(strictly: Self.canonical, limit: 5)
        #expect(transfer.amount == 5 && Array(transfer.to) == [7])
        #expect(transfer.encoded() == Self.canonical)
        #expect(try WireTransfer(strictly: [], limit: 0).encoded() == [])
    }

    @Test(
        arguments: [
            ("unknown field", [0x0a, 1, 7, 0x10, 5, 0x18, 1]),
            ("unknown field of a high number", [0x0a, 1, 7, 0x10, 5, 0xfa, 0x3f, 0]),
            ("scalar twice", [0x0a, 1, 7, 0x10, 4, 0x10, 5]),
            ("bytes twice", [0x0a, 1, 6, 0x0a, 1, 7, 0x10, 5]),
            ("overlong varint", [0x0a, 1, 7, 0x10, 0x85, 0]),
            ("overlong length", [0x0a, 0x81, 0, 7, 0x10, 5]),
            ("overlong tag", [0x8a, 0, 1, 7, 0x10, 5]),
            ("explicit default number", [0x0a, 1, 7, 0x10, 0]),
            ("explicit default bytes", [0x0a, 0, 0x10, 5]),
            ("fields out of order", [0x10, 5, 0x0a, 1, 7]),
        ] as [(String, [UInt8])])
    func `A second encoding is refused`(what: String, bytes: [UInt8]) {
        #expect(throws: WireError.notCanonical, "\(what)") { try WireTransfer(strictly: bytes, limit: 100) }
    }

    @Test(
        arguments: [
            ("trailing zero", [0x0a, 1, 7, 0x10, 5, 0]),
            ("cut", [0x0a, 1, 7, 0x10]),
            ("length beyond the end", [0x0a, 9, 7]),
            ("huge length", [0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]),
            ("varint of eleven bytes", [0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            ("end of a group that never began", [0x0c]),
            ("group without end", [0x0b]),
            ("field number zero", [0x02, 0]),
        ] as [(String, [UInt8])])
    func `What is no message is malformed`(what: String, bytes: [UInt8]) {
        #expect(throws: WireError.malformed, "\(what)") { try WireTransfer(strictly: bytes, limit: 100) }
    }

    @Test func `More bytes than the place accepts are not looked at`() {
        #expect(throws: WireError.tooLarge) { try WireTransfer(strictly: Self.canonical, limit: 4) }
        #expect(throws: WireError.tooLarge) { try WireTransfer(strictly: [0xff, 0xff], limit: 1) }
    }

    @Test func `Numbers wider than their field are refused`() {
        // WithdrawConsent.version (uint32) as 2³² + 1, EnclaveStatus as 2³² + 1, Header.last_of_epoch as 2.
        let wide: [UInt8] = [0x10, 0x81, 0x80, 0x80, 0x80, 0x10]
        #expect(throws: WireError.notCanonical) { try WireWithdrawConsent(strictly: wide, limit: 100) }
        #expect(throws: WireError.notCanonical) { try WireEnclave(strictly: [0x20] + wide.dropFirst(), limit: 100) }
        #expect(throws: WireError.notCanonical) { try WireHeader(strictly: [0x70, 2], limit: 100) }
    }

    @Test func `A message split in two, and two kinds in one message, are refused`() {
        // RegisterEnclave.identity twice: parsers merge them.
        #expect(throws: WireError.notCanonical) {
            try WireRegisterEnclave(strictly: [0x0a, 3, 0x0a, 1, 0x61, 0x0a, 3, 0x22, 1, 1], limit: 100)
        }
        // Message.transfer, then Message.suspend_consent: the last wins.
        #expect(throws: WireError.notCanonical) { try WireMessage(strictly: [0x0a, 0, 0xd2, 2, 0], limit: 100) }
    }

    @Test func `Text that is not UTF-8 is malformed`() {
        #expect(throws: WireError.malformed) { try WireHeader(strictly: [0x12, 1, 0xff], limit: 100) }
    }

    @Test func `Unknown enumeration values are kept, so that rules refuse them by name`() throws {
        let key = try WirePublicKey(strictly: [0x08, 9], limit: 100)
        #expect(key.type == .UNRECOGNIZED(9))
    }

    @Test func `Errors have their own codes`() {
        let all = (950...959).compactMap { WireError(rawValue: $0) }
        #expect(all.map(\.name) == ["wire.tooLarge", "wire.malformed", "wire.notCanonical"])
        #expect(Set(all.map(\.reason)).count == 3)
    }
}
