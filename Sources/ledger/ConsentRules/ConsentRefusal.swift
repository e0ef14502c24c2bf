import ChainTypes

/// Refusals of consent (codes 300–349), the same from the chain and from the enclave.
extension Refusal {
    package static let consentNone = Refusal(300, "consent.none", "there is no such grant; ask the subject for consent")
    package static let consentSuspended = Refusal(301, "consent.suspended", "the subject has suspended this grant")
    package static let consentWithdrawn = Refusal(302, "consent.withdrawn", "the subject has withdrawn this grant")
    package static let consentExhausted = Refusal(303, "consent.exhausted", "every use that the grant allows has been made")
    package static let consentExpired = Refusal(304, "consent.expired", "the grant's time is over")
    package static let consentNotYetValid = Refusal(305, "consent.notYetValid", "the grant's time has not begun")
    package static let consentWrongRecipient = Refusal(306, "consent.wrongRecipient", "the grant is for another recipient")
    package static let consentWrongDataset = Refusal(307, "consent.wrongDataset", "the grant is for another dataset")
    package static let consentWrongPurpose = Refusal(308, "consent.wrongPurpose", "the purpose is not the granted one nor narrower")
    package static let consentFieldOutsideScope = Refusal(309, "consent.fieldOutsideScope", "a requested field is not granted")
    package static let consentProgramNotCovered = Refusal(310, "consent.programNotCovered", "the grant does not name this program")
    package static let consentLocalityNotCovered = Refusal(311, "consent.localityNotCovered", "the grant does not allow this locality")
    package static let consentPriceTooLow = Refusal(312, "consent.priceTooLow", "the offered price is below the grant's")
    package static let consentMalformed = Refusal(313, "consent.malformed", "the grant's scope is not well formed (docs/spec/consent.md)")
    package static let consentNotSubject = Refusal(314, "consent.notSubject", "only the subject may do this")
    package static let consentStaleVersion = Refusal(315, "consent.staleVersion", "the grant has changed since; look at its version")
    package static let consentExists = Refusal(316, "consent.exists", "a grant with this identifier exists")
    package static let consentEnded = Refusal(317, "consent.ended", "the grant has ended; an end is final")
    package static let consentOutputSpent = Refusal(
        318, "consent.outputSpent", "the program could say more than is left of the grant's output budget")

    package static let allConsent: [Refusal] = [
        consentNone, consentSuspended, consentWithdrawn, consentExhausted, consentExpired, consentNotYetValid, consentWrongRecipient,
        consentWrongDataset, consentWrongPurpose, consentFieldOutsideScope, consentProgramNotCovered, consentLocalityNotCovered,
        consentPriceTooLow, consentMalformed, consentNotSubject, consentStaleVersion, consentExists, consentEnded, consentOutputSpent,
    ]
}
