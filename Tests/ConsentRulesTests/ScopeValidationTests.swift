import ChainTypes
import ConsentRules
import Foundation
import Testing
import WireTypes

@Suite struct `Consent scopes` {
    typealias Change = @Sendable (inout WireConsentScope) -> Void

    static func bytes(_ byte: UInt8) -> Data { Data(repeating: byte, count: 32) }

    static let malformed: [(String, Change)] = [
        ("no recipient", { $0.recipient = Data() }),
        ("recipient of 31 bytes", { $0.recipient = Data(repeating: 1, count: 31) }),
        ("no dataset", { $0.dataset = "" }),
        ("long dataset", { $0.dataset = String(repeating: "d", count: 65) }),
        ("no fields", { $0.fields = [] }),
        ("fields out of order", { $0.fields = ["postcode", "income"] }),
        ("field twice", { $0.fields = ["income", "income"] }),
        ("empty field", { $0.fields = ["", "income"] }),
        ("long field", { $0.fields = [String(repeating: "f", count: 65)] }),
        ("129 fields", { $0.fields = (100..<229).map { "f\($0)" } }),
        ("unknown purpose", { $0.purpose = "Profit" }),
        ("no purpose", { $0.purpose = "" }),
        ("purpose with prefix", { $0.purpose = "dpv:ServiceProvision" }),
        ("no programs", { $0.programs = [] }),
        ("program of 31 bytes", { $0.programs = [Data(repeating: 1, count: 31)] }),
        ("programs out of order", { $0.programs = [bytes(2), bytes(1)] }),
        ("program twice", { $0.programs = [bytes(1), bytes(1)] }),
        ("65 programs", { $0.programs = (0..<65).map { bytes($0) } }),
        ("no uses", { $0.maximumUses = 0 }),
        ("ends as it begins", { $0.validUntil = $0.validFrom }),
        ("ends before it begins", { $0.validUntil = $0.validFrom - 1 }),
        ("a millisecond more than five years", { $0.validUntil = $0.validFrom + ConsentPolicy.longestValidity + 1 }),
        ("for ever", { ($0.validFrom, $0.validUntil) = (0, .max) }),
        ("no localities", { $0.localities = [] }),
        ("localities out of order", { $0.localities = ["jupiter-us", "jupiter-sg"] }),
        ("locality twice", { $0.localities = ["jupiter-sg", "jupiter-sg"] }),
        ("locality that is no chain", { $0.localities = ["Jupiter"] }),
        ("65 localities", { $0.localities = (100..<165).map { "l\($0)" } }),
        ("no notice", { $0.noticeHash = Data() }),
        ("notice of 33 bytes", { $0.noticeHash = Data(repeating: 1, count: 33) }),
        ("long language", { $0.language = String(repeating: "a", count: 36) }),
        ("long legal basis", { $0.legalBasis = String(repeating: "a", count: 65) }),
    ]

    @Test(arguments: malformed.indices) func `A scope with one fault is malformed`(index: Int) {
        let (what, change) = Self.malformed[index]
        var scope = ConsentSample().consent.scope
        change(&scope)
        #expect(throws: Refusal.consentMalformed, "\(what)") { try ConsentPolicy.validate(scope, at: ConsentSample.begin) }
    }

    static let wellFormed: [(String, Change)] = [
        ("as it is", { _ in }),
        ("128 fields", { $0.fields = (100..<228).map { "f\($0)" } }),
        ("64 programs", { $0.programs = (0..<64).map { bytes($0) } }),
        ("64 localities", { $0.localities = (100..<164).map { "l\($0)" } }),
        ("names of 64 bytes", { ($0.dataset, $0.fields) = (String(repeating: "d", count: 64), [String(repeating: "f", count: 64)]) }),
        ("five years", { $0.validUntil = $0.validFrom + ConsentPolicy.longestValidity }),
        ("one millisecond", { $0.validUntil = $0.validFrom + 1 }),
        ("one use, free", { ($0.maximumUses, $0.price) = (1, 0) }),
        ("no language nor legal basis", { ($0.language, $0.legalBasis) = ("", "") }),
        ("beginning later", { ($0.validFrom, $0.validUntil) = ($0.validFrom + 500, $0.validUntil + 500) }),
    ]

    @Test(arguments: wellFormed.indices) func `A scope at its bounds is well formed`(index: Int) throws {
        var scope = ConsentSample().consent.scope
        Self.wellFormed[index].1(&scope)
        try ConsentPolicy.validate(scope, at: ConsentSample.begin)
    }

    @Test func `A scope that is over already is expired, not malformed`() throws {
        let scope = ConsentSample().consent.scope
        #expect(throws: Refusal.consentExpired) { try ConsentPolicy.validate(scope, at: scope.validUntil) }
        try ConsentPolicy.validate(scope, at: scope.validUntil - 1)
    }

    @Test func `Lists are sorted by bytes, not by letters`() {
        #expect(ConsentPolicy.isCanonical(["Z", "a", "é"], limit: 3))
        #expect(!ConsentPolicy.isCanonical(["a", "Z"], limit: 3))
        #expect(!ConsentPolicy.isCanonical(["a", "b"], limit: 1))
        #expect(!ConsentPolicy.isCanonical([], limit: 1))
        // The same letter in two forms is two names: only bytes count.
        #expect(ConsentPolicy.isCanonical(["e\u{301}", "\u{e9}"], limit: 2))
    }
}
