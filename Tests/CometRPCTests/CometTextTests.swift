import CometRPC
import Primitives
import TestVectors
import Testing
import WireTypes

@Suite struct `Texts of CometBFT's JSON` {
    @Test func `are numbers in their one form`() {
        #expect(CometText.number("0") == 0)
        #expect(CometText.number("18446744073709551615") == .max)
        for wrong in ["", "-1", "+1", "01", "1.0", " 1", "1e3", "18446744073709551616"] { #expect(CometText.number(wrong) == nil) }
    }

    @Test func `are bytes in their one form`() {
        #expect(CometText.hex("00AF") == [0, 0xaf])
        #expect(CometText.hex("") == [])
        for wrong in ["00af", "0", "0x00", "GG"] { #expect(CometText.hex(wrong) == nil) }
        #expect(CometText.base64("AAE=") == [0, 1])
        for wrong in ["AAE", "AAF=", "AA E=", "-_8="] { #expect(CometText.base64(wrong) == nil) }
    }

    @Test func `are times to the nanosecond`() {
        func parts(_ text: String) -> [Int64]? { CometText.time(text).map { [$0.seconds, Int64($0.nanos)] } }
        #expect(parts("1970-01-01T00:00:00Z") == [0, 0])
        #expect(parts("0001-01-01T00:00:00Z") == [-62_135_596_800, 0])
        #expect(parts("9999-12-31T23:59:59.999999999Z") == [253_402_300_799, 999_999_999])
        #expect(parts("2026-11-22T21:52:59.500835319Z") == [1_795_384_379, 500_835_319])
        #expect(parts("2024-02-29T00:00:00.5Z") == [1_709_164_800, 500_000_000])
        #expect(parts("1900-03-01T00:00:00Z") == [-2_203_891_200, 0])
        for wrong in [
            "", "Z", "2026-11-22", "2026-11-22T21:52:59", "2026-11-22T21:52:59+00:00", "2026-11-22 21:52:59Z", "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.0123456789Z",
            "0000-01-01T00:00:00Z",
            "2026-01-01T00:00:0aZ", "２026-01-01T00:00:00Z",
        ] { #expect(CometText.time(wrong) == nil, "\(wrong)") }
    }

    @Test func `survive hostile bytes`() {
        HostileBytes.each(["2026-11-22T21:52:59.500835319Z", "18446744073709551615", "00AFFE", "AAECAw=="].map { Array($0.utf8) }) {
            bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let time = CometText.time(text) { #expect((0..<1_000_000_000).contains(time.nanos)) }
            if let number = CometText.number(text) { #expect(String(number) == text) }
            if let hex = CometText.hex(text) { #expect(Hex.encode(hex).uppercased() == text) }
            _ = CometText.base64(text)
        }
    }
}
