/// Dates of the proleptic Gregorian calendar in UTC, as milliseconds since 1970: no time zones, no leap seconds, no locale.
package enum CivilTime {
    /// - Returns: `nil` for a date before 1970, after 9999, or one that does not exist.
    package static func milliseconds(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int) -> UInt64? {
        guard 1970...9999 ~= year, 1...12 ~= month, 1...days(in: month, of: year) ~= day, 0...23 ~= hour, 0...59 ~= minute, 0...59 ~= second
        else { return nil }
        // Days before the year, counted from March so that the leap day comes last (Howard Hinnant, "chrono-compatible date algorithms").
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let day = era * 146_097 + dayOfEra - 719_468
        return UInt64(((day * 24 + hour) * 60 + minute) * 60 + second) * 1000
    }

    /// `2025-06-25T12:00:00Z`, the one form of RFC 3339 that Intel's collateral and the manifests use.
    package static func milliseconds(_ text: some StringProtocol) -> UInt64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 20 else { return nil }
        for (index, separator) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "Z")] as [(Int, Character)] {
            guard bytes[index] == separator.asciiValue else { return nil }
        }
        func number(_ range: Range<Int>) -> Int? {
            bytes[range].reduce(0 as Int?) { sum, byte in
                guard let sum, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
                return sum * 10 + Int(byte - UInt8(ascii: "0"))
            }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19)
        else { return nil }
        return milliseconds(year, month, day, hour, minute, second)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
