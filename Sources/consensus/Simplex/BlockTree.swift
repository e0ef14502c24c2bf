import ChainTypes
import Primitives

/// The blocks above the committed head that a replica has heard of: a tree of headers, with how far each one is.
struct BlockTree {
    enum Execution { case none, running, done }

    struct Entry {
        /// `nil` while only the hash is known, from a certificate.
        var header: BlockHeader?
        let height: UInt64
        var hasPayload = false
        var isFetching = false
        var execution = Execution.none
        var isJudging = false
    }

    private(set) var head: BlockReference
    private(set) var entries: [Hash32: Entry] = [:]

    init(head: BlockReference) { self.head = head }

    subscript(_ hash: Hash32) -> Entry? { entries[hash] }

    /// Makes room for a block that was heard of; nothing for one that the head has left behind.
    mutating func note(_ block: BlockReference) {
        guard block.height > head.height, entries[block.hash] == nil else { return }
        entries[block.hash] = Entry(header: nil, height: block.height)
    }

    mutating func note(_ header: BlockHeader) {
        note(BlockReference(hash: header.hash, height: header.height))
        entries[header.hash]?.header = header
    }

    mutating func change(_ hash: Hash32, _ body: (inout Entry) -> Void) {
        guard var entry = entries[hash] else { return }
        body(&entry)
        entries[hash] = entry
    }

    /// Whether children of the block can be judged and built.
    func isReady(_ hash: Hash32) -> Bool { hash == head.hash || entries[hash]?.execution == .done }

    /// From the head's child to `hash`, or the first hash on the way back whose header is missing.
    enum Path {
        case whole([BlockHeader])
        case missing(Hash32)
        /// It does not descend from the head.
        case foreign
    }

    func path(to hash: Hash32) -> Path {
        var headers: [BlockHeader] = []
        var next = hash
        while next != head.hash {
            guard let entry = entries[next] else {
                return headers.last.map { $0.height <= head.height + 1 } == true ? .foreign : .missing(next)
            }
            guard let header = entry.header else { return .missing(next) }
            headers.append(header)
            next = header.parent
        }
        return .whole(headers.reversed())
    }

    /// Moves the head to one of the entries, or elsewhere after a synchronisation, and forgets what is not above it.
    mutating func move(to block: BlockReference) {
        head = block
        entries = entries.filter { $0.value.height > block.height }
    }
}
