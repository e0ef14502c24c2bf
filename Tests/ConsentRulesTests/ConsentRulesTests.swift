import ChainTypes
import ConsentRules
import Cryptography
import Foundation
import Primitives
import Testing
import WireTypes

/// Consent notes §8: default deny, one grant covers every attribute, ends are final, and each refusal has its own code.
@Suite struct `Consent rules` {
    /// A fault and the refusal that it alone must give.
    struct Fault: Sendable {
        let what: String
        let refusal: Refusal
        let change: @Sendable (inout ConsentSample) -> Void

        init(_ what: String, _ refusal: Refusal, _ change: @escaping @Sendable (inout ConsentSample) -> Void) {
            (self.what, self.refusal, self.change) = (what, refusal, change)
        }
    }

    @Test func `A use that the grant covers is allowed`() throws {
        let sample = ConsentSample()
        try ConsentPolicy.check(sample.consent, use: sample.use, at: sample.time)
        try ConsentPolicy.checkCharged(sample.consent, use: sample.use, useNumber: 2, at: sample.time)
    }

    @Test func `No grant is no consent`() {
        let sample = ConsentSample()
        #expect(throws: Refusal.consentNone) { try ConsentPolicy.check(nil, use: sample.use, at: sample.time) }
        #expect(throws: Refusal.consentNone) { try ConsentPolicy.checkCharged(nil, use: sample.use, useNumber: 1, at: sample.time) }
    }

    /// Faults of the scope, the use or the time, which both checks refuse.
    static let scopeFaults: [Fault] = [
        Fault("time at the end", .consentExpired) { $0.time = ConsentSample.end },
        Fault("time after the end", .consentExpired) { $0.time = .max },
        Fault("time before the beginning", .consentNotYetValid) { $0.time = ConsentSample.begin - 1 },
        Fault("time zero", .consentNotYetValid) { $0.time = 0 },
        Fault("another recipient", .consentWrongRecipient) { $0.use.recipient = Address(Hash32(9, 9, 9, 9)) },
        Fault("a grant to nobody", .consentWrongRecipient) { $0.consent.scope.recipient = Data() },
        Fault("another dataset", .consentWrongDataset) { $0.use.dataset = "credits" },
        Fault("no dataset", .consentWrongDataset) { $0.use.dataset = "" },
        Fault("a broader purpose", .consentWrongPurpose) { $0.use.purpose = "ServiceManagement" },
        Fault("a sibling purpose", .consentWrongPurpose) { $0.use.purpose = "ServiceOptimisation" },
        Fault("an unknown purpose", .consentWrongPurpose) { $0.use.purpose = "Anything" },
        Fault("no purpose", .consentWrongPurpose) { $0.use.purpose = "" },
        Fault("an unknown purpose on both sides", .consentWrongPurpose) { ($0.use.purpose, $0.consent.scope.purpose) = ("X", "X") },
        Fault("one field too many", .consentFieldOutsideScope) { $0.use.fields = ["income", "postcode", "name"] },
        Fault("another field", .consentFieldOutsideScope) { $0.use.fields = ["Income"] },
        Fault("no field", .consentFieldOutsideScope) { $0.use.fields = [] },
        Fault("another program", .consentProgramNotCovered) { $0.use.program = Hash32(9, 9, 9, 9) },
        Fault("no program granted", .consentProgramNotCovered) { $0.consent.scope.programs = [] },
        Fault("another locality", .consentLocalityNotCovered) { $0.use.locality = "jupiter-xx" },
        Fault("no locality granted", .consentLocalityNotCovered) { $0.consent.scope.localities = [] },
        Fault("one unit too little", .consentPriceTooLow) { $0.use.price -= 1 },
        Fault("nothing paid", .consentPriceTooLow) { $0.use.price = 0 },
    ]

