import ChainTypes
import Foundation
import LightClient
import Primitives
import WireTypes

/// CometBFT's answer to `/commit`: a header with the votes for its block, as it keeps them.
package struct CometCommit: Sendable, Equatable {
    /// A vote for the block.
    package struct Vote: Sendable, Equatable {
        package let address: [UInt8]
        package let time: WireCometTime
        package let signature: [UInt8]
    }

    package let header: WireCometHeader
    package let round: UInt32
    package let block: WireCometBlockID
    /// In the order of the set; `nil` for a member that is absent or voted for nothing.
    package let votes: [Vote?]

    /// Decodes the `result` of the answer.
    package init(json: [UInt8]) throws(CometRPCError) {
        try self.init(CometAnswer.decode(CometSignedHeaderJSON.self, json))
    }

    init(_ answer: CometSignedHeaderJSON) throws(CometRPCError) {
        let (header, commit) = (answer.signedHeader.header, answer.signedHeader.commit)
        guard commit.signatures.count <= Limits.validators else { throw .malformedAnswer("too many votes") }
        guard commit.height.value == header.height.value else { throw .malformedAnswer("a commit of another height") }
        self.header = header.wire
        (round, block) = (commit.round, commit.blockId.wire)
        var votes: [Vote?] = []
        for signature in commit.signatures {
            switch signature.blockIdFlag {
            case 1, 3: votes.append(nil)
            case 2:
                guard signature.validatorAddress.bytes.count == 20, let bytes = signature.signature?.bytes, bytes.count == 64 else {
                    throw .malformedAnswer("a vote without address or signature")
                }
                votes.append(Vote(address: signature.validatorAddress.bytes, time: signature.timestamp.wire, signature: bytes))
            default: throw .malformedAnswer("a vote of an unknown kind")
            }
        }
        self.votes = votes
    }

    /// The header with as many votes of `validators` as a light client needs: those that verify, the heaviest first.
    ///
    /// Whether they are a quorum is the light client's to say.
    /// - Throws: `malformed` when the header or the block's hash is not well formed, `wrongValidators` when the votes are another set's.
    package func signedHeader(by validators: CometValidators) throws(LightClientError) -> WireCometSignedHeader {
        guard block.hash.elementsEqual(try CometHeader(header).hash.bytes) else { throw .certificateMismatch }
        guard votes.count == validators.members.count else { throw .wrongValidators }
        var builder = try CometCommitBuilder(
            header: header, round: round, partsTotal: block.partsTotal, partsHash: [UInt8](block.partsHash), validators: validators)
        for (position, vote) in votes.enumerated() {
            guard let vote else { continue }
            guard vote.address == validators.members[position].address else { throw .wrongValidators }
            try builder.add(vote.signature, at: vote.time, by: position)
        }
        builder.trim()
        return builder.signedHeader
    }
}

/// One page of CometBFT's answer to `/validators`.
package struct CometValidatorPage: Sendable, Equatable {
    package struct Validator: Sendable, Equatable {
        package let key: Hash32
        package let power: UInt64
    }

    package let height: UInt64
    /// In CometBFT's order.
    package let validators: [Validator]
    /// Of all pages.
    package let total: Int

    /// Decodes the `result` of the answer.
    package init(json: [UInt8]) throws(CometRPCError) {
        try self.init(CometAnswer.decode(CometValidatorsJSON.self, json))
    }

    init(_ answer: CometValidatorsJSON) throws(CometRPCError) {
        guard answer.count.value == answer.validators.count, answer.total.value <= UInt64(Limits.validators),
            answer.validators.count <= answer.total.value
        else { throw .malformedAnswer("a page of validators whose numbers do not agree") }
        var validators: [Validator] = []
        for validator in answer.validators {
            guard validator.pubKey.type == "tendermint/PubKeyEd25519", let key = Hash32(validator.pubKey.value.bytes),
                CometValidators.address(of: key) == validator.address.bytes
            else { throw .malformedAnswer("a validator whose key is not of Ed25519, or not that of its address") }
            validators.append(Validator(key: key, power: validator.votingPower.value))
        }
        (height, self.validators, total) = (answer.blockHeight.value, validators, Int(answer.total.value))
    }
}

/// Answers of CometBFT's RPC: JSON of a bounded size.
enum CometAnswer {
    /// The most bytes of an answer: a commit of 1,000 votes has about 300 KiB.
    static let limit = 1 << 20

    static func decode<Value: Decodable>(_ type: Value.Type, _ json: [UInt8]) throws(CometRPCError) -> Value {
        guard json.count <= limit else { throw .answerTooLarge }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do { return try decoder.decode(type, from: Data(json)) } catch { throw .malformedAnswer("not the JSON of \(type)") }
    }

    /// The result in the envelope of JSON-RPC.
    static func result<Value: Decodable>(_ type: Value.Type, _ json: [UInt8]) throws(CometRPCError) -> Value {
        let envelope = try decode(CometEnvelope<Value>.self, json)
        if let failure = envelope.error {
            throw .refused(String((failure.data ?? failure.message).prefix(200)))
        }
        guard let result = envelope.result else { throw .malformedAnswer("neither a result nor an error") }
        return result
    }
}
