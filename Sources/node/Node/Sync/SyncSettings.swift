import AuthenticatedState

/// Bounds and times of synchronisation.
package struct SyncSettings: Sendable {
    /// How long a peer may send nothing of an answer.
    package var answerTimeout: Duration = .seconds(5)
    /// How long a peer that had nothing, or did not answer, is asked last.
    package var rest: Duration = .seconds(1)
    /// For how long nobody is believed that the chain is in a later epoch after all peers knew nothing of it.
    package var doubt: Duration = .seconds(5)
    package var tick: Duration = .milliseconds(100)
    /// A head that has not moved for so long is behind when a peer's is two heights ahead.
    package var stall: Duration = .milliseconds(500)
    /// The most blocks asked for at once.
    package var batchHeights: UInt64 = 256
    /// After so many bytes an answer with blocks ends with the next certificate.
    package var batchBytes = 8 << 20
    /// Entries in a chunk of the state, in bytes.
    package var chunkBytes = StateChunk.targetBytes
    /// After so many bytes of headers of epochs an offer ends, and the next one goes on.
    package var offerBytes = SyncLimits.offerEpochs
    /// How many chunks are fetched at a time.
    package var parallelChunks = 6
    /// With more heights than this before it a new node begins with a snapshot.
    package var farBehind: UInt64 = 200
    /// How long a new node waits for peers before it begins without them.
    package var patience: Duration = .seconds(5)
    /// An import that does not get on for so long begins anew with another snapshot.
    package var importStall: Duration = .seconds(30)
    /// Between two looks for missing sidecars while there are some.
    package var sidecarPause: Duration = .seconds(2)
    /// A state that is served stays for so long after the last question.
    package var shelfTime: Duration = .seconds(60)
    package var progressInterval: Duration = .seconds(5)
    package var workers = 2

    package init() {}
}

/// Bounds that are the same everywhere: what a server never sends more of, a client never takes more of.
enum SyncLimits {
    /// An answer with blocks has more than `batchBytes` only while no certificate has come; this is the end then.
    static let hardBatch = 64 << 20
    /// After so many bytes of an answer no more sidecars are put into it: they are asked for by commitment.
    static let sidecarBatch = 48 << 20
    /// What is taken of an answer with blocks: one block and its certificate may go beyond the end.
    static let blocksAnswer = hardBatch + (20 << 20)
    /// A frame of an answer in several gets no more when it has so many bytes.
    static let frame = 4 << 20
    /// Sidecars of one answer.
    static let sidecarsAnswer = 16 << 20
    static let sidecarsAsked = 16
    /// Headers of epochs in one offer.
    static let offerEpochs = 4 << 20
    /// Frames of one peer that wait to be answered; further ones are passed over.
    static let questions = 16
    /// States that are served at the same time.
    static let shelf = 4
}
