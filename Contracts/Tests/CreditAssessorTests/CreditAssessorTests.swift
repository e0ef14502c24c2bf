import CreditAssessor
import Foundation
import ProgramSDK
import Testing

@Suite struct `The credit assessor, natively` {
    static let numbers = ["duration_months", "amount_dm", "installment_rate", "existing_credits"]
    static let categories = ["checking", "history", "purpose", "savings", "employment", "debtors", "property", "other_plans", "housing"]

    func batch(_ applicant: [String: String]) throws -> [UInt8] {
        var bytes: [UInt8] = Array("JPB1".utf8) + [1, 0, 0, 0, 0, 0, 13, 0]
        func header(_ name: String, _ type: UInt8) { bytes += [UInt8(name.utf8.count)] + Array(name.utf8) + [type, 1] }
        for name in Self.numbers {
            header(name, 1)
            let value = try #require(Int64(applicant[name] ?? ""))
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        for name in Self.categories {
            header(name, 3)
            let code = Array((applicant[name] ?? "").utf8)
            bytes += [UInt8(code.count), 0] + code
        }
        return bytes
    }

    @Test func `gives the same bits as in Wasm`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "../Examples/data/german_credit.csv"), encoding: .utf8)
        let lines = text.split(whereSeparator: \.isNewline).map { $0.split(separator: ",").map(String.init) }
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for line in lines.dropFirst() {
            let output = try Program.output(for: batch(Dictionary(uniqueKeysWithValues: zip(lines[0], line))), assessCredit)
            let bits = output.suffix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * $1.offset) }
            digest = (digest ^ bits) &* 0x100_0000_01B3
        }
        #expect(lines.count == 1001)
        // Pinned in ContractVMTests too, for the compiled program.
        #expect(digest == 11_252_929_712_155_228_135)
    }
}
