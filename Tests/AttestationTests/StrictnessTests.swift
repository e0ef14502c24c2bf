import Attestation
import Foundation
import Primitives
import Testing

@Suite struct `Strict encodings` {
    func json(_ text: String) -> JsonValue? { try? JsonValue(Array(text.utf8), limit: 1000) }

    @Test func `JSON: one value, no duplicate keys, no leniency`() {
        for good in [
            "{}", "[]", " {\"a\":1} ", "[1,-0.5e+3,true,false,null,\"\\u00e9\\ud83d\\ude00\\n\"]", "0", "\"é\"",
        ] { #expect(json(good) != nil, "\(good)") }
        for bad in [
            "", "{", "{}{}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "[1,]", "{\"a\":1,}", "01", "+1", "1.", ".5", "1e", "'a'",
            "{a:1}",
            "nul", "True", "NaN", "\"\u{1}\"", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\u+123\"", "// c\n1",
            "\u{feff}1",
            "[1 2]", "\"abc",
        ] { #expect(json(bad) == nil, "\(bad)") }
        #expect((try? JsonValue([0x22, 0xff, 0x22], limit: 10)) == nil)
        let deep = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
        #expect(json(deep) != nil && json("[" + deep + "]") == nil)
        #expect((try? JsonValue(Array("[1,2,3]".utf8), limit: 6)) == nil)
    }

    @Test func `JSON: a value keeps the bytes that it was read from`() throws {
        let document = try #require(json("{ \"a\" : { \"b\" : [1 , 2] } , \"c\":3 }"))
        #expect(String(decoding: try document.member("a").encoded, as: UTF8.self) == "{ \"b\" : [1 , 2] }")
        #expect(try document.member("c").unsigned == 3 && json("-1")?.unsigned == nil && json("1.0")?.unsigned == nil)
        #expect(json("18446744073709551616")?.unsigned == nil)
    }

    func cbor(_ hex: String) -> CborItem? { Hex.decode(hex).flatMap { try? CborItem($0, limit: 1000) } }

    @Test func `CBOR: shortest lengths, definite, no floats, no duplicate keys`() {
        for good in [
            "00", "17", "1818", "190100", "1a00010000", "1b0000000100000000", "20", "40", "43010203", "6161", "80", "820102", "a0",
        ] {
            #expect(cbor(good) != nil, "\(good)")
        }
        for good in ["a2020001f6", "d28443a1012200a04000", "f4", "f5", "f6"] where good.hasPrefix("f") || good.hasPrefix("a") {
            #expect(cbor(good) != nil, "\(good)")
        }
        for bad in [
            "", "18", "1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "5f4101ff", "7f6161ff", "9f01ff", "bf0102ff", "f7", "f97e00",
            "fa00000000", "fb0000000000000000", "f820", "ff", "a201000102", "61ff", "8201", "4301", "0000", "1c", "1f",
            "9b7fffffffffffffff",
            "5b7fffffffffffffff", "bb7fffffffffffffff", "a1", "d2",
        ] { #expect(cbor(bad) == nil, "\(bad)") }
        let deep = String(repeating: "81", count: CborItem.maximumDepth - 1) + "00"
        #expect(cbor(deep) != nil && cbor("81" + deep) == nil)
    }

    @Test func `PEM: canonical blocks and nothing else`() throws {
        let set = try VectorSet.committed()
        let chain = try #require(try set.vector("tdx-v4-uptodate").files.files[.tcbSigners])
        let text = String(decoding: chain, as: UTF8.self)
        #expect(try PemChain.read(chain).count == 2)
        #expect(try PemChain.read(chain + [0]).count == 2)
        #expect(try PemChain.read(Array(text.replacing("\n", with: "\r\n").utf8)) == PemChain.read(chain))
        for bad in [
            "", "junk\n" + text, text + "junk", text.replacing("-----BEGIN CERTIFICATE-----", with: "-----BEGIN CRL-----"),
            String(text.dropLast(10)), text.replacing("CERTIFICATE-----\nMII", with: "CERTIFICATE-----\n MII"),
            text.replacing("\nMII", with: "\n\nMII"), String(repeating: text, count: 5),
        ] { #expect(throws: AttestationError.malformed, "\(bad.prefix(40))") { try PemChain.read(Array(bad.utf8)) } }
        // A line a character, or one longer than the others: every block has one form, and reading it is bounded by its lines.
        let body = try #require(text.split(separator: "-----").dropFirst().first { $0.contains("MII") }).replacing("\n", with: "")
        func block(_ lines: [Substring]) -> [UInt8] {
            Array("-----BEGIN CERTIFICATE-----\n\(lines.joined(separator: "\n"))\n-----END CERTIFICATE-----\n".utf8)
        }
        func lines(of length: Int) -> [Substring] {
            var rest = body[...]
            var lines: [Substring] = []
            while !rest.isEmpty {
                lines.append(rest.prefix(length))
                rest = rest.dropFirst(length)
            }
            return lines
        }
        #expect(try PemChain.read(block(lines(of: 64))) == [PemChain.read(chain)[0]])
        for length in [1, 63, 65, 76] {
            #expect(throws: AttestationError.malformed, "\(length)") { try PemChain.read(block(lines(of: length))) }
        }
        // The unused bits of the last character carry no meaning, so they have one value.
        #expect(throws: AttestationError.malformed) {
            try PemChain.read(Array("-----BEGIN CERTIFICATE-----\nAB==\n-----END CERTIFICATE-----\n".utf8))
        }
        #expect(try PemChain.read(Array("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----".utf8)) == [[0]])
    }

    @Test func `DER: certificates have one form`() throws {
        let set = try VectorSet.committed()
        let good = try #require(try set.vector("snp-genoa-v5").files.files[.endorsementKey])
        #expect(try VendorCertificate(good).commonName == "SEV-VCEK")
        #expect(throws: AttestationError.malformed) { try VendorCertificate(good + [0]) }
        #expect(throws: AttestationError.malformed) { try VendorCertificate(Array(good.dropLast())) }
        #expect(throws: AttestationError.malformed) { try VendorCertificate([]) }
        // The outer length written in three bytes where two do, and as indefinite.
        #expect(good[1] == 0x82)
        #expect(throws: AttestationError.malformed) { try VendorCertificate([0x30, 0x83, 0] + good.dropFirst(2)) }
        #expect(throws: AttestationError.malformed) { try VendorCertificate([0x30, 0x80] + good.dropFirst(4) + [0, 0]) }
        var deep: [UInt8] = []
        for _ in 0..<200 {
            let count = deep.count
            let head: [UInt8] = count < 128 ? [0x30, UInt8(count)] : [0x30, 0x82, UInt8(count >> 8), UInt8(count & 0xff)]
            deep = head + deep
        }
        #expect(throws: AttestationError.malformed) { try VendorCertificate(deep) }
        #expect(throws: AttestationError.malformed) { try RevocationList(good) }
    }

    @Test func `dates are those that exist`() {
        #expect(CivilTime.milliseconds(1970, 1, 1, 0, 0, 0) == 0)
        #expect(CivilTime.milliseconds(2000, 2, 29, 12, 30, 15) == 951_827_415_000)
        #expect(CivilTime.milliseconds(2049, 12, 31, 23, 59, 59) == 2_524_607_999_000)
        #expect(CivilTime.milliseconds("2025-06-25T12:00:00Z") == 1_750_852_800_000)
        for (year, month, day) in [(1969, 12, 31), (2023, 2, 29), (2100, 2, 29), (2024, 13, 1), (2024, 0, 1), (2024, 4, 31), (2024, 1, 0)] {
            #expect(CivilTime.milliseconds(year, month, day, 0, 0, 0) == nil, "\(year)-\(month)-\(day)")
        }
        for bad in [
            "2025-06-25T12:00:00", "2025-06-25 12:00:00Z", "2025-06-25T24:00:00Z", "2025-06-25T12:00:60Z", "2025-6-25T12:00:00Z", "",
            "2025-06-25T12:00:00+", "+025-06-25T12:00:00Z", "2025-06-25T12:00:00ZZ",
        ] { #expect(CivilTime.milliseconds(bad) == nil, "\(bad)") }
    }
}
