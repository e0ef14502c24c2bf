import ChainTypes
import ConsentRules
import Cryptography
import Foundation
import Primitives
import WireTypes

/// A grant, a use that it covers, and a time inside it; tests change one thing.
struct ConsentSample: Sendable {
    static let begin: UInt64 = 1_800_000_000_000
    static let end: UInt64 = begin + 86_400_000

    var consent: WireConsent
    var use: ConsentUse
    var time = begin + 1000

    init() {
        let recipient = Hash32(1, 1, 1, 1)
        var scope = WireConsentScope()
        scope.recipient = Data(recipient.bytes)
        scope.dataset = "credit"
        scope.fields = ["income", "postcode"]
        scope.purpose = "ServiceProvision"
        scope.programs = [Data(Hash32(5, 5, 5, 5).bytes), Data(Hash32(6, 6, 6, 6).bytes)]
        scope.validFrom = Self.begin
        scope.validUntil = Self.end
        scope.maximumUses = 5
        scope.price = 100
        scope.localities = ["jupiter-sg", "jupiter-us"]
        scope.noticeHash = Data(repeating: 7, count: 32)
        scope.language = "en-SG"
        scope.legalBasis = "Consent"
        consent = WireConsent()
        consent.grant = Data(repeating: 2, count: 32)
        consent.subject = Data(repeating: 3, count: 32)
        consent.scope = scope
        consent.status = .active
        consent.version = 1
        consent.uses = 2
        use = ConsentUse(
            recipient: Address(recipient), dataset: "credit", fields: ["income", "postcode"], purpose: "ServiceProvision",
            program: Hash32(5, 5, 5, 5), locality: "jupiter-sg", price: 100, outputBytes: 64)
    }
}
