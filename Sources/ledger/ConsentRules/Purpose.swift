/// Why data are used: a term of the Data Privacy Vocabulary, such as `CustomerSolvencyMonitoring`.
package struct Purpose: Hashable, Sendable {
    package let term: String

    /// `nil` for a term that the vocabulary does not have: an unknown purpose is no purpose.
    package init?(_ term: String) {
        guard PurposeTaxonomy.broader[term] != nil else { return nil }
        self.term = term
    }

    /// Whether this is `other` or one of its descendants, never an ancestor (consent notes §3).
    package func isSameOrNarrower(than other: Purpose) -> Bool {
        var open = [term]
        var seen: Set<String> = []
        while let next = open.popLast() {
            if next == other.term { return true }
            if seen.insert(next).inserted { open += PurposeTaxonomy.broader[next] ?? [] }
        }
        return false
    }
}
