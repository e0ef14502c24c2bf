import Cryptography
import Primitives
import WireTypes

/// Why a block, header, certificate or genesis is not accepted (codes 750–799).
package enum BlockError: UInt32, CodedError {
    case malformed = 750
    case unknownVersion = 751
    case wrongRoot = 752
    case wrongParent = 753
    case wrongHeight = 754
    case wrongTime = 755
    case tooLarge = 756
    case invalidValidators = 757
    case invalidGenesis = 758
    case wrongChain = 759

    package static let domain = "block"
    package var reason: String {
        switch self {
        case .malformed: "the bytes are not what they claim to be, in their only encoding"
        case .unknownVersion: "written by a version this program does not know"
        case .wrongRoot: "a root in the header is not that of the content"
        case .wrongParent: "the block does not follow its parent"
        case .wrongHeight: "the height does not follow"
        case .wrongTime: "the time does not rise, or lies in the future"
        case .tooLarge: "the block is larger than the chain allows"
        case .invalidValidators: "the validator set has no weight, too many members, a bad key or a repeated one"
        case .invalidGenesis: "the genesis does not describe a chain"
        case .wrongChain: "it belongs to another chain"
        }
    }
}

/// The signed-over summary of a block. Header H proves the state and the receipts after block H−1.
package struct BlockHeader: Sendable, Equatable {
    package static let version: UInt32 = 1

    /// The exact bytes that `hash` is of.
    package let bytes: [UInt8]
    package let hash: Hash32
    package let chainID: String
    package let height: UInt64
    package let epoch: UInt64
    /// In which the block was proposed; views count from 1 in each epoch.
    package let view: UInt64
    package let parent: Hash32
    /// The proposer's Ed25519 key.
    package let proposer: Hash32
    /// Milliseconds since 1970.
    package let time: UInt64
    package let transactionsRoot: Hash32
    package let evidenceRoot: Hash32
    package let stateRoot: Hash32
    package let receiptsRoot: Hash32
    package let validatorsHash: Hash32
    package let nextValidatorsHash: Hash32
    package let lastOfEpoch: Bool
    package let applicationVersion: UInt32

    package init(decoding bytes: [UInt8]) throws(BlockError) {
        guard let wire = try? WireHeader(strictly: bytes, limit: Limits.header) else { throw .malformed }
        guard wire.version == Self.version else { throw .unknownVersion }
        guard let parent = Hash32(wire.parent), let proposer = Hash32(wire.proposer),
            let transactionsRoot = Hash32(wire.transactionsRoot), let evidenceRoot = Hash32(wire.evidenceRoot),
            let stateRoot = Hash32(wire.stateRoot), let receiptsRoot = Hash32(wire.receiptsRoot),
            let validatorsHash = Hash32(wire.validatorsHash), let nextValidatorsHash = Hash32(wire.nextValidatorsHash),
            ChainID.isValid(wire.chainID), wire.height >= 1, wire.view >= 1
        else { throw .malformed }
        // Inside an epoch the set cannot change.
        guard wire.lastOfEpoch || validatorsHash == nextValidatorsHash else { throw .malformed }
        self.bytes = bytes
        self.hash = Digest.hash(.headerHash, bytes)
        (chainID, height, epoch, view) = (wire.chainID, wire.height, wire.epoch, wire.view)
        (self.parent, self.proposer, time) = (parent, proposer, wire.time)
        (self.transactionsRoot, self.evidenceRoot) = (transactionsRoot, evidenceRoot)
        (self.stateRoot, self.receiptsRoot) = (stateRoot, receiptsRoot)
        (self.validatorsHash, self.nextValidatorsHash) = (validatorsHash, nextValidatorsHash)
        (lastOfEpoch, applicationVersion) = (wire.lastOfEpoch, wire.applicationVersion)
    }

    /// The header of these values.
    package init(encoding wire: WireHeader) throws(BlockError) { try self.init(decoding: wire.encoded()) }
}

/// The names of chains: lowercase letters, digits and hyphens, as in `jupiter-sg`.
package enum ChainID {
    package static func isValid(_ text: String) -> Bool {
        (1...Limits.identifier).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == UInt8(ascii: "-")
            }
    }
}
