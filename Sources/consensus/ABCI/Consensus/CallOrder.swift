/// In which order an engine may call for blocks (ABCI 2.0, expected behaviour of the engine). Pure.
///
/// A block may be finalised again, or another one of its height, until one is committed: an engine that crashed in between replays.
package struct CallOrder: Sendable, Equatable {
    package enum Call: Sendable, Equatable {
        case initChain
        /// Preparing, processing, extending and verifying: about the next block, and without effect.
        case consider(height: Int64)
        case finalizeBlock(height: Int64)
        case commit
    }

    /// The last committed height.
    package private(set) var height: UInt64
    /// A chain without a block is initialised by every engine that begins with it.
    private var isInitialised: Bool
    private var isFinalised = false

    package init(height: UInt64) { (self.height, isInitialised) = (height, height > 0) }

    /// Takes note of `call`, or throws and stays.
    package mutating func admit(_ call: Call) throws(ABCIError) {
        switch call {
        case .initChain:
            guard height == 0 else { throw .outOfOrder }
            (isInitialised, isFinalised) = (true, false)
        case .consider(let next):
            guard isInitialised else { throw .outOfOrder }
            try expect(next)
        case .finalizeBlock(let next):
            guard isInitialised else { throw .outOfOrder }
            try expect(next)
            isFinalised = true
        case .commit:
            guard isFinalised else { throw .outOfOrder }
            height += 1
            isFinalised = false
        }
    }

    private func expect(_ next: Int64) throws(ABCIError) {
        guard next >= 1, UInt64(next) == height + 1 else { throw .wrongHeight }
    }
}