    @Test(arguments: scopeFaults.indices) func `One attribute that is off gives exactly its code`(index: Int) {
        let fault = Self.scopeFaults[index]
        var sample = ConsentSample()
        fault.change(&sample)
        #expect(throws: fault.refusal, "\(fault.what)") { try ConsentPolicy.check(sample.consent, use: sample.use, at: sample.time) }
        #expect(throws: fault.refusal, "\(fault.what)") {
            try ConsentPolicy.checkCharged(sample.consent, use: sample.use, useNumber: 1, at: sample.time)
        }
        #expect(throws: fault.refusal, "\(fault.what)") {
            try ConsentPolicy.checkScope(sample.consent.scope, use: sample.use, at: sample.time)
        }
    }

    static let allowed: [Fault] = [
        Fault("the first millisecond", .consentNone) { $0.time = ConsentSample.begin },
        Fault("the last millisecond", .consentNone) { $0.time = ConsentSample.end - 1 },
        Fault("a narrower purpose", .consentNone) { $0.use.purpose = "SearchFunctionalities" },
        Fault("a purpose two steps narrower", .consentNone) { $0.use.purpose = "SellDataToThirdParties" },
        Fault("one of the fields", .consentNone) { $0.use.fields = ["postcode"] },
        Fault("the other program", .consentNone) { $0.use.program = Hash32(6, 6, 6, 6) },
        Fault("the other locality", .consentNone) { $0.use.locality = "jupiter-us" },
        Fault("a higher price", .consentNone) { $0.use.price = .max },
        Fault("the last use", .consentNone) { $0.consent.uses = $0.consent.scope.maximumUses - 1 },
    ]

    @Test(arguments: allowed.indices) func `What the grant covers is allowed up to its edges`(index: Int) throws {
        var sample = ConsentSample()
        Self.allowed[index].change(&sample)
        try ConsentPolicy.check(sample.consent, use: sample.use, at: sample.time)
    }

    @Test(
        arguments: [
            (.suspended, .consentSuspended), (.withdrawn, .consentWithdrawn), (.exhausted, .consentExhausted), (.unspecified, .consentNone),
            (.UNRECOGNIZED(9), .consentNone),
        ] as [(WireConsentStatus, Refusal)])
    func `A grant that is not active is refused by its status`(status: WireConsentStatus, refusal: Refusal) {
        var sample = ConsentSample()
        sample.consent.status = status
        #expect(throws: refusal) { try ConsentPolicy.check(sample.consent, use: sample.use, at: sample.time) }
    }

    @Test func `A new use is refused once all uses are made`() {
        for uses in [5, 6, .max] as [UInt32] {
            var sample = ConsentSample()
            sample.consent.uses = uses
            #expect(throws: Refusal.consentExhausted) { try ConsentPolicy.check(sample.consent, use: sample.use, at: sample.time) }
        }
    }

    @Test(
        arguments: [
            (.suspended, .consentSuspended), (.withdrawn, .consentWithdrawn), (.unspecified, .consentNone),
            (.UNRECOGNIZED(9), .consentNone),
        ]
            as [(WireConsentStatus, Refusal)])
    func `A charged use ends with the grant's suspension or withdrawal`(status: WireConsentStatus, refusal: Refusal) {
        var sample = ConsentSample()
        sample.consent.status = status
        #expect(throws: refusal) { try ConsentPolicy.checkCharged(sample.consent, use: sample.use, useNumber: 1, at: sample.time) }
    }

    @Test func `Exhaustion by this use or later ones does not stop a charged use`() throws {
        var sample = ConsentSample()
        (sample.consent.status, sample.consent.uses) = (.exhausted, 5)
        for number in 1...5 as ClosedRange<UInt32> {
            try ConsentPolicy.checkCharged(sample.consent, use: sample.use, useNumber: number, at: sample.time)
        }
        for number in [0, 6, .max] as [UInt32] {
            #expect(throws: Refusal.consentExhausted) {
                try ConsentPolicy.checkCharged(sample.consent, use: sample.use, useNumber: number, at: sample.time)
            }
        }
    }

    @Test func `A use that was never charged is refused`() {
        var sample = ConsentSample()
        sample.consent.uses = 2
        #expect(throws: Refusal.consentExhausted) {
            try ConsentPolicy.checkCharged(sample.consent, use: sample.use, useNumber: 3, at: sample.time)
        }
        // More uses than the grant has, whatever the count says.
        sample.consent.uses = 9
        #expect(throws: Refusal.consentExhausted) {
            try ConsentPolicy.checkCharged(sample.consent, use: sample.use, useNumber: 6, at: sample.time)
        }
    }

    @Test func `Grants are never added up: fields of two grants do not make a third`() {
        var (one, two) = (ConsentSample(), ConsentSample())
        one.consent.scope.fields = ["income"]
        two.consent.scope.fields = ["postcode"]
        for sample in [one, two] {
            #expect(throws: Refusal.consentFieldOutsideScope) { try ConsentPolicy.check(sample.consent, use: sample.use, at: sample.time) }
        }
    }

    @Test func `an output budget counts what programs may say, not what they say`() throws {
        var sample = ConsentSample()
        sample.consent.scope.maximumOutputBytes = 200
        // Each use of the sample's program counts 64 bytes.
        for (spent, fits) in [(0, true), (136, true), (137, false), (200, false), (UInt64.max, false)] as [(UInt64, Bool)] {
            sample.consent.outputBytes = spent
            if fits {
                try ConsentPolicy.check(sample.consent, use: sample.use, at: sample.time)
            } else {
                #expect(throws: Refusal.consentOutputSpent) { try ConsentPolicy.check(sample.consent, use: sample.use, at: sample.time) }
            }
        }
        // A charged use was counted, and within the budget.
        for (spent, fits) in [(63, false), (64, true), (200, true), (201, false)] as [(UInt64, Bool)] {
            sample.consent.outputBytes = spent
            if fits {
                try ConsentPolicy.checkCharged(sample.consent, use: sample.use, useNumber: 1, at: sample.time)
            } else {
                #expect(throws: Refusal.consentOutputSpent) {
                    try ConsentPolicy.checkCharged(sample.consent, use: sample.use, useNumber: 1, at: sample.time)
                }
            }
        }
        // Without a budget, uses and programs bound it.
        (sample.consent.scope.maximumOutputBytes, sample.consent.outputBytes) = (0, 0)
        try ConsentPolicy.check(sample.consent, use: sample.use, at: sample.time)
        try ConsentPolicy.checkCharged(sample.consent, use: sample.use, useNumber: 1, at: sample.time)
    }

    @Test func `Refusals have their own codes, names and reasons`() {
        let all = Refusal.allConsent
        #expect(all.map(\.code) == (300...318).map { $0 })
        #expect(Set(all.map(\.name)).count == all.count && Set(all.map(\.reason)).count == all.count)
        #expect(all.allSatisfy { $0.name.hasPrefix("consent.") })
    }
}
