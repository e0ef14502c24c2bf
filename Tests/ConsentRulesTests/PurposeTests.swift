import ConsentRules
import Testing

@Suite struct `Purposes` {
    func allows(_ granted: String, _ asked: String) throws -> Bool {
        try #require(Purpose(asked)).isSameOrNarrower(than: #require(Purpose(granted)))
    }

    @Test(arguments: [
        ("ServiceManagement", "ServiceProvision"), ("ServiceManagement", "SellDataToThirdParties"),
        ("Personalisation", "RecruitmentTargetedAdvertising"),
        ("EnforceSecurity", "CounterMoneyLaundering"), ("ResearchAndDevelopment", "AcademicResearch"),
        ("HumanResourceManagement", "RecruitmentApplicationAnalysis"), ("Verification", "AgeVerification"),
    ])
    func `A descendant is covered, its ancestor is not`(granted: String, asked: String) throws {
        #expect(try allows(granted, asked))
        #expect(try !allows(asked, granted))
        #expect(try allows(granted, granted) && allows(asked, asked))
    }

    @Test(arguments: [("Marketing", "Personalisation"), ("AcademicResearch", "CommercialResearch"), ("PublicBenefit", "LegalCompliance")])
    func `Purposes of other branches are not covered, either way`(one: String, two: String) throws {
        #expect(try !allows(one, two))
        #expect(try !allows(two, one))
    }

    @Test(arguments: ["", "servicemanagement", "ServiceManagement ", "dpv:Marketing", "LegalObligation", "*"])
    func `A term that the vocabulary does not have is no purpose`(term: String) {
        #expect(Purpose(term) == nil)
    }

    @Test func `Every broader term is a term of the table`() {
        for (term, parents) in PurposeTaxonomy.broader {
            for parent in parents { #expect(PurposeTaxonomy.broader[parent] != nil, "\(term) names \(parent)") }
            #expect(Set(parents).count == parents.count && !parents.contains(term), "\(term)")
        }
        #expect(PurposeTaxonomy.broader.count == 122)
    }

    @Test func `No purpose is its own ancestor`() throws {
        for term in PurposeTaxonomy.broader.keys {
            var (level, steps) = (Set(PurposeTaxonomy.broader[term] ?? []), 0)
            while !level.isEmpty, steps < PurposeTaxonomy.broader.count {
                #expect(!level.contains(term), "\(term)")
                level = Set(level.flatMap { PurposeTaxonomy.broader[$0] ?? [] })
                steps += 1
            }
            #expect(level.isEmpty, "\(term) never ends")
        }
    }
}
