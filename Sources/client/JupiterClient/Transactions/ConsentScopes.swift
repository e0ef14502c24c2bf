import Cryptography
import FoundationEssentials
import Primitives
import WireTypes

/// Scopes in the one order that the chain accepts.
package enum ConsentScopes {
    /// A scope for one locality, lists sorted; times, uses and price are the caller's to set.
    package static func scope(
        recipient: Address, dataset: String, fields: [String], purpose: String, programs: [Hash32], locality: String
    ) -> WireConsentScope {
        var scope = WireConsentScope()
        scope.recipient = .init(recipient.bytes)
        scope.dataset = dataset
        scope.fields = sorted(fields)
        scope.purpose = purpose
        scope.programs = Set(programs).sorted().map { .init($0.bytes) }
        scope.localities = [locality]
        scope.maximumUses = 1
        scope.noticeHash = .init(Hash32.zero.bytes)
        scope.language = "en"
        scope.legalBasis = "Consent"
        return scope
    }

    /// Sorted by bytes, without repetition.
    package static func sorted(_ names: [String]) -> [String] {
        Set(names).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
