import Attestation
import Cryptography
import Foundation
import Primitives
import Testing

@Suite struct `An event log` {
    @Test func `gives the registers that its events extended, and skips what only informs`() throws {
        let log = try EventLog(EventLogTests.log())
        let zero = [UInt8](repeating: 0, count: 48)
        func extend(_ old: [UInt8], _ byte: UInt8) -> [UInt8] { PlainHash.sha384(old + [UInt8](repeating: byte, count: 48)) }
        #expect(log.registers == [0: extend(extend(zero, 1), 2), 2: extend(zero, 3)])
    }

    @Test func `is refused with other hashes, other registers, or bytes after its end`() {
        let log = EventLogTests.log()
        for (offset, value) in [(4, 1), (32, 0x54), (60, 0x0b), (62, 32), (65, 0), (65, 5), (73, 2), (77, 0x0b)] as [(Int, UInt8)] {
            var changed = log
            changed[offset] = value
            #expect(throws: AttestationError.malformed, "\(offset)") { try EventLog(changed) }
        }
        #expect(throws: AttestationError.malformed) { try EventLog(log + [0xff, 0x41]) }
        #expect(throws: AttestationError.malformed) { try EventLog(Array(log.dropLast(70))) }
    }

    @Test func `that is sent along explains the quoted registers`() throws {
        guard let set = try VectorSet.shared() else { return }
        var vector = try set.vector("tdx-v4-gcp-cos-uptodate")
        #expect(vector.files.files[.eventLog]?.count == 262_144 && vector.judge().code == "ok")
        vector.files.files[.eventLog]?[100] ^= 1
        #expect(vector.judge().code == "measurement_mismatch")
    }
}

enum EventLogTests {
    /// Three events and one that only informs, filled up with 0xff.
    static func log() -> [UInt8] {
        var log = little(1) + little(3) + [UInt8](repeating: 0, count: 20) + little(33) + Array("Spec ID Event03\0".utf8)
        log += little(0) + [0, 2, 0, 2] + little(1) + [0x0c, 0, 48, 0, 0]
        for (register, type, byte) in [(1, 0x8000_0001, 1), (1, 3, 9), (1, 4, 2), (3, 13, 3)] as [(UInt32, UInt32, UInt8)] {
            log +=
                little(register) + little(type) + little(1) + [0x0c, 0] + [UInt8](repeating: byte, count: 48) + little(4) + [1, 2, 3, 4]
        }
        return log + [UInt8](repeating: 0xff, count: 64)
    }

    private static func little(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}
