/// Bounds that hold before anything is parsed. Bytes, unless the name says otherwise.
package enum Limits {
    package static let transaction = 256 * 1024
    package static let messagesPerTransaction = 256
    package static let sidecar = 1024 * 1024
    package static let sidecarsPerTransaction = 16
    package static let block = 16 * 1024 * 1024
    package static let header = 4 * 1024
    package static let certificate = 128 * 1024
    /// What makes a header final, by whatever engine: with CometBFT up to two commits of 1,000 validators.
    package static let finality = 192 * 1024
    /// A receipt's proof: a header and a certificate for each epoch of a chain's past.
    package static let receiptProof = 256 << 20
    package static let validators = 1_000
    /// One proven equivocation, and how many a block may hold.
    package static let evidence = 1024
    package static let evidencePerBlock = 16
    package static let validatorSet = 128 * 1024
    package static let genesis = 1024 * 1024
    package static let stateValue = 256 * 1024
    package static let identifier = 64
    package static let endpoint = 255 + 6
    package static let text = 4096
}
