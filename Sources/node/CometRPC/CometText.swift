import Foundation
import Primitives
import WireTypes

/// The texts in which CometBFT's JSON writes numbers, bytes and times; each in one form only.
package enum CometText {
    /// A number that is written as text: decimal digits, no sign, no leading zero.
    package static func number(_ text: String) -> UInt64? {
        guard let number = UInt64(text), String(number) == text else { return nil }
        return number
    }

    /// Bytes in upper-case hexadecimal.
    package static func hex(_ text: String) -> [UInt8]? {
        guard text.utf8.allSatisfy({ !(UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }) else { return nil }
        return Hex.decode(text)
    }

    /// Standard Base64 with padding.
    package static func base64(_ text: String) -> [UInt8]? {
        guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else { return nil }
        return [UInt8](data)
    }

    /// A time of RFC 3339 in UTC with up to nine digits of a second: `2026-11-22T21:52:59.500835319Z`.
    package static func time(_ text: String) -> WireCometTime? {
        var rest = Array(text.utf8)[...]
        guard rest.popLast() == UInt8(ascii: "Z"), let year = digits(4, &rest), take("-", &rest), let month = digits(2, &rest),
            take("-", &rest), let day = digits(2, &rest), take("T", &rest), let hour = digits(2, &rest), take(":", &rest),
            let minute = digits(2, &rest), take(":", &rest), let second = digits(2, &rest), let nanos = fraction(&rest)
        else { return nil }
        guard year >= 1, (1...12).contains(month), (1...days(in: month, of: year)).contains(day), hour < 24, minute < 60, second < 60 else {
            return nil
        }
        var time = WireCometTime()
        time.seconds = (days(year, month, day) * 24 + hour) * 3600 + minute * 60 + second
        time.nanos = Int32(nanos)
        return time
    }

    private static func take(_ character: Unicode.Scalar, _ text: inout ArraySlice<UInt8>) -> Bool {
        text.popFirst() == UInt8(ascii: character)
    }

    private static func digits(_ count: Int, _ text: inout ArraySlice<UInt8>) -> Int64? {
        guard text.count >= count else { return nil }
        var value: Int64 = 0
        for _ in 0..<count {
            guard let digit = text.popFirst(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// Nothing, or a point and one to nine digits.
    private static func fraction(_ text: inout ArraySlice<UInt8>) -> Int64? {
        guard !text.isEmpty else { return 0 }
        guard take(".", &text), (1...9).contains(text.count) else { return nil }
        let count = text.count
        guard var nanos = digits(count, &text) else { return nil }
        for _ in count..<9 { nanos *= 10 }
        return nanos
    }

    private static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01, in the proleptic Gregorian calendar.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let before = year - 1
        var days = before * 365 + before / 4 - before / 100 + before / 400 - 719_162
        for earlier in 1..<month { days += Self.days(in: earlier, of: year) }
        return days + day - 1
    }
}
