import ChainTypes
import Crypto
import Cryptography
import FoundationEssentials
import LightClient
import Primitives
import WireTypes

/// CometBFT beside a chain, simulated: makes and signs the headers that it would make over the chain's own, with test keys.
package struct SimulatedComet: Sendable {
    private let chainID: String
    private let keys: [Hash32: SigningKey]
    /// Validators that do not vote.
    package var silent: Set<Hash32> = []
    /// Votes of these validators, made by the test, in the place of true ones.
    package var forged: [Hash32: @Sendable (_ statement: [UInt8]) -> [UInt8]] = [:]
    /// How many votes a commit has at least: all of them, or only as many as a quorum needs.
    package var isTrimmed = true

    package init(chainID: String, keys: [SigningKey]) {
        self.chainID = chainID
        var byValue: [Hash32: SigningKey] = [:]
        for key in keys { if let value = Hash32(key.verificationKey.bytes) { byValue[value] = key } }
        self.keys = byValue
    }

    /// A time that differs from vote to vote.
    private static func time(_ height: UInt64, _ position: Int = 0) -> WireCometTime {
        var time = WireCometTime()
        (time.seconds, time.nanos) = (1_800_000_000 + Int64(height), Int32(position) * 1_001)
        return time
    }

    /// CometBFT's header at `height`.
    package func header(
        _ height: UInt64, validators: CometValidators, next: CometValidators? = nil, appHash: Hash32, lastBlock: Hash32? = nil
    ) -> WireCometHeader {
        var header = WireCometHeader()
        (header.blockVersion, header.appVersion, header.chainID, header.height) = (11, 1, chainID, height)
        header.time = Self.time(height)
        header.lastBlock.hash = .init((lastBlock ?? Hash32(height, 5, 5, 5)).bytes)
        (header.lastBlock.partsTotal, header.lastBlock.partsHash) = (1, .init(Hash32(height, 6, 6, 6).bytes))
        for path in [
            \WireCometHeader.lastCommitHash, \.dataHash, \.consensusHash, \.lastResultsHash, \.evidenceHash,
        ] { header[keyPath: path] = .init(Hash32(height, 4, 4, 4).bytes) }
        header.validatorsHash = .init(validators.hash.bytes)
        header.nextValidatorsHash = .init((next ?? validators).hash.bytes)
        header.appHash = .init(appHash.bytes)
        header.proposerAddress = .init(validators.members[0].address)
        return header
    }

    /// The header with the votes of all who have a key here and are not silent.
    package func sign(_ header: WireCometHeader, by validators: CometValidators) throws -> WireCometSignedHeader {
        var builder = try CometCommitBuilder(
            header: header, round: 0, partsTotal: 1, partsHash: Hash32(header.height, 9, 9, 9).bytes, validators: validators)
        for (position, member) in validators.members.enumerated() where !silent.contains(member.key) {
            let time = Self.time(header.height + 1, position)
            let statement = builder.statement(time)
            if let forge = forged[member.key] {
                try builder.add(forge(statement), at: time, by: position)
            } else if let key = keys[member.key] {
                try builder.add(Self.sign(statement, with: key), at: time, by: position)
            }
        }
        if isTrimmed { builder.trim() }
        return builder.signedHeader
    }

    /// What `key` signs without a context, as CometBFT does.
    package static func sign(_ message: [UInt8], with key: SigningKey) throws -> [UInt8] {
        [UInt8](try Curve25519.Signing.PrivateKey(rawRepresentation: key.secretBytes).signature(for: message))
    }

    /// What makes `header` final: `voters` are its set, `following` that of the next epoch when it ends one.
    package func finality(
        _ header: BlockHeader, voters: ValidatorSet, following: ValidatorSet? = nil, stateRoot: Hash32? = nil, receiptsRoot: Hash32? = nil
    ) throws -> WireCometFinality {
        let (present, next) = (CometValidators(voters), CometValidators(following ?? voters))
        let (state, receipts) = (stateRoot ?? Hash32(header.height, 7, 7, 7), receiptsRoot ?? Hash32(header.height, 8, 8, 8))
        var proof = WireCometFinality()
        (proof.stateRoot, proof.receiptsRoot) = (.init(state.bytes), .init(receipts.bytes))
        var last: Hash32?
        if following != nil {
            let closing = self.header(header.height, validators: present, next: next, appHash: Hash32(header.height, 3, 3, 3))
            proof.closing = try sign(closing, by: present)
            last = try CometHeader(closing).hash
        }
        let commitment = CometCommitment.hash(header: header.hash, stateRoot: state, receiptsRoot: receipts)
        proof.next = try sign(
            self.header(header.height + 1, validators: next, appHash: commitment, lastBlock: last), by: next)
        return proof
    }

    /// `header` with what makes it final.
    package func certified(
        _ header: BlockHeader, voters: ValidatorSet, following: ValidatorSet? = nil, stateRoot: Hash32? = nil, receiptsRoot: Hash32? = nil,
        _ adjust: (inout WireCometFinality) -> Void = { _ in }
    ) throws -> WireCertifiedHeader {
        var proof = try finality(header, voters: voters, following: following, stateRoot: stateRoot, receiptsRoot: receiptsRoot)
        adjust(&proof)
        var certified = WireCertifiedHeader()
        certified.header = .init(header.bytes)
        certified.certificate = .init(proof.encoded())
        if let following { certified.nextValidators = .init(following.bytes) }
        return certified
    }
}
