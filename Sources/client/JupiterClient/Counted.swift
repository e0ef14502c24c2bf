/// Numbers of things as people read them.
package enum Counted {
    /// `1 vault`, `2 vaults`.
    ///
    /// - Parameter plural: where an s after `noun` is not enough.
    package static func text(_ count: some BinaryInteger, _ noun: String, plural: String? = nil) -> String {
        "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
    }
}
