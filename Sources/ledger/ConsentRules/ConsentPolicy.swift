import ChainTypes
import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// One use of a subject's data that somebody asks for.
package struct ConsentUse: Sendable {
    package var recipient: Address
    package var dataset: String
    package var fields: [String]
    package var purpose: String
    /// Hash of the program's code.
    package var program: Hash32
    /// The chain whose enclave computes.
    package var locality: String
    /// Micro-JUPT offered for the use.
    package var price: UInt64
    /// The most bytes that the program's output can have: what the use counts against an output budget, whatever it really says.
    package var outputBytes: UInt64

    package init(
        recipient: Address, dataset: String, fields: [String], purpose: String, program: Hash32, locality: String, price: UInt64,
        outputBytes: UInt64
    ) {
        (self.recipient, self.dataset, self.fields, self.purpose) = (recipient, dataset, fields, purpose)
        (self.program, self.locality, self.price, self.outputBytes) = (program, locality, price, outputBytes)
    }
}

/// The rules of consent: pure, and the same code on the chain and inside the enclave.
///
/// Default deny: a use needs one active grant that covers every attribute of it; grants are never added up
/// (consent notes §8, invariant 1).
package enum ConsentPolicy {
    /// Whether a new use may be charged to `consent` now.
    ///
    /// - Parameter time: block time, milliseconds since 1970; `validUntil` itself is already too late (invariant 5).
    package static func check(_ consent: WireConsent?, use: ConsentUse, at time: UInt64) throws(Refusal) {
        guard let consent else { throw .consentNone }
        switch consent.status {
        case .active: break
        case .suspended: throw .consentSuspended
        case .withdrawn: throw .consentWithdrawn
        case .exhausted: throw .consentExhausted
        case .unspecified, .UNRECOGNIZED: throw .consentNone
        }
        guard consent.uses < consent.scope.maximumUses else { throw .consentExhausted }
        try checkScope(consent.scope, use: use, at: time)
        try checkBudget(consent.scope, spent: consent.outputBytes, use: use)
    }

    /// Whether a use that was charged as number `useNumber` may still be made.
    ///
    /// Exhaustion by this very use, or by later ones, does not matter; withdrawal and suspension do.
    package static func checkCharged(
        _ consent: WireConsent?, use: ConsentUse, useNumber: UInt32, at time: UInt64
    ) throws(Refusal) {
        guard let consent else { throw .consentNone }
        switch consent.status {
        case .active, .exhausted: break
        case .suspended: throw .consentSuspended
        case .withdrawn: throw .consentWithdrawn
        case .unspecified, .UNRECOGNIZED: throw .consentNone
        }
        guard useNumber >= 1, useNumber <= consent.uses, useNumber <= consent.scope.maximumUses else { throw .consentExhausted }
        try checkScope(consent.scope, use: use, at: time)
        guard consent.scope.maximumOutputBytes > 0 else { return }
        guard use.outputBytes <= consent.outputBytes, consent.outputBytes <= consent.scope.maximumOutputBytes else {
            throw .consentOutputSpent
        }
    }

    /// Whether `use` fits what is left of the scope's output budget after `spent` bytes; a scope without a budget bounds nothing here.
    package static func checkBudget(_ scope: WireConsentScope, spent: UInt64, use: ConsentUse) throws(Refusal) {
        guard scope.maximumOutputBytes > 0 else { return }
        guard spent <= scope.maximumOutputBytes, use.outputBytes <= scope.maximumOutputBytes - spent else { throw .consentOutputSpent }
    }

    /// Whether `scope` covers every attribute of `use` at `time`.
    package static func checkScope(_ scope: WireConsentScope, use: ConsentUse, at time: UInt64) throws(Refusal) {
        guard time < scope.validUntil else { throw .consentExpired }
        guard time >= scope.validFrom else { throw .consentNotYetValid }
        guard Address(scope.recipient) == use.recipient else { throw .consentWrongRecipient }
        guard scope.dataset == use.dataset else { throw .consentWrongDataset }
        guard let granted = Purpose(scope.purpose), let asked = Purpose(use.purpose), asked.isSameOrNarrower(than: granted) else {
            throw .consentWrongPurpose
        }
        let fields = Set(scope.fields)
        guard !use.fields.isEmpty, use.fields.allSatisfy(fields.contains) else { throw .consentFieldOutsideScope }
        guard scope.programs.contains(where: { Hash32($0) == use.program }) else { throw .consentProgramNotCovered }
        guard scope.localities.contains(use.locality) else { throw .consentLocalityNotCovered }
        guard use.price >= scope.price else { throw .consentPriceTooLow }
    }

    /// The longest a grant may hold: five years, in milliseconds.
    package static let longestValidity: UInt64 = 5 * 366 * 86_400_000

    /// Whether `scope` is well formed: closed, canonical (sorted lists without repetition), bounded, and not over already.
    package static func validate(_ scope: WireConsentScope, at time: UInt64) throws(Refusal) {
        guard Address(scope.recipient) != nil, (1...Limits.identifier).contains(scope.dataset.utf8.count),
            isCanonical(scope.fields, limit: 128), isCanonical(scope.localities, limit: 64), scope.localities.allSatisfy(ChainID.isValid),
            Purpose(scope.purpose) != nil, (1...64).contains(scope.programs.count),
            let programs = hashes(scope.programs), zip(programs, programs.dropFirst()).allSatisfy({ $0 < $1 }),
            scope.maximumUses >= 1, scope.validFrom < scope.validUntil, scope.validUntil - scope.validFrom <= longestValidity,
            scope.noticeHash.count == 32, scope.language.utf8.count <= 35, scope.legalBasis.utf8.count <= Limits.identifier
        else { throw .consentMalformed }
        guard time < scope.validUntil else { throw .consentExpired }
    }

    /// Sorted by their bytes, without repetition, not empty, each of 1…64 bytes.
    package static func isCanonical(_ texts: [String], limit: Int) -> Bool {
        guard (1...limit).contains(texts.count), texts.allSatisfy({ (1...Limits.identifier).contains($0.utf8.count) }) else { return false }
        return zip(texts, texts.dropFirst()).allSatisfy { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func hashes(_ list: [Data]) -> [Hash32]? {
        var hashes: [Hash32] = []
        for bytes in list {
            guard let hash = Hash32(bytes) else { return nil }
            hashes.append(hash)
        }
        return hashes
    }
}
